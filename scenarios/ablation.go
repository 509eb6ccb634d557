package scenarios

import (
	"context"
	"slices"
	"strings"
	"sync"

	"tabletop/model/variant"
)

// Ablation looks for the cause of a failure: it runs the plan again with each of the defects that
// are on removed, and with each of the defences put back that were removed.
type Ablation struct {
	Signature string // empty: what the run fails with first
	Workers   int    // 0: one per processor
	// Step is called after each run with how many of how many are done.
	Step func(done, all int)
}

// Explained is what came of it.
type Explained struct {
	Signature string
	Cause     string   // as Explain words it
	Changed   []Change // in the order of the tables of defects and of defences
	Result    *Result  // of the run that fails
}

// Change is a run that differs in one defect or defence.
type Change struct {
	ID      string
	Title   string
	Defence bool // it was put back; otherwise a defect was removed
	Cures   bool // the signature is gone
	Result  *Result
}

// Run makes the runs. The error says that the plan cannot be run, or does not fail so.
func (a Ablation) Run(ctx context.Context, p Plan) (Explained, error) {
	res, signature, err := toFail(p, a.Signature, Options{})
	if err != nil {
		return Explained{}, err
	}
	a.Signature = signature
	x := Explained{Signature: a.Signature, Changed: changesOf(res), Result: res}
	if err := a.make(ctx, res, x.Changed); err != nil {
		return x, err
	}
	var causes []string
	for _, c := range x.Changed {
		if c.Cures {
			causes = append(causes, c.ID)
		}
	}
	if x.Cause = strings.Join(causes, " or "); x.Cause == "" {
		x.Cause = unexplained(res, a.Signature)
	}
	return x, nil
}

// changesOf lists what can be changed of a run.
func changesOf(res *Result) []Change {
	var all []Change
	for _, id := range res.Defects {
		d, _ := variant.FindDefect(id)
		all = append(all, Change{ID: id, Title: d.Title})
	}
	for _, d := range variant.Defences {
		if slices.Contains(res.plan.Select.Without, d.ID) {
			all = append(all, Change{ID: d.ID, Title: d.Title, Defence: true})
		}
	}
	return all
}

// make makes the runs, several at a time.
func (a Ablation) make(ctx context.Context, failing *Result, changes []Change) error {
	var mu sync.Mutex
	var failed error
	done := 0
	each(len(changes), a.Workers, func(i int) {
		if ctx.Err() != nil {
			return
		}
		c := &changes[i]
		res, err := failing.again(c.of(failing.plan.Select.Without))
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failed = err
			return
		}
		c.Result, c.Cures = res, !res.shows(a.Signature)
		if done++; a.Step != nil {
			a.Step(done, len(changes))
		}
	})
	if failed == nil {
		failed = ctx.Err()
	}
	return failed
}

// of returns what is removed then.
func (c Change) of(without []string) []string {
	without = slices.Clone(without)
	if c.Defence {
		return slices.DeleteFunc(without, func(id string) bool { return id == c.ID })
	}
	return append(without, c.ID)
}
