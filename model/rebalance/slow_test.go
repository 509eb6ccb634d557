package rebalance

import (
	"cmp"
	"math/big"
	"slices"
)

// slow plans by looking at everything before each move. It states the rules once more, with
// nothing kept between moves but the cluster, who came when, and what was found to be stuck.
type slow struct {
	c         *Cluster
	o         Options
	locations []string
	moves     []Move
	came      [][2]int        // tablet and server, in the order in which they came together
	ledThere  map[[2]int]bool // of those: the tablet was led there then
	since     map[string]int  // by group: when it was last moved
	stuck     map[string]bool // groups left alone for the rest of a phase
	moved     map[int]bool    // tablets left alone for the rest of a batch
}

func slowPlan(c *Cluster, o Options) []Move {
	s := &slow{c: c.After(nil), o: o, ledThere: map[[2]int]bool{}, moved: map[int]bool{}}
	for _, server := range c.Servers {
		if !slices.Contains(s.locations, server.Location) {
			s.locations = append(s.locations, server.Location)
		}
	}
	for t := range s.c.Tablets {
		tablet := &s.c.Tablets[t]
		for _, r := range tablet.Replicas {
			s.came = append(s.came, [2]int{t, r})
			s.ledThere[[2]int{t, r}] = tablet.Leader == r
		}
	}
	if len(s.locations) > 1 {
		if !s.policy() && !o.SkipUnfixable {
			return s.moves
		}
		s.phase(func() bool { return s.acrossLocations() })
	}
	for _, l := range s.locations {
		s.phase(func() bool { return s.withinLocation(l) })
	}
	return s.moves
}

// phase makes moves until there is none, or the plan is full.
func (s *slow) phase(next func() bool) {
	s.since, s.stuck = map[string]int{}, map[string]bool{}
	for !s.full() && next() {
	}
}

func (s *slow) full() bool { return s.o.MaxMoves > 0 && len(s.moves) >= s.o.MaxMoves }

func (s *slow) move(phase Phase, t, from, to int) {
	m := Move{Phase: phase, Tablet: t, From: from, To: to}
	s.moves = append(s.moves, m)
	moving := s.c.Tablets[t].Moving
	m.Apply(s.c)
	s.c.Tablets[t].Moving = moving
	s.came = append(s.came, [2]int{t, to})
	s.ledThere[[2]int{t, to}] = false
	s.moved[t] = s.o.Batch
}

func (s *slow) count(server int, of func(t *Tablet) bool) (n int) {
	for i := range s.c.Tablets {
		if t := &s.c.Tablets[i]; of(t) && slices.Contains(t.Replicas, server) {
			n++
		}
	}
	return n
}

func all(*Tablet) bool { return true }

func (s *slow) in(t int, location string) (n int) {
	for _, r := range s.c.Tablets[t].Replicas {
		if s.c.Servers[r].Location == location {
			n++
		}
	}
	return n
}

func (s *slow) members(locations ...string) (members []int) {
	for i, server := range s.c.Servers {
		if slices.Contains(locations, server.Location) {
			members = append(members, i)
		}
	}
	return members
}

// tooMany tells whether so many replicas in one location violate the policy, as it is worded.
func tooMany(factor, n int) bool {
	if factor%2 == 0 {
		return n >= factor/2
	}
	return factor > 1 && n >= factor/2+1
}

func (s *slow) factor(t int) int { return s.c.Tables[s.c.Tablets[t].Table].ReplicationFactor }

func (s *slow) pinnedOff(t int, location string) bool {
	list := s.c.Tables[s.c.Tablets[t].Table].Locations
	return len(list) > 0 && !slices.Contains(list, location)
}

// policy goes round until nothing can be mended; it tells whether all is.
func (s *slow) policy() (mended bool) {
	for {
		before := len(s.moves)
		mended = true
		for t := range s.c.Tablets {
			tablet := s.c.Tablets[t]
			if tablet.Moving || tablet.Health == Unhealthy {
				continue
			}
			worst := slices.MaxFunc(s.locations, func(a, b string) int {
				return cmp.Compare(s.in(t, a), s.in(t, b))
			})
			if !tooMany(s.factor(t), s.in(t, worst)) {
				continue
			}
			if !exhaust(newLayout(s.c), t, nil, 0) {
				mended = false
			} else if !s.full() {
				s.mend(t, worst)
			}
		}
		if len(s.moves) == before || s.o.Batch || s.full() {
			return mended
		}
	}
}

