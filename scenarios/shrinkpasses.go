package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"tabletop/model/client"
	"tabletop/model/variant"
	"tabletop/nemesis"
)

// item is an operation or a fault.
type item struct {
	op    *PlannedOp
	fault *nemesis.Fault
}

func (i item) at() time.Duration {
	if i.op != nil {
		return i.op.At
	}
	return i.fault.At
}

// items lists all operations and faults in the order of their times.
func (p Plan) items() []item {
	var all []item
	for i := range p.Ops {
		all = append(all, item{op: &p.Ops[i]})
	}
	for i := range p.Faults {
		all = append(all, item{fault: &p.Faults[i]})
	}
	slices.SortStableFunc(all, func(a, b item) int { return cmp.Compare(a.at(), b.at()) })
	return all
}

// with returns the plan with other operations and faults.
func (p Plan) with(items []item) Plan {
	p.Ops, p.Faults = nil, nil
	for _, i := range items {
		if i.op != nil {
			p.Ops = append(p.Ops, *i.op)
		} else {
			p.Faults = append(p.Faults, *i.fault)
		}
	}
	return p
}

// tidy returns the plan as text would have it: nothing of it is drawn, its operations and faults
// are in the order of their times, and of the options there are those that are not the default,
// each once, sizes of the cluster first. It runs as before.
func tidy(p Plan) Plan {
	p.drawn, p.file, p.Fails = nil, "", ""
	p = p.with(p.items())
	profile, _ := variant.FindProfile(p.Select.Profile)
	last := map[string]string{}
	for _, o := range profile.Options {
		name, _, _ := strings.Cut(o, "=")
		last[name] = "" // said even if it is the default
	}
	var options []string
	for i, o := range p.Select.Options {
		name, value, _ := strings.Cut(o, "=")
		said := slices.ContainsFunc(p.Select.Options[i+1:], func(later string) bool {
			return strings.HasPrefix(later, name+"=")
		})
		if _, ofProfile := last[name]; !said && (ofProfile || value != defaultOf(name)) {
			options = append(options, o)
		}
	}
	slices.SortStableFunc(options, func(a, b string) int {
		switch {
		case isSize(a) == isSize(b):
			return 0
		case isSize(a):
			return -1
		}
		return 1
	})
	p.Select.Options = options
	return p
}

func defaultOf(option string) string {
	i := slices.IndexFunc(variant.OptionList, func(o variant.Option) bool {
		return o.Name == option
	})
	if i < 0 {
		return ""
	}
	return variant.OptionList[i].Default()
}

// shrink makes passes over the plan until none makes it smaller: first with the plan's own seed
// alone, then with others tried as well, since any change of a plan may disturb a chance that the
// failure hangs on.
func (s *shrinker) shrink() {
	s.cutAfter()
	s.selection()
	for _, s.seeds = range []int{0, 2, someSeeds, 4 * someSeeds} {
		if s.seeds > someSeeds && len(s.plan().items()) <= handful {
			break
		}
		s.leaps()
		s.asCalled()
		for on := true; on && !s.over(); {
			on = s.items()
			on = s.joined() || on
			on = s.heal() || on
			on = s.options() || on
			if len(s.plan().items()) > few && s.seeds < someSeeds {
				continue // line by line takes long: with other seeds more can be left out first
			}
			on = s.words() || on
			on = s.gaps() || on
			if s.seeds > 0 {
				on = s.pairs() || on
			}
		}
	}
	s.finish()
	s.out.Smallest = !s.over()
}

// cutAfter leaves out what comes after the failure, if that is found before healing.
func (s *shrinker) cutAfter() {
	at := s.best.found(s.Signature).At
	if p := s.plan(); at < p.Heal {
		before := p.with(slices.DeleteFunc(p.items(), func(i item) bool { return i.at() > at }))
		short := before
		short.Heal = at + time.Millisecond
		s.take([]Plan{short, before})
	}
}

// asCalled has every operation come when its client called it, and not while that waits for the
// answer to another: this can be left out then, and the others come no sooner for it. Those that
// were not called are left out. The run stays what it was.
func (s *shrinker) asCalled() {
	if called, err := s.plan().calls(); err == nil {
		s.take([]Plan{s.plan().at(called, true), s.plan().at(called, false)})
	}
}

// calls returns when the plan's run calls which operation.
func (p Plan) calls() (map[int]time.Duration, error) {
	called := map[int]time.Duration{}
	_, err := Run(p, Options{watch: func(r *run) {
		client.Called.Subscribe(r.c.World, func(e client.OpEvent) {
			if slices.ContainsFunc(p.Ops, func(o PlannedOp) bool { return o.ID == e.Op.ID }) {
				called[e.Op.ID] = time.Duration(r.c.World.Now())
			}
		})
	}})
	return called, err
}

