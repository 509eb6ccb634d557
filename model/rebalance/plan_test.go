package rebalance

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawCluster draws up to 10 servers, 10 tables and 25 replicas of each, some crowded at the first
// servers.
func drawCluster(t *rapid.T, locations int) *Cluster {
	c := &Cluster{}
	n := rapid.IntRange(1, 10).Draw(t, "servers")
	for range n {
		at := rapid.IntRange(1, locations).Draw(t, "location")
		c.Servers = append(c.Servers, Server{Location: fmt.Sprint("/L", at)})
	}
	for i := range rapid.IntRange(1, 10).Draw(t, "tables") {
		table := Table{ReplicationFactor: rapid.IntRange(1, min(n, 7)).Draw(t, "factor")}
		if rapid.IntRange(0, 9).Draw(t, "pinned") == 0 {
			table.Locations = []string{c.Servers[0].Location}
		}
		c.Tables = append(c.Tables, table)
		crowd := rapid.IntRange(table.ReplicationFactor, n).Draw(t, "crowd")
		for left := 25; left >= table.ReplicationFactor; left -= table.ReplicationFactor {
			if rapid.IntRange(0, 19).Draw(t, "last") == 0 {
				break
			}
			servers := rapid.Permutation(sequence(crowd)).Draw(t, "replicas")[:table.ReplicationFactor]
			tablet := Tablet{Table: i, Replicas: servers, Leader: None,
				Range: rapid.SampledFrom([]string{"", "m"}).Draw(t, "range")}
			if rapid.Bool().Draw(t, "led") {
				tablet.Leader = servers[0]
			}
			c.Tablets = append(c.Tablets, tablet)
		}
	}
	return c
}

func sequence(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// threshold draws one that Kudu would accept, 1 as often as not.
func threshold(t *rapid.T) int64 {
	return rapid.SampledFrom([]int64{0, 100_000, 500_000, DefaultThreshold, DefaultThreshold,
		DefaultThreshold, 2_500_000}).Draw(t, "threshold")
}

// A plan can be carried out as it is: each move takes a replica from a server that has one to a
// server that has none, stays where the table may be, and for its phase within a location or not.
// No state comes twice, and no move makes a violation or makes one worse.
func TestEveryMoveIsSoundProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCluster(t, 5)
		o := Options{Threshold: threshold(t), SkipUnfixable: rapid.Bool().Draw(t, "skip"),
			Tie: rapid.SampledFrom([]FixerTie{KuduTie, ArticleTie}).Draw(t, "tie")}
		before := fmt.Sprint(c)
		moves, _ := Plan(c, o)
		require.Equal(t, before, fmt.Sprint(c), "Plan changed its input")
		again, _ := Plan(c, o)
		require.Equal(t, moves, again)
		now, l := c.After(nil), newLayout(c)
		seen := map[string]bool{fmt.Sprint(now.Tablets): true}
		for i, m := range moves {
			require.True(t, i == 0 || slices.Index(Phases, moves[i-1].Phase) <=
				slices.Index(Phases, m.Phase))
			require.Equal(t, m.Phase == IntraLocation, l.at[m.From] == l.at[m.To])
			tablet := now.Tablets[m.Tablet]
			require.Contains(t, tablet.Replicas, m.From)
			require.NotContains(t, tablet.Replicas, m.To)
			require.True(t, m.Phase == IntraLocation || l.allowed(m.Tablet, l.at[m.To]))
			worst, _ := l.violation(m.Tablet, tablet.Replicas)
			now = now.After([]Move{m})
			v, _ := l.violation(m.Tablet, now.Tablets[m.Tablet].Replicas)
			require.LessOrEqual(t, v.Replicas, worst.Replicas, "a violation")
			require.False(t, seen[fmt.Sprint(now.Tablets)], "a cycle")
			seen[fmt.Sprint(now.Tablets)] = true
		}
		if moves, _ := Plan(now, o); len(moves) > 0 && moves[0].Phase != IntraLocation {
			// What the last phase does within the locations leaves nothing to the first two.
			require.Fail(t, "not at rest", "%v", moves)
		}
	})
}

