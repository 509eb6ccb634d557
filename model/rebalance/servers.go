package rebalance

// balanceServers evens out the servers of a location, each group by itself and then all replicas,
// as TwoDimensionalGreedyAlgo does: as long as a group or the location is uneven, a replica of one
// of the groups of the greatest skew moves from a server that has most of it to one that has
// least, and best from and to such as have most and least of all.
//
// Among groups of equal skew the one that has had it for longest comes first, and at the start the
// first of the cluster.
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
	// bySkew are the groups that may have a move, by their skew, in order. The greatest only
	// falls: a move takes a group's skew no higher than it was.
	bySkew [][]int
	// idle are groups of skew 1 for which there was no move, in order. Nothing changes that as
	// long as the ends of total are the same: their sets only lose members.
	idle      []int
	low, high int // the ends of total at which they were found idle
}

func newEvener(p *planner, location int) *evener {
	e := &evener{p: p, location: location, total: p.ofAll.ladder(0, location)}
	for g := range p.groups {
		if p.ofGroup.ladder(g, location) != nil {
			e.enqueue(g)
		}
	}
	return e
}

func (e *evener) enqueue(group int) {
	skew := e.p.ofGroup.ladder(group, e.location).skew()
	for len(e.bySkew) <= skew {
		e.bySkew = append(e.bySkew, nil)
	}
	e.bySkew[skew] = append(e.bySkew[skew], group)
}

// next makes the next move, if there is one.
func (e *evener) next() bool {
	for skew := len(e.bySkew) - 1; skew > 0; skew = len(e.bySkew) - 1 {
		if skew == 1 {
			if e.total.skew() <= 1 {
				return false
			}
			e.wake()
		}
		for len(e.bySkew[skew]) > 0 {
			g := e.bySkew[skew][0]
			e.bySkew[skew] = e.bySkew[skew][1:]
			if e.try(g) {
				e.enqueue(g)
				return true
			}
			if skew == 1 {
				e.idle = append(e.idle, g)
			}
		}
		if skew == 1 {
			return false
		}
		e.bySkew = e.bySkew[:skew]
	}
	return false
}

// wake takes the idle groups back before the others, if there may be a move for them now.
func (e *evener) wake() {
	if low, high := e.total.low, e.total.high; low != e.low || high != e.high {
		e.low, e.high = low, high
		e.bySkew[1] = append(e.idle, e.bySkew[1]...)
		e.idle = nil
	}
}

// try moves a replica of the group. Only where all tablets of a server are not to be moved now may
// it fail to do so with a skew above 1; the group is then left as it is.
func (e *evener) try(group int) bool {
	g := e.p.ofGroup.ladder(group, e.location)
	most, least := g.most(), g.least()
	from, to := most.and(e.total.most()), least.and(e.total.least())
	if g.skew() <= 1 {
		return e.move(group, from, to)
	}
	if from.empty() {
		from = most
	}
	if to.empty() {
		to = least
	}
	return e.move(group, from, to) || e.move(group, most, least)
}

// move moves a replica of the group from the first server that can to the first that can.
func (e *evener) move(group int, from, to set) bool {
	members := e.p.members[e.location]
	for i := range from.all() {
		for j := range to.all() {
			if tablet, found := e.p.pick(group, members[i], members[j]); found {
				e.p.move(Move{IntraLocation, tablet, members[i], members[j], ""})
				return true
			}
		}
	}
	return false
}
