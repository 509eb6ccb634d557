package rebalance

import (
	"cmp"
	"iter"
	"slices"
)

// moveAmong moves a replica of the group from one of the locations most to one of least, if it
// can: from the server that has most of all and can, to the one that has least.
func (p *planner) moveAmong(s *spread, most, least []int) bool {
	for from := range p.inOrder(most, -1) {
		for to := range p.inOrder(p.open(s, from, least), 1) {
			if tablet, found := p.pick(s.group, from, to, true); found {
				s.replicas[p.at[from]]--
				s.replicas[p.at[to]]++
				p.move(Move{CrossLocation, tablet, from, to, ""})
				return true
			}
		}
	}
	return false
}

// open returns those of the locations that some tablet of the group may enter from the server, and
// that the move would bring closer to the server's.
func (p *planner) open(s *spread, from int, locations []int) []int {
	var open []int
	for _, l := range locations {
		if p.evens(s, p.at[from], l) && p.somePick(s.group, from, l) {
			open = append(open, l)
		}
	}
	return open
}

// evens tells whether a move of a replica lessens the sum of the squared loads of all servers, if
// what a location has is spread evenly in it. So no sequence of moves comes back to its start.
// Above a threshold of 1 every move does.
func (p *planner) evens(s *spread, from, to int) bool {
	return int64(2*s.replicas[to]+1)*int64(len(p.members[from])) <
		int64(2*s.replicas[from]-1)*int64(len(p.members[to]))
}

// inOrder yields the servers of the locations by what they have of all: the least first, or with
// sign -1 the most. Mostly the first will do, so only the first is found without sorting.
func (p *planner) inOrder(locations []int, sign int) iter.Seq[int] {
	order := func(a, b int) int { return cmp.Or(sign*(p.total(a)-p.total(b)), a-b) }
	return func(yield func(int) bool) {
		var servers []int
		for _, l := range locations {
			servers = append(servers, p.extreme(l, sign))
		}
		if len(servers) == 0 {
			return
		}
		first := slices.MinFunc(servers, order)
		if !yield(first) {
			return
		}
		servers = servers[:0]
		for _, l := range locations {
			servers = append(servers, p.members[l]...)
		}
		slices.SortFunc(servers, order)
		for _, s := range servers[1:] {
			if !yield(s) {
				return
			}
		}
	}
}

// extreme returns the first of the servers of a location that have least, or most.
func (p *planner) extreme(location, sign int) int {
	ladder := p.ofAll.ladder(0, location)
	switch {
	case ladder == nil:
		return p.members[location][0]
	case sign < 0:
		return p.members[location][ladder.most().first()]
	}
	return p.members[location][ladder.least().first()]
}

// equals yields the locations in classes of equal load, by their order: the most loaded first, or
// the least.
func (p *planner) equals(s *spread, most bool) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		for low, high := 0, len(s.order); low < high; {
			i, j := low, low
			if most {
				i, j = high-1, high-1
			}
			for ; i > low && p.load(s, s.order[i-1]).cmp(p.load(s, s.order[j])) == 0; i-- {
			}
			for ; j+1 < high && p.load(s, s.order[i]).cmp(p.load(s, s.order[j+1])) == 0; j++ {
			}
			if !yield(s.order[i : j+1]) {
				return
			}
			if most {
				high = i
			} else {
				low = j + 1
			}
		}
	}
}