// Where there is one location the plan ends with every range even, and the whole too, in no more
// moves than there are replicas.
func TestServersEndEvenProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCluster(t, 1)
		replicas := 0
		for _, tablet := range c.Tablets {
			replicas += len(tablet.Replicas)
		}
		moves, _ := Plan(c, Options{Threshold: DefaultThreshold})
		require.LessOrEqual(t, len(moves), replicas)
		requireEven(t, c.After(moves))
		require.LessOrEqual(t, c.After(moves).Balance().ClusterSkew, 1)
	})
}

// requireEven holds the groups of every location to a skew of 1, by a slow count.
func requireEven(t require.TestingT, c *Cluster) {
	l := newLayout(c)
	for at, members := range l.members {
		for g, tablets := range l.groups {
			count := make([]int, len(c.Servers))
			for _, tablet := range tablets {
				for _, s := range c.Tablets[tablet].Replicas {
					count[s]++
				}
			}
			low, high := count[members[0]], count[members[0]]
			for _, s := range members {
				low, high = min(low, count[s]), max(high, count[s])
			}
			require.LessOrEqual(t, high-low, 1, "group %d in %s: %v", g, l.locations[at], count)
		}
	}
}

func TestLocationsEndEvenInsideProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCluster(t, 4)
		moves, _ := Plan(c, Options{Threshold: threshold(t), SkipUnfixable: true})
		requireEven(t, c.After(moves))
	})
}

// The fixer mends what exhaustive search can mend and leaves all else as it was, in at most half
// the replicas of a tablet.
func TestFixerMendsWhatCanBeMendedProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCluster(t, 5)
		l := newLayout(c)
		moves, left := Plan(c, Options{Phases: []Phase{Policy}})
		after := c.After(moves)
		var mended []int
		for _, v := range c.Violations() {
			possible := exhaust(l, v.Tablet, nil, 0)
			require.Equal(t, possible, v.Fixable)
			require.Equal(t, !possible, slices.Contains(left, v))
			if possible {
				mended = append(mended, v.Tablet)
			}
		}
		require.Equal(t, left, after.Violations())
		moved := map[int]int{}
		for _, m := range moves {
			require.Contains(t, mended, m.Tablet)
			moved[m.Tablet]++
			require.LessOrEqual(t, moved[m.Tablet], len(c.Tablets[m.Tablet].Replicas)/2+1)
		}
	})
}

// exhaust tells whether the tablet has any place in which it does not violate the policy.
func exhaust(l *layout, tablet int, replicas []int, from int) bool {
	if len(replicas) == len(l.c.Tablets[tablet].Replicas) {
		_, bad := l.violation(tablet, replicas)
		return !bad
	}
	for s := from; s < len(l.c.Servers); s++ {
		if l.allowed(tablet, l.at[s]) &&
			exhaust(l, tablet, append(slices.Clone(replicas), s), s+1) {
			return true
		}
	}
	return false
}

// What is admitted keeps to the limit, and to half of it where the destination is not known.
func TestAdmit(t *testing.T) {
	var policy, within []Move
	for tablet := range 9 {
		policy = append(policy, Move{Policy, tablet, 0, 1, ""})
		within = append(within, Move{IntraLocation, tablet, 0, 1, ""})
	}
	for limit, starts := range map[int]int{1: 1, 2: 2, 3: 2, 4: 3, 5: 3} {
		underWay := make([]int, 2)
		require.Equal(t, policy[:starts], Admit(policy, underWay, limit))
		require.Equal(t, []int{starts, 0}, underWay)
		require.Len(t, Admit(within, underWay, limit), limit-starts, "beside those")
		require.Equal(t, []int{limit, limit - starts}, underWay)
		require.Equal(t, within[:starts], Admit(within, []int{0, limit - starts}, limit))
	}
	require.Len(t, Admit([]Move{within[0], within[0]}, make([]int, 2), 5), 1)
}

