package rebalancer

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/ksck"
	"tabletop/model/rebalance"
	"tabletop/model/wire"
	"tabletop/sim"
)

const tablet wire.TabletID = 7

// config returns a configuration of the voters 1, 2, 3 and of more members.
func config(index int64, more ...wire.Member) wire.RaftConfig {
	c := wire.NewConfig(1, 2, 3)
	for _, m := range more {
		c = c.With(m)
	}
	c.Index = index
	return c
}

func TestProgressOfMoves(t *testing.T) {
	marked := wire.Member{ID: 1, Replace: true}
	coming := wire.Member{ID: 4, NonVoter: true, Promote: true}
	for name, c := range map[string]struct {
		to     wire.ServerID
		config wire.RaftConfig
		leader wire.ServerID
		want   Progress
	}{
		"not begun":              {4, config(5), 2, UnderWay},
		"begun":                  {4, config(6, marked, coming), 2, UnderWay},
		"begun, leads":           {4, config(6, marked, coming), 1, UnderWay},
		"promoted":               {4, config(7, marked, wire.Member{ID: 4}), 2, UnderWay},
		"promoted, leads":        {4, config(7, marked, wire.Member{ID: 4}), 1, StepDownNeeded},
		"evicted":                {4, config(8, wire.Member{ID: 4}).Without(1), 2, Completed},
		"evicted before it came": {4, config(8, coming).Without(1), 2, UnderWay},
		"the other vanished":     {4, config(8, marked), 2, Failed},
		"both vanished":          {4, config(8).Without(1), 2, Failed},
		"the mark is gone":       {4, config(8, wire.Member{ID: 4}), 2, Failed},

		"to be replaced":        {wire.NoServer, config(6, marked), 2, UnderWay},
		"to be replaced, leads": {wire.NoServer, config(6, marked), 1, StepDownNeeded},
		"another comes":         {wire.NoServer, config(7, marked, coming), 1, UnderWay},
		"replaced": {wire.NoServer, config(8, wire.Member{ID: 4}).Without(1), 2,
			Completed},
	} {
		m := Move{Tablet: tablet, From: 1, To: c.to, Index: 5}
		require.Equal(t, c.want, m.Judge(wire.ConsensusState{Leader: c.leader, Config: c.config}),
			name)
	}
}

// What is under way to another configuration is left alone and counts as it will be, and replicas
// elsewhere do not count.
func TestDescribe(t *testing.T) {
	servers := []wire.TServerDescription{{ID: 1, Location: "/a"}, {ID: 2, Location: "/b"}, {ID: 4}}
	for name, c := range map[string]struct {
		config  wire.RaftConfig
		pending bool
		moving  bool
		want    []int
	}{
		"settled":      {config(1), false, false, []int{0, 1}},
		"pending":      {config(1), true, true, []int{0, 1}},
		"one too many": {config(1, wire.Member{ID: 4}), false, true, []int{0, 1, 2}},
		"one too few":  {config(1).Without(3), false, true, []int{0, 1}},
		"a mark":       {config(1, wire.Member{ID: 1, Replace: true}), false, true, []int{1}},
		"a copy":       {config(1, wire.Member{ID: 4, NonVoter: true}), false, true, []int{0, 1}},
		"a move": {config(1, wire.Member{ID: 1, Replace: true}, wire.Member{ID: 4,
			NonVoter: true, Promote: true}), false, true, []int{1, 2}},
	} {
		v := Describe(servers, []wire.TableDescription{{ID: 9, Replicas: 3,
			Tablets: []wire.TabletDescription{{ID: tablet, State: wire.ConsensusState{Leader: 2,
				Config: c.config, Pending: c.pending}}}}},
			func(wire.TabletID) ksck.Status { return ksck.Recovering })
		got := v.Tablets[0]
		require.Equal(t, c.moving, got.Moving, name)
		require.Equal(t, c.want, got.Replicas, name)
		require.Equal(t, 1, got.Leader, name)
		require.Equal(t, rebalance.Recovering, got.Health, name)
	}
}

func TestMovesOfThePolicyFixerOnlyMark(t *testing.T) {
	m := Move{Tablet: tablet, From: 1, To: wire.NoServer, Index: 5}
	req := m.Request(2)
	require.Equal(t, []wire.PeerChange{{Kind: wire.ModifyPeer,
		Member: wire.Member{ID: 1, Replace: true}}}, req.Changes)
	require.EqualValues(t, 5, req.CAS)
	m.To = 4
	require.Len(t, m.Request(2).Changes, 2)
}

// A move that nobody has granted lapses if the configuration is still the one that it was to change.
func TestLapsedMoves(t *testing.T) {
	for name, c := range map[string]struct {
		unsure sim.Time
		index  int64
		want   bool
	}{
		"not begun":             {10, 5, true},
		"not begun, may yet":    {11, 5, false},
		"begun, as it seems":    {10, 6, false},
		"granted, not reported": {sim.Never, 5, false},
	} {
		asked := Asked{Move{Tablet: tablet, From: 1, To: 4, Index: 5}, c.unsure}
		require.Equal(t, c.want, asked.Lapsed(wire.ConsensusState{Config: config(c.index)}, 10),
			name)
	}
}
