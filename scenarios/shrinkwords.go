package scenarios

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tabletop/nemesis"
)

// What is done to single lines is done to their words, so that whatever a plan can say is made
// simpler without being known here.

// words makes single operations and faults simpler, until none can be.
func (s *shrinker) words() bool {
	return s.oneByOne(0, len(s.plan().items())-1, s.simpler)
}

// oneByOne makes parts of the plan simpler, the last first, each until it cannot be.
func (s *shrinker) oneByOne(first, last int, simpler func(i int) []Plan) bool {
	some := false
	for i := last; i >= first && !s.over(); {
		if s.take(simpler(i)) >= 0 {
			some = true
		} else {
			i--
		}
	}
	return some
}

// simpler lists plans in which the i-th operation or fault says less.
func (s *shrinker) simpler(i int) []Plan {
	p := s.plan()
	of := p.items()[i]
	if of.op != nil {
		return s.simplerOp(p, i, of.op)
	}
	words := strings.Fields(of.fault.String())
	var plans []Plan
	for _, fewer := range fewerWords(words, 4) {
		if f, err := nemesis.ParseFault(fewer); err == nil && isLess(f.String(), fewer, words) {
			plans = append(plans, p.replaced(i, item{fault: &f}))
		}
	}
	return plans
}

func (s *shrinker) simplerOp(p Plan, i int, op *PlannedOp) []Plan {
	var plans []Plan
	for client := 1; client < op.Client; client++ {
		other := *op
		other.Client = client
		plans = append(plans, p.replaced(i, item{op: &other}))
	}
	words := strings.Fields(op.String())
	for _, fewer := range fewerWords(words, 4) {
		var read Plan
		if err := read.parseOp(fewer); err == nil && isLess(read.Ops[0].String(), fewer, words) {
			plans = append(plans, p.replaced(i, item{op: &read.Ops[0]}))
		}
	}
	return plans
}

// replaced returns the plan with another i-th operation or fault.
func (p Plan) replaced(i int, by item) Plan {
	items := p.items()
	items[i] = by
	return p.with(items)
}

// struck returns the node that a fault whose target is a role struck in the plan's run; empty: it
// names one itself, or struck none or several.
func (s *shrinker) struck(f *nemesis.Fault) string {
	i := slices.IndexFunc(s.best.records, func(r *nemesis.Record) bool {
		return r.Fault.ID == f.ID
	})
	if i < 0 {
		return ""
	}
	r := s.best.records[i]
	if r.Fault.Target != f.Target || r.Node == f.Target || strings.Contains(r.Node, ",") {
		return ""
	}
	return r.Node
}

// isLess reports whether what a line was read as has fewer words than another, or is what was meant
// with as many: a word that was left out may come back with a default that is more.
func isLess(line string, meant, than []string) bool {
	n := len(strings.Fields(line))
	return n < len(than) || n == len(than) && len(meant) == n && line == strings.Join(meant, " ")
}

// fewerWords returns the line without each of its words from one on, and with each made simpler.
func fewerWords(words []string, from int) [][]string {
	var lines [][]string
	for i := from; i < len(words); i++ {
		lines = append(lines, slices.Delete(slices.Clone(words), i, i+1))
	}
	for i := from; i < len(words); i++ {
		for _, w := range simplerWords(words[i]) {
			line := slices.Clone(words)
			line[i] = w
			lines = append(lines, line)
		}
	}
	return lines
}

// simplerWords returns the word with a smaller value: a list with one element less, a number or a
// duration that is less.
func simplerWords(word string) []string {
	key, value, found := strings.Cut(word, "=")
	if !found {
		return nil
	}
	var simpler []string
	if list := strings.Split(value, ","); len(list) > 1 {
		for i := len(list) - 1; i >= 0; i-- {
			less := slices.Delete(slices.Clone(list), i, i+1)
			simpler = append(simpler, key+"="+strings.Join(less, ","))
		}
		return simpler
	}
	if n, err := strconv.Atoi(value); err == nil {
		for less := 1; less < n; less = max(2*less, n/2) {
			simpler = append(simpler, fmt.Sprint(key, "=", less))
		}
	} else if n, err := strconv.Atoi(strings.TrimSuffix(value, "KiB")); err == nil {
		simpler = append(simpler, fmt.Sprint(key, "=", 256*n), fmt.Sprint(key, "=", 512*n))
	} else if d, err := time.ParseDuration(value); err == nil {
		for _, less := range rounder(d, d/4, d/2) {
			simpler = append(simpler, key+"="+less.String())
		}
	}
	return simpler
}

