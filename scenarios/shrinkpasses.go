package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

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
	for _, s.seeds = range []int{0, 2, someSeeds} {
		s.leaps()
		for on := true; on && !s.over(); {
			on = s.items()
			on = s.heal() || on
			on = s.options() || on
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

// selection leaves of the defects one if that suffices, or those which are needed.
func (s *shrinker) selection() {
	p := s.plan()
	if len(s.best.Defects) == 0 {
		return
	}
	profile, _ := variant.FindProfile(p.Select.Profile)
	options := append(slices.Clone(profile.Options), p.Select.Options...)
	var alone []Plan
	for _, id := range s.best.Defects {
		one := p
		one.Select = variant.Selection{Defects: []string{id}, Options: options}
		if one.Select.Profile != p.Select.Profile || !slices.Equal(one.Select.Defects,
			p.Select.Defects) || p.Select.Without != nil {
			alone = append(alone, tidy(one))
		}
	}
	if len(alone) == 0 || s.take(alone) >= 0 {
		return
	}
	named := p
	named.Select = variant.Selection{Defects: s.best.Defects, Without: p.Select.Without,
		Options: options}
	if s.take([]Plan{tidy(named)}) >= 0 {
		s.without(len(named.Select.Defects), func(p Plan, from, to int) Plan {
			p.Select.Defects = slices.Delete(slices.Clone(p.Select.Defects), from, to)
			return p
		})
	}
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
		if time.Millisecond <= at && at < p.Heal {
			sooner := p
			sooner.Heal = at
			plans = append(plans, sooner)
		}
	}
	return s.take(plans) >= 0
}

// clusterSizes are the options that say how large the cluster is, and by how much it may differ.
var clusterSizes = []struct {
	option string
	by     int
	of     func(PlanSize) int
}{
	{"masters", 2, func(s PlanSize) int { return s.Masters }},
	{"tservers", 1, func(s PlanSize) int { return s.TServers }},
	{"clients", 1, func(s PlanSize) int { return s.Clients }},
}

// options makes the cluster smaller, and leaves other options out.
func (s *shrinker) options() bool {
	some := s.take(s.smaller()) >= 0
	sizes := 0 // they come first
	for _, o := range s.plan().Select.Options {
		if isSize(o) {
			sizes++
		}
	}
	return s.without(len(s.plan().Select.Options)-sizes, func(p Plan, from, to int) Plan {
		p.Select.Options = slices.Delete(slices.Clone(p.Select.Options), sizes+from, sizes+to)
		return p
	}) || some
}

// isSize reports whether the option says how large the cluster is.
func isSize(option string) bool {
	name, _, _ := strings.Cut(option, "=")
	for _, size := range clusterSizes {
		if size.option == name {
			return true
		}
	}
	return false
}

// smaller lists plans with a smaller cluster.
func (s *shrinker) smaller() []Plan {
	p := s.plan()
	var plans []Plan
	for _, size := range clusterSizes {
		for n := 1; n < size.of(p.Size()); n += size.by {
			less := p
			less.Select.Options = append(slices.Clone(p.Select.Options),
				fmt.Sprint(size.option, "=", n))
			plans = append(plans, tidy(less))
		}
	}
	return plans
}
