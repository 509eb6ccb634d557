package rebalance

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// uneven sums the squares of how many tablets each server leads: of each table, and of all.
func uneven(c *Cluster) (ofTables, ofAll int) {
	all, of := map[int]int{}, map[[2]int]int{}
	for _, t := range c.Tablets {
		if t.Leader != None {
			all[t.Leader]++
			of[[2]int{t.Table, t.Leader}]++
		}
	}
	for _, n := range of {
		ofTables += n * n
	}
	for _, n := range all {
		ofAll += n * n
	}
	return ofTables, ofAll
}

// Every move goes from a tablet's leader to another of its voters, and makes the tables more even,
// or else all; so round after round comes to an end, at which no single move is left that would.
func TestLeadersEndEvenProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCluster(t, 2)
		for i := range c.Tablets {
			c.Tablets[i].Moving = rapid.IntRange(0, 9).Draw(t, "moving") == 0
		}
		most := rapid.IntRange(1, 10).Draw(t, "most")
		for rounds := 0; ; rounds++ {
			require.Less(t, rounds, 300)
			moves := PlanLeaders(c, most)
			require.LessOrEqual(t, len(moves), most)
			if len(moves) == 0 {
				break
			}
			moved := map[int]bool{}
			for _, m := range moves {
				tablet := &c.Tablets[m.Tablet]
				require.False(t, moved[m.Tablet] || tablet.Moving)
				moved[m.Tablet] = true
				require.Equal(t, tablet.Leader, m.From)
				require.Contains(t, tablet.Replicas, m.To)
				ofTables, ofAll := uneven(c)
				tablet.Leader = m.To
				tables, all := uneven(c)
				require.True(t, tables < ofTables || tables == ofTables && all < ofAll)
			}
		}
		ofTables, ofAll := uneven(c)
		for i := range c.Tablets {
			tablet := &c.Tablets[i]
			leader := tablet.Leader
			for _, s := range tablet.Replicas {
				if leader == None || tablet.Moving {
					continue
				}
				tablet.Leader = s
				tables, all := uneven(c)
				require.False(t, tables < ofTables || tables == ofTables && all < ofAll)
			}
			tablet.Leader = leader
		}
	})
}

func TestLeadersThatStay(t *testing.T) {
	c := &Cluster{Servers: make([]Server, 3), Tables: []Table{{ReplicationFactor: 3}}}
	for range 3 {
		c.Tablets = append(c.Tablets, Tablet{Replicas: []int{0, 1, 2}})
	}
	require.Equal(t, []LeaderMove{{0, 0, 1}, {1, 0, 2}}, PlanLeaders(c, math.MaxInt))
	require.Equal(t, []LeaderMove{{0, 0, 1}}, PlanLeaders(c, 1))
	c.Tablets[0].Moving, c.Tablets[1].Health = true, Unhealthy
	require.Equal(t, []LeaderMove{{2, 0, 1}}, PlanLeaders(c, math.MaxInt))
	c.Tablets[2].Replicas = []int{0}
	require.Empty(t, PlanLeaders(c, math.MaxInt))
}
