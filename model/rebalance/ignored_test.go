package rebalance

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawIgnored ignores some servers of a cluster, but not all.
func drawIgnored(t *rapid.T) *Cluster {
	c := drawCluster(t, 4)
	for i := range c.Servers[1:] {
		c.Servers[1+i].Ignored = rapid.IntRange(0, 3).Draw(t, "ignored") == 0
	}
	return c
}

// With enough other servers all that the ignored ones have goes to others, a tablet's leader last,
// and the other phases even it out there.
func TestIgnoredServersAreEmptiedProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawIgnored(t)
		for i := range c.Tables {
			c.Tables[i].Locations = nil
		}
		o := Options{Phases: []Phase{Ignored}, Threshold: DefaultThreshold, SkipUnfixable: true}
		moves, _ := Plan(c, o)
		led := map[int]bool{}
		for _, m := range moves {
			require.Equal(t, Ignored, m.Phase)
			require.True(t, c.Servers[m.From].Ignored)
			require.False(t, c.Servers[m.To].Ignored)
			require.False(t, led[m.Tablet])
			led[m.Tablet] = c.Tablets[m.Tablet].Leader == m.From
		}
		after := c.After(moves)
		stay, numbers := after.Staying()
		if len(numbers) >= c.HighestFactor() {
			for i, tablet := range stay.Tablets {
				require.Len(t, tablet.Replicas, len(c.Tablets[i].Replicas))
			}
		}
		o.Phases = append(o.Phases, Phases...)
		whole, _ := Plan(c, o)
		require.Len(t, whole[:len(moves)], len(moves))
		require.ElementsMatch(t, moves, whole[:len(moves)])
		stay, _ = c.After(whole).Staying()
		requireEven(t, stay)
	})
}

// What is ignored neither counts nor moves, as if it were not there.
func TestIgnoredServersDoNotCountProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawIgnored(t)
		stay, numbers := c.Staying()
		o := Options{Threshold: DefaultThreshold, SkipUnfixable: true}
		want, _ := Plan(stay, o)
		for i := range want {
			want[i].From, want[i].To = numbers[want[i].From], numbers[want[i].To]
		}
		got, _ := Plan(c, o)
		require.Equal(t, want, got)
		require.Equal(t, stay.Balance(), c.Balance())
		require.Equal(t, stay.Violations(), c.Violations())
	})
}

// A batch moves no tablet twice, and a tablet that is not well is left alone.
func TestEmptyingGoesInBatches(t *testing.T) {
	c := &Cluster{Servers: []Server{{Ignored: true}, {Ignored: true}, {}, {}, {}},
		Tables: []Table{{ReplicationFactor: 3}},
		Tablets: []Tablet{{Replicas: []int{0, 1, 2}, Leader: 0},
			{Replicas: []int{0, 1, 2}, Leader: None, Health: Unhealthy},
			{Replicas: []int{0, 1, 2}, Leader: None, Moving: true}}}
	o := Options{Phases: []Phase{Ignored}, Batch: true}
	for _, want := range []Move{{Ignored, 0, 1, 3, LeastOfTable}, {Ignored, 0, 0, 4, LeastOfTable}} {
		moves, _ := Plan(c, o)
		want.Rule = moves[0].Rule
		require.Equal(t, []Move{want}, moves)
		c = c.After(moves)
	}
	moves, _ := Plan(c, o)
	require.Empty(t, moves)
}