func (s *slow) mend(t int, worst string) {
	tablet := s.c.Tablets[t]
	sources := slices.DeleteFunc(s.members(worst), func(x int) bool {
		return !slices.Contains(tablet.Replicas, x)
	})
	from := slices.MinFunc(sources, func(a, b int) int {
		if (a == tablet.Leader) != (b == tablet.Leader) {
			return map[bool]int{true: 1, false: -1}[a == tablet.Leader]
		}
		return cmp.Compare(s.count(b, all), s.count(a, all))
	})
	load := func(l string) *big.Rat {
		n := s.in(t, l)
		for _, x := range s.members(l) {
			n += s.count(x, all)
		}
		return big.NewRat(int64(n), int64(len(s.members(l))))
	}
	open := slices.DeleteFunc(slices.Clone(s.locations), func(l string) bool {
		return tooMany(s.factor(t), s.in(t, l)+1) || s.pinnedOff(t, l) ||
			s.in(t, l) == len(s.members(l))
	})
	at := slices.MinFunc(open, func(a, b string) int { return load(a).Cmp(load(b)) })
	free := slices.DeleteFunc(s.members(at), func(x int) bool {
		return slices.Contains(tablet.Replicas, x)
	})
	if s.o.Tie == ArticleTie {
		slices.Reverse(free)
	}
	s.move(Policy, t, from, slices.MinFunc(free, func(a, b int) int {
		total := cmp.Compare(s.count(a, all), s.count(b, all))
		if s.o.Tie == ArticleTie {
			return total
		}
		ofTable := func(o *Tablet) bool { return o.Table == tablet.Table }
		ofRange := func(o *Tablet) bool { return ofTable(o) && o.Range == tablet.Range }
		return cmp.Or(cmp.Compare(s.count(a, ofRange), s.count(b, ofRange)),
			cmp.Compare(s.count(a, ofTable), s.count(b, ofTable)), total)
	}))
}

// groups returns the first tablets of the groups: those longest unmoved first, then by table and
// tablet.
func (s *slow) groups() (first []int) {
	for table := range s.c.Tables {
		for t := range s.c.Tablets {
			if s.c.Tablets[t].Table == table && !slices.ContainsFunc(first, func(f int) bool {
				return s.key(f) == s.key(t)
			}) {
				first = append(first, t)
			}
		}
	}
	slices.SortStableFunc(first, func(a, b int) int { return s.since[s.key(a)] - s.since[s.key(b)] })
	return first
}

func (s *slow) key(t int) string {
	return string(rune('a'+s.c.Tablets[t].Table)) + s.c.Tablets[t].Range
}

// ofGroup returns what tells the tablets of the group of g.
func (s *slow) ofGroup(g int) func(*Tablet) bool {
	return func(t *Tablet) bool {
		return t.Table == s.c.Tablets[g].Table && t.Range == s.c.Tablets[g].Range
	}
}

// pick returns a tablet of the group that may go, by who came first, followers before leaders.
func (s *slow) pick(group string, from, to int, leaders bool) (int, bool) {
	across := s.c.Servers[from].Location != s.c.Servers[to].Location
	for _, led := range []bool{false, true}[:1+map[bool]int{true: 1}[leaders]] {
		for _, came := range s.came {
			t, tablet := came[0], s.c.Tablets[came[0]]
			n := s.in(t, s.c.Servers[to].Location)
			if came[1] == from && s.key(t) == group && s.ledThere[came] == led &&
				slices.Contains(tablet.Replicas, from) && !slices.Contains(tablet.Replicas, to) &&
				tablet.Health == Healthy && !tablet.Moving && !s.moved[t] &&
				(!across || n == 0 || !tooMany(s.factor(t), n+1)) {
				return t, true
			}
		}
	}
	return 0, false
}

// first makes the first move that can be made from one of the servers to another.
func (s *slow) first(phase Phase, group string, from, to []int, ok func(a, b int) bool) bool {
	return s.firstOf(phase, group, from, to, true, ok)
}

func (s *slow) firstOf(phase Phase, group string, from, to []int, leaders bool,
	ok func(a, b int) bool) bool {
	for _, a := range from {
		for _, b := range to {
			if t, found := s.pick(group, a, b, leaders); found && ok(a, b) {
				s.since[group] = len(s.moves) + 1
				s.move(phase, t, a, b)
				return true
			}
		}
	}
	return false
}

