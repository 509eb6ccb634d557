package rebalance

import (
	"cmp"
	"container/heap"
	"slices"
)

// balanceLocations evens out what the locations have of each group, as LocationBalancingAlgo does.
// A location's load by a group is its replicas of it divided by its servers; the group whose
// locations differ most goes first, and among equals the one that has done so for longest. From
// the most to the least loaded location a replica moves, there from the server that has most of
// all and to the one that has least.
//
// A pair of locations between which the policy allows no move gives way to the next one that
// differs by more than the threshold. Below 1.0, where Kudu would move a replica there and back for
// ever, only moves count that make the loads more even.
func (p *planner) balanceLocations() {
	b := &balancer{}
	for g := range p.groups {
		b.Push(p.newSpread(g))
	}
	heap.Init(b)
	for b.Len() > 0 && !p.full() {
		s := b.spreads[0]
		if !s.gap.above(p.options.Threshold) {
			return
		}
		if !p.moveBetween(s) {
			heap.Pop(b)
			continue
		}
		b.made++
		s.since = b.made
		p.measure(s)
		heap.Fix(b, 0)
	}
}

// spread is how the replicas of a group are spread over the locations.
type spread struct {
	group    int
	replicas []int // by location
	order    []int // the locations it may be in, the least loaded first
	gap      ratio // between the first and the last of them
	since    int   // how many moves were made when it became so
}

// ratio is a number that is not negative.
type ratio struct{ over, under int64 }

func (r ratio) cmp(other ratio) int {
	return cmp.Compare(r.over*other.under, other.over*r.under)
}

// above compares with parts per million.
func (r ratio) above(ppm int64) bool { return r.over*1_000_000 > ppm*r.under }

func (p *planner) newSpread(group int) *spread {
	s := &spread{group: group, replicas: make([]int, len(p.locations))}
	for _, t := range p.groups[group] {
		for _, server := range p.replicas[t] {
			s.replicas[p.at[server]]++
		}
	}
	for l := range p.locations {
		if p.allowed(p.groups[group][0], l) {
			s.order = append(s.order, l)
		}
	}
	p.measure(s)
	return s
}

// load returns a location's load by the group.
func (p *planner) load(s *spread, location int) ratio {
	return ratio{int64(s.replicas[location]), int64(len(p.members[location]))}
}

// gap returns by how much more one location is loaded than another.
func (p *planner) gap(s *spread, more, less int) ratio {
	a, b := p.load(s, more), p.load(s, less)
	return ratio{a.over*b.under - b.over*a.under, a.under * b.under}
}

func (p *planner) measure(s *spread) {
	slices.SortFunc(s.order, func(a, b int) int {
		return cmp.Or(p.load(s, a).cmp(p.load(s, b)), a-b)
	})
	s.gap = ratio{0, 1}
	if n := len(s.order); n > 1 {
		s.gap = p.gap(s, s.order[n-1], s.order[0])
	}
}

// moveBetween moves a replica of the group from a more to a less loaded location, if it can.
func (p *planner) moveBetween(s *spread) bool {
	for most := range p.equals(s, true) {
		for least := range p.equals(s, false) {
			gap := p.gap(s, most[0], least[0])
			if !gap.above(p.options.Threshold) {
				break
			}
			if p.moveAmong(s, most, least) {
				return true
			}
		}
	}
	return false
}

// balancer is the heap of spreads.
type balancer struct {
	spreads []*spread
	made    int
}

func (b *balancer) Len() int      { return len(b.spreads) }
func (b *balancer) Swap(i, j int) { b.spreads[i], b.spreads[j] = b.spreads[j], b.spreads[i] }

// Less puts the greatest gap first.
func (b *balancer) Less(i, j int) bool {
	one, other := b.spreads[i], b.spreads[j]
	return cmp.Or(other.gap.cmp(one.gap), one.since-other.since, one.group-other.group) < 0
}

// Push appends a spread.
func (b *balancer) Push(s any) { b.spreads = append(b.spreads, s.(*spread)) }

// Pop removes the last.
func (b *balancer) Pop() any {
	last := b.spreads[len(b.spreads)-1]
	b.spreads = b.spreads[:len(b.spreads)-1]
	return last
}
