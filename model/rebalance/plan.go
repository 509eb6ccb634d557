package rebalance

import "slices"

// Options say how to plan.
type Options struct {
	// Phases are those to go through; nil is all but Ignored. In a cluster of one location Policy
	// and CrossLocation do nothing.
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
	// FixAll makes the policy phase move replicas of a tablet that no move can mend, wherever there
	// is a server left (KUDU-2688).
	FixAll bool
	// Tie says who gets a replica that the policy phase moves; empty is KuduTie.
	Tie FixerTie
}

// DefaultThreshold is --load_imbalance_threshold, 1.0.
const DefaultThreshold = 1_000_000

// Plan returns the moves that bring the cluster into order. With them come the violations of the
// placement policy that no move can mend and at which the plan ends, unless it is to skip them.
func Plan(c *Cluster, o Options) ([]Move, []Violation) {
	stay, numbers := c.Staying()
	p := newPlanner(stay, o)
	if slices.Contains(o.Phases, Ignored) {
		p.empty(c)
	}
	left := p.plan()
	for i := range p.moves {
		m := &p.moves[i]
		if m.To = numbers[m.To]; m.Phase != Ignored {
			m.From = numbers[m.From]
		}
	}
	return p.moves, left
}

func (p *planner) plan() []Violation {
	if len(p.locations) > 1 {
		if p.wants(Policy) {
			if left := p.fixPolicy(); len(left) > 0 && !p.options.SkipUnfixable {
				return left
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
	return nil
}

// planner is the cluster as the moves chosen so far leave it.
type planner struct {
	*layout
	options Options
	moves   []Move

	replicas [][]int // by tablet: servers
	leader   []int   // by tablet
	moved    []bool  // by tablet: left alone for the rest of a batch
	inside   []int   // by location: replicas
	// What the servers have of each group, of each table of more than one group, and of all.
	ofGroup, ofTable, ofAll *tally

	// shelves has, by group, the tablets on each server, and gone how many replicas have left a
	// server, or a location (^location).
	shelves []sparse[*shelf]
	gone    []sparse[int32]
	// steps counts the replicas that were put somewhere, and the groups and tablets that were
	// looked at for a move.
	steps int
}

func newPlanner(c *Cluster, o Options) *planner {
	l := newLayout(c)
	held := l.held()
	p := &planner{layout: l, options: o, shelves: make([]sparse[*shelf], len(l.groups)),
		gone:  make([]sparse[int32], len(l.groups)),
		moved: make([]bool, len(c.Tablets)), inside: make([]int, len(l.locations)),
		ofGroup: newTally(l, held, len(l.groups), func(t int) int { return l.group[t] }),
		ofTable: newTally(l, held, len(c.Tables), l.tableInRanges),
		ofAll:   newTally(l, held, 1, func(int) int { return 0 })}
	var numbers slab[int]
	for _, tablet := range c.Tablets {
		p.leader = append(p.leader, tablet.Leader)
		p.replicas = append(p.replicas, append(numbers.take(len(tablet.Replicas))[:0],
			tablet.Replicas...))
		for _, s := range tablet.Replicas {
			p.inside[p.at[s]]++
			p.steps++
		}
	}
	p.stock()
	return p
}

// stock puts all tablets on the shelves.
func (p *planner) stock() {
	var numbers slab[int32]
	var shelves slab[shelf]
	var pointers slab[*shelf]
	for g, tablets := range p.groups {
		counts := p.ofGroup.rows[g].counts
		n := len(counts.keys)
		all := sparse[*shelf]{keys: append(numbers.take(n)[:0], counts.keys...),
			values: pointers.take(n)}
		some := shelves.take(n)
		for i, count := range counts.values {
			some[i].followers = numbers.take(int(count))[:0]
			some[i].leaders = numbers.take(int(count))[:0]
			all.values[i] = &some[i]
		}
		p.shelves[g] = all
		for _, t := range tablets {
			for _, s := range p.replicas[t] {
				p.put(t, s)
			}
		}
	}
}

func (p *planner) wants(phase Phase) bool {
	return p.options.Phases == nil || slices.Contains(p.options.Phases, phase)
}

// full tells whether there are as many moves as there may be.
func (p *planner) full() bool {
	return p.options.MaxMoves > 0 && len(p.moves) >= p.options.MaxMoves
}

func (p *planner) count(tablet, server, by int) {
	p.steps++
	p.ofGroup.add(p.group[tablet], server, by)
	if table := p.tableInRanges(tablet); table != None {
		p.ofTable.add(table, server, by)
	}
	p.ofAll.add(0, server, by)
	p.inside[p.at[server]] += by
}

// total returns how many replicas a server has.
func (p *planner) total(server int) int { return p.ofAll.count(0, server) }

// move adds a move to the plan and makes it.
func (p *planner) move(m Move) {
	p.moves = append(p.moves, m)
	replicas := p.replicas[m.Tablet]
	replicas[slices.Index(replicas, m.From)] = m.To
	if p.leader[m.Tablet] == m.From {
		p.leader[m.Tablet] = None
	}
	p.count(m.Tablet, m.From, -1)
	p.count(m.Tablet, m.To, 1)
	p.moved[m.Tablet] = p.options.Batch
	p.left(m.Tablet, m.From)
	p.put(m.Tablet, m.To)
}

// mayGo tells whether a tablet may lose its replica on one server to another: not to one that has
// a replica already, nor to a location that it may not enter.
func (p *planner) mayGo(tablet, from, to int) bool {
	if slices.Contains(p.replicas[tablet], to) {
		return false
	}
	return p.at[from] == p.at[to] || p.mayEnter(tablet, p.at[to])
}

// mayEnter tells whether a location may get one more replica of a tablet: not if it would have
// more of it than the placement policy allows. The first is always welcome: with a replication
// factor of 2 it is against the policy wherever it goes
// (Rebalancer::FilterCrossLocationTabletCandidates).
func (p *planner) mayEnter(tablet, location int) bool {
	n := p.countIn(p.replicas[tablet], location)
	return n == 0 || n < p.limit(tablet)
}
