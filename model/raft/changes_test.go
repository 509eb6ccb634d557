package raft

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/wire"
)

// Whatever one or two changes are accepted, every majority before has a voter in common with every
// majority after, the leader stays a voter, and something changed. What is refused would break that,
// or names a member wrongly.
func TestChangedExhaustively(t *testing.T) {
	const leader = 0
	kinds := []wire.Member{{}, {NonVoter: true}, {NonVoter: true, Promote: true}, {Replace: true}}
	var changes []wire.PeerChange
	for id := range wire.ServerID(5) {
		changes = append(changes, wire.PeerChange{Kind: wire.RemovePeer, Member: wire.Member{ID: id}})
		for _, m := range kinds {
			m.ID = id
			changes = append(changes, wire.PeerChange{Kind: wire.AddPeer, Member: m},
				wire.PeerChange{Kind: wire.ModifyPeer, Member: m})
		}
	}
	accepted, refused := 0, 0
	for others := range 5 * 5 * 5 {
		c := wire.NewConfig(leader)
		for id, rest := wire.ServerID(1), others; id <= 3; id, rest = id+1, rest/5 {
			if k := rest % 5; k > 0 {
				m := kinds[k-1]
				m.ID = id
				c = c.With(m)
			}
		}
		for i := range changes {
			for j := -1; j < len(changes); j++ {
				asked := changes[i : i+1]
				if j >= 0 {
					asked = []wire.PeerChange{changes[i], changes[j]}
				}
				next, ok := Changed(c, leader, asked)
				if ok {
					accepted++
					require.True(t, next.IsVoter(leader))
					require.NotEqual(t, c.Members, next.Members)
					require.True(t, meet(c, next), "%v -> %v", c, next)
				} else {
					refused++
				}
			}
		}
	}
	require.Positive(t, accepted)
	require.Positive(t, refused)
}

// meet reports whether all majorities of the two configurations have a voter in common.
func meet(a, b wire.RaftConfig) bool {
	for _, x := range majorities(a) {
		for _, y := range majorities(b) {
			if x&y == 0 {
				return false
			}
		}
	}
	return true
}

// majorities lists the sets of voters that are more than half.
func majorities(c wire.RaftConfig) []uint {
	var all uint
	for _, id := range c.Voters() {
		all |= 1 << id
	}
	var sets []uint
	for set := range all + 1 {
		if set&^all == 0 && 2*bits.OnesCount(set) > bits.OnesCount(all) {
			sets = append(sets, set)
		}
	}
	return sets
}

func TestChangedRefuses(t *testing.T) {
	c := wire.NewConfig(1, 2, 3).With(wire.Member{ID: 4, NonVoter: true})
	change := func(k wire.ChangeKind, m wire.Member) wire.PeerChange {
		return wire.PeerChange{Kind: k, Member: m}
	}
	for name, changes := range map[string][]wire.PeerChange{
		"nothing":                {},
		"adding a member":        {change(wire.AddPeer, wire.Member{ID: 2})},
		"removing a stranger":    {change(wire.RemovePeer, wire.Member{ID: 9})},
		"changing a stranger":    {change(wire.ModifyPeer, wire.Member{ID: 9})},
		"a change of nothing":    {change(wire.ModifyPeer, wire.Member{ID: 2})},
		"removing the leader":    {change(wire.RemovePeer, wire.Member{ID: 1})},
		"the leader's vote":      {change(wire.ModifyPeer, wire.Member{ID: 1, NonVoter: true})},
		"two voters at once":     {change(wire.AddPeer, wire.Member{ID: 8}), change(wire.AddPeer, wire.Member{ID: 9})},
		"one member twice":       {change(wire.RemovePeer, wire.Member{ID: 4}), change(wire.RemovePeer, wire.Member{ID: 4})},
		"swap of voters at once": {change(wire.AddPeer, wire.Member{ID: 8}), change(wire.RemovePeer, wire.Member{ID: 3})},
	} {
		_, ok := Changed(c, 1, changes)
		require.False(t, ok, name)
	}
	next, ok := Changed(c, 1, []wire.PeerChange{change(wire.ModifyPeer, wire.Member{ID: 4}),
		change(wire.ModifyPeer, wire.Member{ID: 2, Replace: true})})
	require.True(t, ok)
	require.Len(t, next.Voters(), 4)
}
