package scenarios

import (
	"cmp"
	"slices"

	"tabletop/model/client"
)

// What is left out step by step takes many runs of a plan that is still large. So little of it is
// kept first, in runs that are short.

// leaps keeps a part of the plan in its place, as long as one fails.
func (s *shrinker) leaps() {
	for len(s.plan().items()) > 4*few && !s.over() && s.take(s.plan().parts()) >= 0 {
	}
}

// smallestPart is what a plan is cut into at most.
const smallestPart = 8

// parts lists parts of the plan, the smallest first: stretches of it that overlap, and what is done
// to one table with all faults; each as it is, and without operations on rows. What creates tables
// first is kept everywhere.
func (p Plan) parts() []Plan {
	items := p.items()
	n := len(items)
	created := map[string]bool{}
	needed := make([]bool, n)
	for i, it := range items {
		if it.op != nil && it.op.Kind == client.Create && !created[it.op.Name] {
			needed[i], created[it.op.Name] = true, true
		}
	}
	var parts []Plan
	add := func(keep func(i int) bool) {
		for _, rows := range []bool{true, false} {
			var kept []item
			for i, it := range items {
				onRows := it.op != nil && it.op.OnRows()
				if needed[i] || keep(i) && (rows || !onRows) {
					kept = append(kept, it)
				}
			}
			if len(kept) < n {
				parts = append(parts, p.with(kept))
			}
		}
	}
	for of := 2; of <= smallestPart && of <= n; of *= 2 {
		for half := range 2*of - 1 {
			from, to := half*n/(2*of), (half+2)*n/(2*of)
			add(func(i int) bool { return from <= i && i < to })
		}
	}
	for _, name := range p.tables() {
		add(func(i int) bool { return items[i].op == nil || items[i].op.Name == name })
	}
	slices.SortStableFunc(parts, func(a, b Plan) int {
		return cmp.Compare(len(a.Ops)+len(a.Faults), len(b.Ops)+len(b.Faults))
	})
	return parts
}
