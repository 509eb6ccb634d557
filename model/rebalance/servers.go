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
	e := newEvener(p, p.members[location])
	for !p.full() && e.next() {
	}
}

// evener balances the servers of one location. It numbers them by their order.
type evener struct {
	p       *planner
	servers []int
	total   *ladder
	groups  []*ladder // by group; nil if the location has nothing of it
	// bySkew are the groups that may have a move, by their skew, in order. The greatest only
	// falls: a move takes a group's skew no higher than it was.
	bySkew [][]int
	// idle are groups of skew 1 for which there was no move, in order. Nothing changes that as
	// long as the ends of total are the same: their sets only lose members.
	idle      []int
	low, high int // the ends of total at which they were found idle
}

func newEvener(p *planner, servers []int) *evener {
	e := &evener{p: p, servers: servers, groups: make([]*ladder, len(p.groups))}
	place := make([]int, len(p.at))
	for i := range place {
		place[i] = None
	}
	totals := make([]int, len(servers))
	for i, s := range servers {
		place[s] = i
		totals[i] = p.total[s]
	}
	e.total = newLadder(totals)
	counts := make([]int, len(servers))
	for g, tablets := range p.groups {
		clear(counts)
		some := false
		for _, t := range tablets {
			for _, s := range p.replicas[t] {
				if place[s] != None {
					counts[place[s]]++
					some = true
				}
			}
		}
		if some {
			e.groups[g] = newLadder(counts)
			e.enqueue(g)
		}
	}
	return e
}

func (e *evener) enqueue(group int) {
	skew := e.groups[group].skew()
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
	g := e.groups[group]
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
	for i := range from.all() {
		for j := range to.all() {
			if tablet, found := e.p.pick(group, e.servers[i], e.servers[j]); found {
				e.step(group, i, j)
				e.p.move(Move{IntraLocation, tablet, e.servers[i], e.servers[j], ""})
				return true
			}
		}
	}
	return false
}

func (e *evener) step(group, i, j int) {
	g, from, to := e.groups[group], e.servers[i], e.servers[j]
	g.step(i, e.p.shelf(group, from).replicas, -1)
	g.step(j, e.p.shelf(group, to).replicas, 1)
	e.total.step(i, e.p.total[from], -1)
	e.total.step(j, e.p.total[to], 1)
}
