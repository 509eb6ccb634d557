package model_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/rebalancer"
	"tabletop/model/variant"
	"tabletop/sim"
)

// A master that rebalances does not know whether a move has begun whose request was not answered.
// If it has not in a minute the round ends without it, and the next one asks again.
func TestMoveAskedInVainIsForgotten(t *testing.T) {
	c := newCluster(t, 1, variant.Selection{Options: []string{"tservers=4",
		"auto-rebalancing=true", "auto-rebalancing-interval=5s", "follower-unavailable=300s"}})
	var began sim.Time
	var leader *sim.Node
	rebalancer.MoveBegan.Subscribe(c.World, func(e rebalancer.MoveEvent) {
		began, leader = c.World.Now(), c.World.Node(e.Move.Leader.Node())
	})
	var results []rebalancer.Progress
	rebalancer.MoveEnded.Subscribe(c.World, func(e rebalancer.MoveEvent) {
		results = append(results, e.Result)
	})
	c.World.RunFor(time.Second)
	c.Resolve("ts-4").Kill()
	c.World.RunFor(70 * time.Second)
	do(t, c, strings.Fields("create t columns=k tablets=4"))
	c.Resolve("ts-4").Boot()
	for leader == nil {
		c.World.RunFor(10 * time.Microsecond)
	}
	leader.Kill()
	leader.Boot()
	c.World.RunUntil(began.Add(59 * time.Second))
	require.Empty(t, results)
	c.World.RunFor(2 * time.Second)
	require.Equal(t, []rebalancer.Progress{rebalancer.UnderWay}, results)
	c.World.RunFor(time.Minute)
	require.Contains(t, results, rebalancer.Completed)
}