// at returns the plan with its operations at the times when they were called, if that is later by
// milliseconds, and, if only, no others.
func (p Plan) at(called map[int]time.Duration, only bool) Plan {
	var ops []PlannedOp
	for _, o := range p.Ops {
		at, was := called[o.ID]
		o.At = max(o.At, at.Truncate(time.Millisecond))
		if was || !only {
			ops = append(ops, o)
		}
	}
	p.Ops = ops
	return p.with(p.items())
}

// without leaves parts out of a list of n, the last first: halves, quarters and so on down to one
// at a time. It reports whether there were any.
func (s *shrinker) without(n int, cut func(p Plan, from, to int) Plan) bool {
	some := false
	for size := n; size > 0; size /= 2 {
		for end := n; end > 0 && !s.over(); {
			var parts []Plan
			for to := end; to > 0; to -= size {
				parts = append(parts, cut(s.plan(), max(0, to-size), to))
			}
			i := s.take(parts)
			if i < 0 {
				break
			}
			some = true
			to := end - i*size
			n -= min(size, to)
			end = max(0, to-size)
		}
	}
	return some
}

// items leaves operations and faults out: all of a kind, of a client or of a table, and then any.
func (s *shrinker) items() bool {
	var groups []string
	for _, i := range s.plan().items() {
		for _, g := range i.groups() {
			if !slices.Contains(groups, g) {
				groups = append(groups, g)
			}
		}
	}
	some := false
	for len(groups) > 0 && !s.over() {
		i := s.take(s.withoutGroups(groups))
		if i < 0 {
			break
		}
		some = true
		groups = groups[i+1:]
	}
	n := len(s.plan().items())
	return s.without(n, func(p Plan, from, to int) Plan {
		return p.with(slices.Delete(p.items(), from, to))
	}) || some
}

// groups names what an operation or a fault has in common with others.
func (i item) groups() []string {
	if f := i.fault; f != nil {
		return []string{"faults", "on " + f.Target, string(f.Kind)}
	}
	all := []string{"of " + i.op.Name, fmt.Sprint("client ", i.op.Client), string(i.op.Kind)}
	if i.op.OnRows() {
		return append([]string{"rows"}, all...)
	}
	return all
}

func (s *shrinker) withoutGroups(groups []string) []Plan {
	p := s.plan()
	var plans []Plan
	for _, g := range groups {
		plans = append(plans, p.with(slices.DeleteFunc(p.items(), func(i item) bool {
			return slices.Contains(i.groups(), g)
		})))
	}
	return plans
}

// joined puts one operation that writes all keys in the place of two that write some, as where it
// takes a log of some length.
func (s *shrinker) joined() bool {
	some := false
	for on := true; on && !s.over(); {
		of := s.plan().items()
		var plans []Plan
		for i := range of {
			if of[i].op == nil || !of[i].op.Writes() {
				continue
			}
			both := slices.IndexFunc(of[i+1:], func(o item) bool {
				return o.op != nil && o.op.Kind == of[i].op.Kind && o.op.Name == of[i].op.Name
			})
			if both < 0 {
				continue
			}
			all := *of[i].op
			all.Keys = allKeys()
			items := slices.Delete(slices.Clone(of), i+1+both, i+2+both)
			items[i] = item{op: &all}
			plans = append(plans, s.plan().with(items))
		}
		on = s.take(plans) >= 0
		some = some || on
	}
	return some
}

// handful is how many operations and faults are few enough for people.
const handful = 6

// few is how many operations and faults are so few that every two of them are left out together.
const few = 14

// pairs leaves out two at a time, since one may call for another.
func (s *shrinker) pairs() bool {
	p := s.plan()
	n := len(p.items())
	if n > few {
		return false
	}
	var plans []Plan
	for a := n - 1; a > 0; a-- {
		for b := a - 1; b >= 0; b-- {
			plans = append(plans, p.with(slices.Delete(slices.Delete(p.items(), a, a+1), b, b+1)))
		}
	}
	return s.take(plans) >= 0
}

// heal ends the faults all at once, and sooner.
func (s *shrinker) heal() bool {
	if n := len(s.plan().Rest.Nodes); n > 0 {
		s.without(n, func(p Plan, from, to int) Plan {
			p.Rest.Nodes = slices.Delete(slices.Clone(p.Rest.Nodes), from, to)
			if len(p.Rest.Nodes) == 0 {
				p.Rest = Rest{}
			}
			return p
		})
	}
	p := s.plan()
	var last time.Duration
	for _, f := range p.Faults {
		last = max(last, f.At)
	}
	var plans []Plan
	for _, at := range []time.Duration{last + time.Millisecond, last + time.Second,
		last + 5*time.Second, last + 20*time.Second, (last + p.Heal) / 2} {
		if time.Millisecond <= at && at+time.Millisecond < p.Heal {
			sooner := p
			sooner.Heal = at
			plans = append(plans, sooner)
		}
	}
	return s.take(plans) >= 0
}