// grids are what times are rounded to.
var grids = []time.Duration{10 * time.Second, time.Second, 100 * time.Millisecond,
	10 * time.Millisecond, time.Millisecond}

// rounder returns the smaller values given, and those that d can be rounded down to, all of them
// less than d and more than nothing.
func rounder(d time.Duration, smaller ...time.Duration) []time.Duration {
	var all []time.Duration
	for _, less := range smaller {
		for _, g := range grids {
			if round := less.Truncate(g); round > 0 {
				all = append(all, round)
				break
			}
		}
	}
	for _, g := range grids {
		all = append(all, d.Truncate(g))
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(less time.Duration) bool {
		return less <= 0 || less >= d
	})
}

// gaps makes the time before each operation and fault, and before healing, shorter: all that comes
// later comes sooner by as much.
func (s *shrinker) gaps() bool {
	return s.oneByOne(0, len(s.plan().items()), func(i int) []Plan {
		p := s.plan()
		gap := p.timeOf(i) - p.timeOf(i-1)
		if gap <= 0 {
			return nil
		}
		plans := []Plan{p.sooner(i, gap)}
		for _, less := range rounder(gap, 0, gap/4, gap/2) {
			plans = append(plans, p.sooner(i, gap-less))
		}
		return plans
	})
}

// timeOf is when the i-th operation or fault comes; healing comes as the last.
func (p Plan) timeOf(i int) time.Duration {
	items := p.items()
	switch {
	case i < 0:
		return 0
	case i >= len(items):
		return max(p.Heal, p.timeOf(len(items)-1))
	}
	return items[i].at()
}

// sooner moves all from the i-th operation or fault on, and healing if it comes after that.
func (p Plan) sooner(i int, by time.Duration) Plan {
	if p.Heal >= p.timeOf(i) {
		p.Heal = max(time.Millisecond, p.Heal-by)
	}
	items := p.items()
	for ; i < len(items); i++ {
		if op := items[i].op; op != nil {
			moved := *op
			moved.At -= by
			items[i].op = &moved
		} else {
			moved := *items[i].fault
			moved.At -= by
			items[i].fault = &moved
		}
	}
	return p.with(items)
}

// finish makes the plan one that people write: numbered in order, whatever the bounds are, and with
// the least seed.
func (s *shrinker) finish() {
	ctx, tries := s.ctx, s.Tries
	s.ctx, s.Tries, s.seeds = context.WithoutCancel(ctx), 0, 4*someSeeds
	s.take([]Plan{s.plan().numbered()})
	s.ctx, s.Tries = ctx, tries
	if s.over() {
		return
	}
	var plans []Plan
	for seed := range min(s.plan().Seed, someSeeds) {
		p := s.plan()
		p.Seed = seed
		plans = append(plans, p)
	}
	s.seeds = 0
	s.take(plans)
	s.names()
	if s.over() {
		return
	}
	s.out.Others, s.out.OthersFail = s.others(s.plan())
}

// names puts the nodes that were struck in the places of roles, where the failure hangs no more on
// latencies for that.
func (s *shrinker) names() {
	_, fail := s.others(s.plan())
	for i, of := range s.plan().items() {
		if of.fault == nil || s.over() {
			continue
		}
		if name := s.struck(of.fault); name != "" {
			named := *of.fault
			named.Target = name
			p := s.plan().replaced(i, item{fault: &named})
			if _, again := s.others(p); again >= fail && s.take([]Plan{p}) >= 0 {
				fail = again
			}
		}
	}
}

// numbered gives the operations and the faults the numbers from 1 on, in the order of their times;
// those of one instant in the order of the numbers that they had.
func (p Plan) numbered() Plan {
	p = p.with(p.items())
	slices.SortStableFunc(p.Ops, func(a, b PlannedOp) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID))
	})
	slices.SortStableFunc(p.Faults, func(a, b nemesis.Fault) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID))
	})
	for i := range p.Ops {
		p.Ops[i].ID = i + 1
	}
	for i := range p.Faults {
		p.Faults[i].ID = i + 1
	}
	return p
}