// A batch moves no tablet twice, and what the servers admit of it, round after round, ends where
// nothing is left to do.
func TestBatchesComeToAnEndProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCluster(t, 3)
		limit := rapid.IntRange(1, 3).Draw(t, "limit")
		for rounds := 0; ; rounds++ {
			require.Less(t, rounds, 300)
			batch, _ := Plan(c, Options{Threshold: DefaultThreshold, Batch: true, SkipUnfixable: true})
			moved := map[int]bool{}
			for _, m := range batch {
				require.False(t, moved[m.Tablet])
				moved[m.Tablet] = true
			}
			underWay := make([]int, len(c.Servers))
			admitted := Admit(batch, underWay, limit)
			require.LessOrEqual(t, slices.Max(underWay), limit)
			require.Equal(t, len(batch) > 0, len(admitted) > 0)
			if len(batch) == 0 {
				requireEven(t, c)
				return
			}
			c = c.After(admitted)
		}
	})
}

// The planner makes the very moves that the rules ask for.
func TestPlanIsThatOfTheSlowVersionProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCluster(t, 5)
		for i := range c.Tablets {
			if rapid.IntRange(0, 9).Draw(t, "unfit") == 0 {
				c.Tablets[i].Health = Health(rapid.IntRange(0, 2).Draw(t, "health"))
				c.Tablets[i].Moving = rapid.Bool().Draw(t, "moving")
			}
		}
		o := Options{Threshold: threshold(t), SkipUnfixable: rapid.Bool().Draw(t, "skip"),
			Tie:      rapid.SampledFrom([]FixerTie{KuduTie, ArticleTie}).Draw(t, "tie"),
			Batch:    rapid.Bool().Draw(t, "batch"),
			MaxMoves: max(0, rapid.IntRange(-20, 20).Draw(t, "moves"))}
		got, _ := Plan(c, o)
		for i := range got {
			got[i].Rule = ""
		}
		require.Equal(t, slowPlan(c, o), got)
	})
}

// Of two locations one must have a majority, so that mending the one harms the other; that nobody
// has a server left ends it.
func TestWhatCannotBeMendedIsLeftAlone(t *testing.T) {
	c := &Cluster{Servers: []Server{{Location: "/L0"}, {Location: "/L0"}, {Location: "/L1"},
		{Location: "/L1"}},
		Tables:  []Table{{ReplicationFactor: 3}},
		Tablets: []Tablet{{Replicas: []int{0, 1, 2}, Leader: None}}}
	o := Options{Phases: []Phase{Policy}, Batch: true, SkipUnfixable: true}
	moves, _ := Plan(c, o)
	require.Empty(t, moves)
	o.FixAll = true
	for _, want := range []Move{{Policy, 0, 0, 3, OnlyChoice}, {Policy, 0, 2, 0, OnlyChoice}} {
		moves, _ = Plan(c, o)
		require.Equal(t, []Move{want}, moves)
		c = c.After(moves)
	}
	c.Servers = c.Servers[:3]
	c.Tablets[0].Replicas = []int{0, 1, 2}
	moves, _ = Plan(c, o)
	require.Empty(t, moves)
}

// A plan costs a few steps for each replica and each move, however many there are: a thousand
// servers are in BenchmarkGrowth.
func TestStepsGrowWithReplicasAndMoves(t *testing.T) {
	for _, shape := range shapes {
		for _, servers := range []int{30, 100, 300} {
			p := newPlanner(crowd(servers, shape.tablesPer100, shape.ranges),
				Options{Threshold: DefaultThreshold})
			p.plan()
			require.Less(t, p.steps, 4*(servers*100+len(p.moves)), "%d %s", servers, shape.name)
		}
	}
}
