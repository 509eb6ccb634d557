package raft_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/raft"
	"tabletop/sim"
)

// strike makes all members fail at once, again and again, under a stream of entries, and returns
// whether every entry that was acknowledged is there in the end.
func strike(t *testing.T, seed uint64, noSync bool, fail func(*sim.Node) bool) (kept bool) {
	cfg := config
	cfg.Log = raft.LogOptions{SegmentSize: 512, NoSync: noSync}
	g := newGroup(t, seed, 3, cfg)
	defer g.Close()
	acked := 0
	for i := range 4 {
		g.RunFor(10 * time.Second)
		for j := range 40 {
			g.propose(fmt.Sprint(i, ".", j), func(err error) {
				if err == nil {
					acked++
				}
			})
			g.RunFor(20 * time.Millisecond)
		}
		for _, n := range g.Nodes() {
			fail(n)
			n.Boot()
		}
	}
	g.RunFor(20 * time.Second)
	g.propose("last", func(err error) { kept = err == nil })
	g.RunFor(10 * time.Second)
	require.GreaterOrEqual(t, acked, 40)
	if kept {
		have := slices.Compact(slices.Sorted(slices.Values(g.leader().applied)))
		kept = len(have) > acked
	}
	return kept
}

// If nobody waits for the disk, the end of programs takes nothing, but a loss of power does
// (KUDU-2195).
func TestNoSyncLosesWithThePower(t *testing.T) {
	lost := 0
	for seed := range uint64(20) {
		require.True(t, strike(t, seed, true, (*sim.Node).Kill), "seed %d", seed)
		require.True(t, strike(t, seed, false, (*sim.Node).PowerOff), "seed %d", seed)
		if !strike(t, seed, true, (*sim.Node).PowerOff) {
			lost++
		}
	}
	require.Greater(t, lost, 10)
}