func (s *slow) withinLocation(location string) bool {
	members := s.members(location)
	// ends returns those that have most, and those that have least, and how far apart they are.
	ends := func(of func(*Tablet) bool) (most, least []int, skew int) {
		low, high := 1<<30, 0
		for _, x := range members {
			n := s.count(x, of)
			low, high = min(low, n), max(high, n)
		}
		for _, x := range members {
			if s.count(x, of) == high {
				most = append(most, x)
			}
			if s.count(x, of) == low {
				least = append(least, x)
			}
		}
		return most, least, high - low
	}
	skews, greatest := map[string]int{}, 0
	groups := s.groups()
	for _, g := range groups {
		_, _, skews[s.key(g)] = ends(s.ofGroup(g))
		if !s.stuck[s.key(g)] {
			greatest = max(greatest, skews[s.key(g)])
		}
	}
	mostOfAll, leastOfAll, skew := ends(all)
	if greatest == 0 || greatest == 1 && skew <= 1 {
		return false
	}
	any := func(int, int) bool { return true }
	for _, leaders := range []bool{false, true} {
		for _, g := range groups {
			if skews[s.key(g)] != greatest || s.stuck[s.key(g)] {
				continue
			}
			most, least, _ := ends(s.ofGroup(g))
			from, to := both(most, mostOfAll), both(least, leastOfAll)
			if greatest == 1 {
				if s.firstOf(IntraLocation, s.key(g), from, to, leaders, any) {
					return true
				}
				continue
			}
			if len(from) == 0 {
				from = most
			}
			if len(to) == 0 {
				to = least
			}
			if !s.first(IntraLocation, s.key(g), from, to, any) &&
				!s.first(IntraLocation, s.key(g), most, least, any) {
				s.stuck[s.key(g)] = true
			}
			return true // perhaps with no move, but go on
		}
	}
	return false
}

func both(a, b []int) []int {
	return slices.DeleteFunc(slices.Clone(a), func(x int) bool { return !slices.Contains(b, x) })
}

// replicas returns what a location has of a group.
func (s *slow) replicas(g int, location string) (n int64) {
	for _, x := range s.members(location) {
		n += int64(s.count(x, s.ofGroup(g)))
	}
	return n
}

// farthest returns the group whose loads differ most, its loads, and by how much they differ.
func (s *slow) farthest() (worst int, loads map[string]*big.Rat, gap *big.Rat) {
	for _, g := range s.groups() {
		these, low, high := map[string]*big.Rat{}, (*big.Rat)(nil), (*big.Rat)(nil)
		for _, l := range s.locations {
			if s.pinnedOff(g, l) || s.stuck[s.key(g)] {
				continue
			}
			r := big.NewRat(s.replicas(g, l), int64(len(s.members(l))))
			these[l] = r
			if low == nil || r.Cmp(low) < 0 {
				low = r
			}
			if high == nil || r.Cmp(high) > 0 {
				high = r
			}
		}
		if len(these) > 1 {
			if d := new(big.Rat).Sub(high, low); gap == nil || d.Cmp(gap) > 0 {
				worst, loads, gap = g, these, d
			}
		}
	}
	return worst, loads, gap
}

func (s *slow) acrossLocations() bool {
	threshold := big.NewRat(s.o.Threshold, 1_000_000)
	worst, loads, gap := s.farthest()
	if gap == nil || gap.Cmp(threshold) <= 0 {
		return false
	}
	var levels []*big.Rat
	for _, l := range s.locations {
		same := func(x *big.Rat) bool { return x.Cmp(loads[l]) == 0 }
		if loads[l] != nil && !slices.ContainsFunc(levels, same) {
			levels = append(levels, loads[l])
		}
	}
	slices.SortFunc(levels, func(a, b *big.Rat) int { return a.Cmp(b) })
	at := func(level *big.Rat, sign int) []int {
		var locations []string
		for _, l := range s.locations {
			if loads[l] != nil && loads[l].Cmp(level) == 0 {
				locations = append(locations, l)
			}
		}
		servers := s.members(locations...)
		slices.SortStableFunc(servers, func(a, b int) int {
			return sign * (s.count(a, all) - s.count(b, all))
		})
		return servers
	}
	squares := func(from, to string, by int64) *big.Rat {
		sum := new(big.Rat)
		for l, d := range map[string]int64{from: -by, to: by} {
			n := s.replicas(worst, l) + d
			sum.Add(sum, big.NewRat(n*n, int64(len(s.members(l)))))
		}
		return sum
	}
	evener := func(a, b int) bool {
		from, to := s.c.Servers[a].Location, s.c.Servers[b].Location
		return squares(from, to, 1).Cmp(squares(from, to, 0)) < 0
	}
	for i := len(levels) - 1; i >= 0; i-- {
		for j := 0; j < i; j++ {
			if new(big.Rat).Sub(levels[i], levels[j]).Cmp(threshold) > 0 && s.first(CrossLocation,
				s.key(worst), at(levels[i], -1), at(levels[j], 1), evener) {
				return true
			}
		}
	}
	s.stuck[s.key(worst)] = true
	return true
}
