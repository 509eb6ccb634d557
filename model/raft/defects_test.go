package raft_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/raft"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Defects whose chain of events storms do not meet.

func with(t *testing.T, defects ...string) raft.Config {
	v, err := variant.Selection{Defects: defects}.Resolve()
	require.NoError(t, err)
	cfg := config
	cfg.Variants = v
	return cfg
}

// A leader whose peers are down has entries of its own, aborts them for another that sends nothing in
// their place, and leads again (1eb24183a). What it takes for committed then must be in the log of a
// majority.
func TestAbortedEntriesAreNotSent(t *testing.T) {
	for _, defects := range [][]string{nil, {"1eb24183a"}} {
		ghosts := 0
		for seed := range uint64(10) {
			if holders(t, seed, with(t, defects...)) < 2 {
				ghosts++
			}
		}
		require.Equal(t, defects != nil, ghosts > 0, "%v: in %d runs", defects, ghosts)
	}
}

// holders returns how many replicas hold what the leader takes for committed at the end.
func holders(t *testing.T, seed uint64, cfg raft.Config) int {
	g := newGroup(t, seed, 3, cfg)
	g.RunFor(10 * time.Second)
	m := g.leader()
	self := m.replica.Node().ID()
	others := []sim.NodeID{(self + 1) % 3, (self + 2) % 3}
	for _, id := range others {
		g.Node(id).Kill()
	}
	first, term := m.replica.LastLogged().Index+1, m.replica.Term()+1
	g.propose("a", func(error) {})
	g.propose("b", func(error) {})
	g.Node(self).Go("status of another leader", func(p *sim.Proc) {
		m.replica.UpdateConsensus(p, &wire.UpdateConsensusRequest{Term: term,
			Leader: wire.ServerID(others[0]), Preceding: wire.OpID{Term: term, Index: first}})
	})
	g.RunFor(50 * time.Millisecond)
	require.Equal(t, first-1, m.replica.LastLogged().Index, "they are aborted")
	for _, id := range others {
		g.Node(id).Boot()
	}
	g.RunFor(100 * time.Millisecond)
	count := 0
	raft.EntryCommitted.Subscribe(g.World, func(e raft.EntryEvent) {
		for _, other := range g.members {
			if e.Replica == m.replica && other.replica.OpAt(first) == e.Entry.OpID {
				count++
			}
		}
	})
	m.replica.StartElection()
	g.RunFor(150 * time.Millisecond)
	require.Equal(t, raft.Leader, m.replica.Role())
	return count
}
