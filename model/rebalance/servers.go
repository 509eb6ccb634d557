package rebalance

import "slices"

// balanceServers evens out the servers of a location, each group by itself and then all replicas,
// as TwoDimensionalGreedyAlgo does: as long as a group or the location is uneven, a replica of one
// of the groups of the greatest skew moves from a server that has most of it to one that has
// least, and best from and to such as have most and least of all.
//
// Among groups of equal skew the one that has had it for longest comes first, and at the start the
// first of the cluster. Among those of skew 1, which need not move for their own sake, one comes
// before that can move a follower (prefer_follower_replica_moves).
func (p *planner) balanceServers(location int) {
	if len(p.members[location]) < 2 {
		return
	}
	e := newEvener(p, location)
	for !p.full() && e.next() {
	}
}

// evener balances the servers of one location.
type evener struct {
	p        *planner
	location int
	total    *ladder
	ladders  []*ladder // by group; nil: it is elsewhere
	from, to set       // room for what the ends of total and of a group have in common
	// bySkew are the groups that may have a move, by their skew, in order. The greatest only
	// falls: a move takes a group's skew no higher than it was.
	bySkew [][]int
	// Of the groups of skew 1 for which there was no move of a follower, led may have one of a
	// leader, and idle have none. Nothing changes that as long as the ends of total are the same:
	// their sets only lose members. All in idle came to their skew before all in led, and these
	// before all in bySkew.
	led, idle []int
	low, high int // the ends of total at which they were found so
}

func newEvener(p *planner, location int) *evener {
	n := len(p.members[location])
	e := &evener{p: p, location: location, total: p.ofAll.ladder(0, location), from: firstOf(n),
		to: firstOf(n)}
	for g := range p.groups {
		e.ladders = append(e.ladders, p.ofGroup.ladder(g, location))
		if e.ladders[g] != nil {
			e.enqueue(g)
		}
	}
	return e
}

func (e *evener) enqueue(group int) {
	skew := e.ladders[group].skew()
	for len(e.bySkew) <= skew {
		e.bySkew = append(e.bySkew, nil)
	}
	e.bySkew[skew] = append(e.bySkew[skew], group)
}

// next makes the next move, if there is one.
func (e *evener) next() bool {
	for skew := len(e.bySkew) - 1; skew > 1; skew-- {
		for len(e.bySkew[skew]) > 0 {
			if g := takeFirst(&e.bySkew[skew]); e.lessen(g) {
				e.enqueue(g)
				return true
			}
		}
		e.bySkew = e.bySkew[:skew]
	}
	return len(e.bySkew) > 1 && e.total.skew() > 1 && e.nextEven()
}

// lessen moves a replica of a group of a skew above 1. Only where tablets are not to be moved now
// may it fail to; the group is then left as it is.
func (e *evener) lessen(group int) bool {
	g := e.ladders[group]
	most, least := g.most(), g.least()
	from, to := most.and(e.total.most(), e.from), least.and(e.total.least(), e.to)
	if from.empty() {
		from = most
	}
	if to.empty() {
		to = least
	}
	return e.move(group, from, to, true) || e.move(group, most, least, true)
}

// nextEven moves a replica of a group of skew 1 to even out the total, if it can.
func (e *evener) nextEven() bool {
	if low, high := e.total.low, e.total.high; low != e.low || high != e.high {
		e.low, e.high = low, high
		e.bySkew[1] = slices.Concat(e.idle, e.led, e.bySkew[1])
		e.idle, e.led = nil, nil
	}
	for len(e.bySkew[1]) > 0 {
		g := takeFirst(&e.bySkew[1])
		if e.shift(g, false) {
			return true
		}
		e.led = append(e.led, g)
	}
	for len(e.led) > 0 {
		g := takeFirst(&e.led)
		if e.shift(g, true) {
			return true
		}
		e.idle = append(e.idle, g)
	}
	return false
}

// shift moves a replica of a group of skew 1, which keeps that.
func (e *evener) shift(group int, led bool) bool {
	g := e.ladders[group]
	e.p.steps++
	from := g.most().and(e.total.most(), e.from)
	if from.empty() || !e.move(group, from, g.least().and(e.total.least(), e.to), led) {
		return false
	}
	e.enqueue(group)
	return true
}

// move moves a replica of the group from the first server that can to the first that can.
func (e *evener) move(group int, from, to set, led bool) bool {
	members := e.p.members[e.location]
	for i := range from.all() {
		if !e.p.mayLeave(group, members[i], led) {
			continue
		}
		for j := range to.all() {
			if tablet, found := e.p.pick(group, members[i], members[j], led); found {
				e.p.move(Move{IntraLocation, tablet, members[i], members[j], ""})
				return true
			}
		}
	}
	return false
}

// takeFirst takes the first of a list.
func takeFirst(list *[]int) int {
	first := (*list)[0]
	*list = (*list)[1:]
	return first
}
