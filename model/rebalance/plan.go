package rebalance

import "slices"

// Options say how to plan.
type Options struct {
	// Phases are those to go through; nil is all. A cluster of one location has the last only.
	Phases []Phase
	// Threshold is the imbalance of the locations' loads by a table, in parts per million, up to
	// which it is left alone.
	Threshold int64
	// MaxMoves bounds the moves; 0 does not.
	MaxMoves int
	// Batch leaves a tablet alone once it has been moved: what is planned can all be under way
	// at once.
	Batch bool
	// SkipUnfixable goes on after the policy phase though a violation is left that no move can
	// mend, as Kudu's tool does today. Without it the plan ends there.
	SkipUnfixable bool
	// Tie says who gets a replica that the policy phase moves; empty is KuduTie.
	Tie FixerTie
}

// DefaultThreshold is --load_imbalance_threshold, 1.0.
const DefaultThreshold = 1_000_000

// Plan returns the moves that bring the cluster into order. With them come the violations of the
// placement policy that no move can mend and at which the plan ends, unless it is to skip them.
func Plan(c *Cluster, o Options) ([]Move, []Violation) {
	p := newPlanner(c, o)
	if len(p.locations) > 1 {
		if p.wants(Policy) {
			if left := p.fixPolicy(); len(left) > 0 && !o.SkipUnfixable {
				return p.moves, left
			}
		}
		if p.wants(CrossLocation) {
			p.balanceLocations()
		}
	}
	if p.wants(IntraLocation) {
		for l := range p.locations {
			p.balanceServers(l)
		}
	}
	return p.moves, nil
}

// planner is the cluster as the moves chosen so far leave it.
type planner struct {
	*layout
	options Options
	moves   []Move

	replicas [][]int // by tablet: servers
	leader   []int   // by tablet
	moved    []bool  // by tablet: left alone for the rest of a batch
	shelves  map[cell]*shelf
	ofTable  map[cell]int // by table and server: replicas
	total    []int        // by server: replicas
	inside   []int        // by location: replicas
}

// cell is one server's part in a group, or in a table.
type cell struct{ of, server int }

// shelf is what a server has of a group. The tablets are those that may be moved, in order.
type shelf struct {
	replicas           int
	followers, leaders []int
}

func newPlanner(c *Cluster, o Options) *planner {
	p := &planner{layout: newLayout(c), options: o, shelves: map[cell]*shelf{},
		ofTable: map[cell]int{}, moved: make([]bool, len(c.Tablets)),
		total: make([]int, len(c.Servers))}
	p.inside = make([]int, len(p.locations))
	for t, tablet := range c.Tablets {
		p.leader = append(p.leader, tablet.Leader)
		if len(tablet.Replicas) == 1 {
			p.leader[t] = None // a choice there is none
		}
		p.replicas = append(p.replicas, slices.Clone(tablet.Replicas))
		for _, s := range tablet.Replicas {
			p.count(t, s, 1)
			p.put(t, s)
		}
	}
	return p
}

func (p *planner) wants(phase Phase) bool {
	return p.options.Phases == nil || slices.Contains(p.options.Phases, phase)
}

// full tells whether there are as many moves as there may be.
func (p *planner) full() bool {
	return p.options.MaxMoves > 0 && len(p.moves) >= p.options.MaxMoves
}

// shelf returns what the server has of the group. It is not to be changed.
func (p *planner) shelf(group, server int) *shelf {
	if s := p.shelves[cell{group, server}]; s != nil {
		return s
	}
	return &shelf{}
}

func (p *planner) count(tablet, server, by int) {
	at := cell{p.group[tablet], server}
	if p.shelves[at] == nil {
		p.shelves[at] = &shelf{}
	}
	p.shelves[at].replicas += by
	p.ofTable[cell{p.c.Tablets[tablet].Table, server}] += by
	p.total[server] += by
	p.inside[p.at[server]] += by
}

// list returns the list of the shelf that has, or would have, the tablet.
func (p *planner) list(tablet, server int) *[]int {
	s := p.shelf(p.group[tablet], server)
	if p.leader[tablet] == server {
		return &s.leaders
	}
	return &s.followers
}

// put makes a tablet a candidate to leave the server, if it may be moved.
func (p *planner) put(tablet, server int) {
	if t := &p.c.Tablets[tablet]; t.Moving || t.Health != Healthy || p.moved[tablet] {
		return
	}
	list := p.list(tablet, server)
	i, _ := slices.BinarySearch(*list, tablet)
	*list = slices.Insert(*list, i, tablet)
}

// take undoes put.
func (p *planner) take(tablet, server int) {
	list := p.list(tablet, server)
	if i, found := slices.BinarySearch(*list, tablet); found {
		*list = slices.Delete(*list, i, i+1)
	}
}

// move adds a move to the plan and makes it.
func (p *planner) move(m Move) {
	tablet, from, to := m.Tablet, m.From, m.To
	p.moves = append(p.moves, m)
	replicas := p.replicas[tablet]
	for _, s := range replicas {
		p.take(tablet, s)
	}
	replicas[slices.Index(replicas, from)] = to
	if p.leader[tablet] == from {
		p.leader[tablet] = None
	}
	p.count(tablet, from, -1)
	p.count(tablet, to, 1)
	p.moved[tablet] = p.options.Batch
	for _, s := range replicas {
		p.put(tablet, s)
	}
}

// pick returns a tablet of the group that may go from one server to the other, a follower there
// rather than a leader (Rebalancer::FindReplicas).
func (p *planner) pick(group, from, to int) (int, bool) {
	s := p.shelf(group, from)
	for _, list := range [][]int{s.followers, s.leaders} {
		for _, t := range list {
			if p.mayGo(t, from, to) {
				return t, true
			}
		}
	}
	return 0, false
}

// mayGo tells whether a tablet may lose its replica on one server to another: not to one that has
// a replica already, nor to where its table may not be, nor so that the location gets more than
// the placement policy allows (Rebalancer::FilterCrossLocationTabletCandidates).
func (p *planner) mayGo(tablet, from, to int) bool {
	if slices.Contains(p.replicas[tablet], to) {
		return false
	}
	return p.at[from] == p.at[to] || p.mayEnter(tablet, p.at[to])
}

// mayEnter tells whether a location may get one more replica of a tablet. The first is always
// welcome: with a replication factor of 2 it is against the policy wherever it goes.
func (p *planner) mayEnter(tablet, location int) bool {
	n := p.countIn(p.replicas[tablet], location)
	return p.allowed(tablet, location) && (n == 0 || n < p.limit(tablet))
}
