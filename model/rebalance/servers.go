package rebalance

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
	even   *evens // those of skew 1, once there are no others
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
	if len(e.bySkew) < 2 || e.total.skew() < 2 {
		return false
	}
	if e.even == nil {
		e.even = newEvens(e, e.bySkew[1])
	}
	return e.even.next()
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
