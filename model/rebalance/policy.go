package rebalance

import "cmp"

// Violation is a tablet that would not survive the loss of a location.
type Violation struct {
	Tablet   int
	Location string // the one that has most of it
	Replicas int    // how many
	// Fixable tells whether moves can mend it, given enough of them.
	Fixable bool
}

// Violations returns the violations of the placement policy, by the order of the tablets: half
// the replication factor or more in one location, unless that is 1. In a cluster of one location
// the policy says nothing, and a tablet that is neither healthy nor recovering is not looked at
// (DetectPlacementPolicyViolations).
func (c *Cluster) Violations() []Violation {
	c, _ = c.Staying()
	l := newLayout(c)
	var all []Violation
	for t, tablet := range c.Tablets {
		if v, found := l.violation(t, tablet.Replicas); found && tablet.Health != Unhealthy {
			all = append(all, v)
		}
	}
	return all
}

// violation tells whether a tablet with these replicas violates the policy, and how.
func (l *layout) violation(tablet int, replicas []int) (Violation, bool) {
	if len(l.locations) == 1 || l.table(tablet).ReplicationFactor == 1 {
		return Violation{}, false
	}
	worst, most := 0, 0
	for i := range replicas {
		at := l.at[replicas[i]]
		if n := l.countIn(replicas, at); n > most || n == most && at < worst {
			worst, most = at, n
		}
	}
	if most <= l.limit(tablet) {
		return Violation{}, false
	}
	return Violation{tablet, l.locations[worst], most, l.fixable(tablet, len(replicas))}, true
}

// fixable tells whether that many replicas of the tablet can be placed by the policy. Kudu asks
// for special cases of it: two locations, a replication factor of 2, one of 4 with three
// locations, and no location to move to (FindBestReplicaToReplace).
func (l *layout) fixable(tablet, replicas int) bool {
	room := 0
	for at, members := range l.members {
		if l.allowed(tablet, at) {
			room += min(l.limit(tablet), len(members))
		}
	}
	return room >= replicas
}

// fixPolicy mends what can be mended and returns what can not. It goes round: one replica of each
// tablet, then one more of those that need it (FindMovesToReimposePlacementPolicy).
func (p *planner) fixPolicy() []Violation {
	var left []Violation
	var todo []int
	for t := range p.c.Tablets {
		if v, found := p.violation(t, p.replicas[t]); !found || !p.mayFix(t) {
			continue
		} else if !v.Fixable && !p.options.FixAll {
			left = append(left, v)
		} else {
			todo = append(todo, t)
		}
	}
	for len(todo) > 0 {
		again := todo[:0]
		for _, t := range todo {
			v, found := p.violation(t, p.replicas[t])
			if found && !p.full() && p.replace(v) {
				again = append(again, t)
			}
		}
		todo = again
		if p.options.Batch || p.full() {
			break
		}
	}
	return left
}

func (p *planner) mayFix(tablet int) bool {
	t := &p.c.Tablets[tablet]
	return !t.Moving && t.Health != Unhealthy
}

// replace moves a replica of a tablet from the location that has too many to where the master
// would place another, if it would: from the most loaded server, but not the leader if there is a
// choice.
func (p *planner) replace(v Violation) bool {
	from := None
	for _, s := range p.replicas[v.Tablet] {
		if p.locations[p.at[s]] == v.Location && (from == None || p.rather(v.Tablet, s, from)) {
			from = s
		}
	}
	limit := p.limit(v.Tablet)
	if p.options.FixAll {
		limit = len(p.replicas[v.Tablet])
	}
	to, rule := p.destination(v.Tablet, limit)
	if to != None {
		p.move(Move{Policy, v.Tablet, from, to, rule})
	}
	return to != None
}

// rather tells whether one server should lose its replica of the tablet rather than the other.
func (p *planner) rather(tablet, one, other int) bool {
	if leads := p.leader[tablet] == one; leads != (p.leader[tablet] == other) {
		return !leads
	}
	return cmp.Or(p.total(other)-p.total(one), one-other) < 0
}

// destination returns the server that gets another replica of a tablet, None if there is no room,
// and the rule that chose it: in the least loaded location that may have it, counting those of this
// tablet twice, as Kudu does (PlacementPolicy::PlaceExtraTabletReplica). One that has as many of it
// as limit says may not.
func (p *planner) destination(tablet, limit int) (int, Rule) {
	best, bestLoad, bestSize := None, 0, 1
	for at, members := range p.members {
		n := p.countIn(p.replicas[tablet], at)
		if n >= min(limit, len(members)) || !p.allowed(tablet, at) {
			continue
		}
		if load := p.inside[at] + n; best == None || load*bestSize < bestLoad*len(members) {
			best, bestLoad, bestSize = at, load, len(members)
		}
	}
	if best == None {
		return None, ""
	}
	return p.choose(tablet, best)
}

// choose goes through the rules until one server of the location is left.
func (p *planner) choose(tablet, location int) (int, Rule) {
	members := p.members[location]
	free := firstOf(len(members))
	for _, s := range p.replicas[tablet] {
		if p.at[s] == location {
			free.remove(p.place[s])
		}
	}
	rule := OnlyChoice
	for _, next := range p.options.Tie.rules() {
		if next == LeastOfRange && p.ranges[p.c.Tablets[tablet].Table] == 1 {
			continue // its range is its table
		}
		if free.size() == 1 {
			return members[free.first()], rule
		}
		if ladder := p.ladder(next, tablet, location); ladder != nil {
			free = ladder.leastOf(free)
		}
		rule = next
	}
	switch {
	case free.size() == 1:
		return members[free.first()], rule
	case p.options.Tie == ArticleTie:
		return members[free.last()], LastOfEqual
	}
	return members[free.first()], FirstOfEqual
}

// ladder returns what a rule compares.
func (p *planner) ladder(rule Rule, tablet, location int) *ladder {
	switch rule {
	case LeastOfRange:
		return p.ofGroup.ladder(p.group[tablet], location)
	case LeastOfTable:
		if table := p.tableInRanges(tablet); table != None {
			return p.ofTable.ladder(table, location)
		}
		return p.ofGroup.ladder(p.group[tablet], location)
	}
	return p.ofAll.ladder(0, location)
}
