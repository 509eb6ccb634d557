package scenarios

import (
	"slices"
	"strings"
	"sync"

	"tabletop/model/variant"
)

// Explain names the cause of a failure by ablation: it runs the same plan again with each active
// defect removed, and returns those without which the run no longer shows the signature. If there
// is none, but the signature is gone without all of them, several roads lead to it, and one of them
// is named. Nothing explains a failure of the profile ideal: it is a bug of this program.
func Explain(res *Result, signature string) string {
	if causes := causesOf(res, signature); len(causes) > 0 {
		return strings.Join(causes, " or ")
	}
	return unexplained(res, signature)
}

func causesOf(res *Result, signature string) []string {
	var causes []string
	for _, id := range res.Defects {
		if goneWithout(res, signature, id) {
			causes = append(causes, id)
		}
	}
	return causes
}

// namedBy reports what ablation names as the cause of a failure of a run with that defect: the
// defect and nothing else, where what it needs is a part of it (exact); or one defect that it
// needs, which brings the failure about without it (needed).
func namedBy(res *Result, id string) (exact, needed bool) {
	alone, err := variant.Selection{Defects: []string{id}}.Resolve()
	if err != nil {
		return false, false
	}
	planted := alone.ActiveDefects()
	causes := causesOf(res, res.Signature)
	if !slices.Contains(causes, id) {
		return false, len(causes) == 1 && slices.Contains(planted, causes[0])
	}
	return !slices.ContainsFunc(causes, func(cause string) bool {
		return !slices.Contains(planted, cause)
	}), false
}

func unexplained(res *Result, signature string) string {
	if len(res.Defects) > 0 && goneWithout(res, signature, res.Defects...) {
		return road(res, signature)
	}
	return Unexplained
}

// othersThan lists the defects that are on but one, and what it needs.
func othersThan(res *Result, id string) []string {
	alone, err := variant.Selection{Defects: []string{id}}.Resolve()
	if err != nil {
		return nil // no defect has such a name
	}
	return slices.DeleteFunc(slices.Clone(res.Defects), func(d string) bool {
		return slices.Contains(alone.ActiveDefects(), d)
	})
}

// road names defects that show the signature in the run by themselves, none of which can be
// spared. There may be others that do so, too. Where a defect does no more than change when
// something happens, some other choice of latencies does without it.
func road(res *Result, signature string) string {
	needed := slices.DeleteFunc(slices.Clone(res.Defects), func(id string) bool {
		return !res.asks(id)
	})
	spared := slices.DeleteFunc(slices.Clone(res.Defects), res.asks)
	for step := len(needed); step > 0; step /= 2 {
		for at := 0; at < len(needed); {
			end := min(at+step, len(needed))
			without := append(slices.Clone(spared), needed[at:end]...)
			if len(without) < len(res.Defects) && sometimesWithout(res, signature, without) {
				spared, needed = without, slices.Delete(needed, at, end)
			} else {
				at = end
			}
		}
	}
	return strings.Join(needed, " with ")
}

// sometimesWithout reports whether the plan shows the signature without some defects, be it with
// another seed.
func sometimesWithout(res *Result, signature string, ids []string) bool {
	for seed := range uint64(someSeeds) {
		other := *res
		if other.plan.Seed += seed; seed > 0 {
			other.variations = &variations{} // of another run
		}
		if !goneWithout(&other, signature, ids...) {
			return true
		}
	}
	return false
}

// Unexplained is what is said of a failure that is there without any of the defects, too.
const Unexplained = "no defect explains it"

func goneWithout(res *Result, signature string, ids ...string) bool {
	again, err := runWithout(res, ids...)
	return err == nil && !again.shows(signature)
}

// passesWithout reports whether the same plan passes with only that defect removed. The defences
// that it needs off stay off, unless it is nothing but their absence.
func passesWithout(res *Result, id string) (bool, error) {
	again, err := res.again(res.plan.without(id).Select.Without)
	return err == nil && again.Verdict == Pass, err
}

// runWithout runs the same plan with defects removed.
func runWithout(res *Result, ids ...string) (*Result, error) {
	return res.again(append(slices.Clone(res.plan.Select.Without), ids...))
}

// found returns the finding of that signature; one without a signature: there is none.
func (r *Result) found(signature string) Finding {
	for _, f := range r.Findings {
		if f.Signature == signature {
			return f
		}
	}
	return Finding{}
}

// shows reports whether the run has a finding of that signature.
func (r *Result) shows(signature string) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Signature == signature })
}

// ExplainGroups names the causes of groups, several at a time. Step is called after each.
func ExplainGroups(groups []*Group, parallel int, step func()) {
	var mu sync.Mutex
	each(len(groups), parallel, func(i int) {
		groups[i].Cause = ExplainGroup(groups[i])
		mu.Lock()
		defer mu.Unlock()
		step()
	})
}

// ExplainGroup names the causes of the kept failures of a group. Taking a defect out perturbs the
// whole run, so that a rare signature may vanish by chance. Therefore a cause is what runs have in
// common, if they have something in common; and one that shows the signature by itself is preferred
// to those that do not. If none does, defects are named that show it together.
func ExplainGroup(g *Group) string {
	var sets [][]string
	var runs []*Result // the first of each set
	var others []string
	for _, res := range g.First {
		if causes := causesOf(res, g.Signature); len(causes) > 0 {
			if sets = meet(sets, causes); len(sets) > len(runs) {
				runs = append(runs, res)
			}
		} else {
			others = append(others, unexplained(res, g.Signature))
		}
	}
	var causes []string
	for i, set := range sets {
		if sure := sufficient(g, set); len(sure) > 0 {
			causes = append(causes, strings.Join(sure, " or "))
		} else {
			causes = append(causes, road(runs[i], g.Signature))
		}
	}
	var named []string // once, though several sets may come to the same
	for _, text := range append(causes, others...) {
		if !slices.Contains(named, text) {
			named = append(named, text)
		}
	}
	return strings.Join(named, "; ")
}

// meet narrows the first set that has something in common with the causes, or adds them as another.
func meet(sets [][]string, causes []string) [][]string {
	for i, set := range sets {
		common := slices.DeleteFunc(slices.Clone(set), func(id string) bool {
			return !slices.Contains(causes, id)
		})
		if len(common) > 0 {
			sets[i] = common
			return sets
		}
	}
	return append(sets, causes)
}

// sufficient returns the causes that show the signature in some run with all other defects removed
// but what they need.
func sufficient(g *Group, causes []string) []string {
	return slices.DeleteFunc(slices.Clone(causes), func(id string) bool {
		return !slices.ContainsFunc(g.First, func(res *Result) bool {
			return slices.Contains(res.Defects, id) &&
				!goneWithout(res, g.Signature, othersThan(res, id)...)
		})
	})
}
