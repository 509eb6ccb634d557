package etcdraft

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

func (m *member) id() wire.ServerID { return wire.ServerID(m.node().ID()) }

// led returns a group of three with a machine to spare, and its leader before the two others.
func led(t *testing.T, seed uint64) (g *group, leader, second, third *member) {
	g = newGroup(t, sim.Config{Seed: seed}, 3, Open, config)
	g.RunFor(10 * time.Second)
	leader = g.leader()
	require.NotNil(t, leader)
	g.host(leader.replica.Config().Voters())
	return g, leader, g.members[(leader.id()+1)%3], g.members[(leader.id()+2)%3]
}

// change asks a member for changes and returns its answer: TimedOut if there is none yet, and
// UnknownError if it is OK but the new configuration is not durable.
func (g *group) change(m *member, cas int64, changes ...wire.PeerChange) *wire.Code {
	code := wire.TimedOut
	m.node().Go("change", func(p *sim.Proc) {
		code = m.replica.ChangeConfig(p, cas, changes)
		file, _ := m.node().Disk().Durable(raft.MetaFile("sys"))
		meta, _ := raft.ReadMeta("sys", file)
		if code == wire.OK && !meta.Config.Equal(m.replica.Config()) {
			code = wire.UnknownError
		}
	})
	g.RunFor(100 * time.Millisecond)
	return &code
}

func adding(id wire.ServerID, promote bool) wire.PeerChange {
	return wire.PeerChange{Kind: wire.AddPeer,
		Member: wire.Member{ID: id, NonVoter: true, Promote: promote}}
}

func removing(m *member) wire.PeerChange {
	return wire.PeerChange{Kind: wire.RemovePeer, Member: wire.Member{ID: m.id()}}
}

func TestNewcomerBecomesVoterAndFounderLeaves(t *testing.T) {
	g, leader, second, third := led(t, 1)
	g.propose("before", func(err error) { require.NoError(t, err) })
	require.Equal(t, wire.OK, *g.change(leader, -1, adding(3, true)))
	require.Equal(t, []wire.Health{wire.Healthy, wire.Healthy, wire.Healthy, wire.HealthUnknown},
		leader.replica.State().Health)
	g.RunFor(10 * time.Second)
	require.False(t, leader.replica.Config().IsVoter(3), "it has answered nothing")

	raft.EntryAppended.Subscribe(g.World, func(e raft.AppendedEvent) {
		if e.Entry.Type == wire.ChangeConfig && e.Replica == leader.replica.(raft.Observed) {
			require.Equal(t, e.Entry.Index-1, g.members[3].replica.(*Replica).LastLogged().Index)
		}
	})
	g.Node(3).Boot()
	g.RunFor(5 * time.Second)
	for _, m := range g.members {
		require.Equal(t, []wire.ServerID{0, 1, 2, 3}, m.replica.Config().Voters())
		require.Equal(t, []string{"before"}, m.applied)
	}
	require.Equal(t, wire.OK, *g.change(leader, wire.NoCAS, removing(third)))
	term := leader.replica.Term()
	g.RunFor(time.Minute)
	require.Same(t, leader, g.leader())
	require.Equal(t, term, leader.replica.Term(), "who was removed disturbs nobody")

	third.node().PowerOff()
	raft.ConfigCommitted.Subscribe(g.World, func(e raft.ReplicaEvent) {
		require.Fail(t, "a configuration was not on disk", "%v", e)
	})
	for _, m := range []*member{leader, second, g.members[3]} {
		m.node().PowerOff()
		m.node().Boot()
	}
	g.RunFor(20 * time.Second)
	second = g.members[second.id()]
	g.propose("after", func(err error) { require.NoError(t, err) })
	g.RunFor(time.Second)
	require.Equal(t, []string{"before", "after"}, second.applied)
	require.Len(t, second.replica.Config().Voters(), 3)
	require.False(t, second.replica.Config().Has(third.id()))
}

// What is not to become a voter gets the log and counts for nothing.
func TestNonVoter(t *testing.T) {
	g, leader, second, third := led(t, 2)
	require.Equal(t, wire.OK, *g.change(leader, wire.NoCAS, adding(3, false)))
	g.Node(3).Boot()
	g.propose("learnt", func(err error) { require.NoError(t, err) })
	g.RunFor(5 * time.Second)
	learner := g.members[3]
	require.Equal(t, []string{"learnt"}, learner.applied)
	learner.replica.StartElection()
	require.Equal(t, wire.InvalidConfig, leader.replica.TransferLeadership(3))

	second.node().Kill()
	third.node().Kill()
	var lost error
	g.propose("lost", func(err error) { lost = err })
	g.RunFor(time.Minute)
	require.NoError(t, lost, "it still waits")
	require.Equal(t, []string{"learnt"}, leader.applied)
	require.ErrorIs(t, g.confirm(leader), raft.ErrTimedOut)
	leader.node().Kill()
	term := learner.replica.Term()
	g.RunFor(time.Minute)
	require.Equal(t, term, learner.replica.Term(), "it does not stand for election")
}

func TestChangesThatAreRefused(t *testing.T) {
	g, leader, second, third := led(t, 3)
	require.Equal(t, wire.NotTheLeader, *g.change(second, wire.NoCAS, adding(3, true)))
	require.Equal(t, wire.CASFailed, *g.change(leader, 1, adding(3, true)))
	require.Equal(t, wire.InvalidConfig, *g.change(leader, -1, removing(leader)))
	require.Equal(t, wire.InvalidConfig, *g.change(leader, -1, adding(second.id(), true)))

	cut := g.Cut(g.around(leader.node().ID())...)
	first := g.change(leader, -1, removing(third))
	require.Equal(t, wire.TimedOut, *first)
	require.True(t, leader.replica.State().Pending)
	require.Equal(t, wire.IllegalState, *g.change(leader, -1, adding(3, true)), "one at a time")
	require.Len(t, leader.replica.(raft.Observed).Active().Members, 3)
	cut.End()
	g.RunFor(2 * time.Second)
	require.Equal(t, wire.OK, *first)
	require.Equal(t, wire.CASFailed, *g.change(leader, -1, adding(3, true)))
	require.Equal(t, wire.OK, *g.change(leader, leader.replica.Config().Index, adding(3, true)))
}

// A leader whose removal was begun by the one before it learns of it as a leader, and steps down.
func TestLeaderThatWasRemoved(t *testing.T) {
	g, leader, second, third := led(t, 4)
	acks := g.Cut(sim.Direction{From: second.node().ID(), To: leader.node().ID()},
		sim.Direction{From: third.node().ID(), To: leader.node().ID()})
	code := g.change(leader, -1, removing(second))
	cut := g.Cut(g.around(leader.node().ID())...)
	acks.End()
	elected := 0
	raft.Elected.Subscribe(g.World, func(e raft.ReplicaEvent) {
		if e.Replica == second.replica.(raft.Observed) {
			elected++
		}
	})
	second.replica.StartElection()
	g.RunFor(5 * time.Second)
	require.Equal(t, 1, elected)
	require.Equal(t, raft.Follower, second.replica.Role())
	require.False(t, third.replica.Config().Has(second.id()))
	require.Equal(t, wire.TimedOut, *code)
	cut.End()
	g.RunFor(20 * time.Second)
	require.Equal(t, wire.OK, *code)
	require.Equal(t, 1, elected)
	require.Contains(t, []*member{leader, third}, g.leader())
}

func TestTransferLeadership(t *testing.T) {
	g, leader, second, third := led(t, 5)
	require.Equal(t, wire.NotTheLeader, second.replica.TransferLeadership(third.id()))
	require.Equal(t, wire.OK, leader.replica.TransferLeadership(leader.id()))
	require.Equal(t, wire.OK, leader.replica.TransferLeadership(third.id()))
	g.RunFor(time.Second)
	require.Same(t, third, g.leader())

	// An idle server that is gone has as much of the log as any other.
	leader.node().Kill()
	g.RunFor(5 * time.Second)
	require.Equal(t, wire.OK, third.replica.TransferLeadership(wire.NoServer))
	g.RunFor(time.Second)
	require.Same(t, second, g.leader())
}

// While leadership is handed to somebody who does not take it the leader takes no entries, and then
// it does again.
func TestTransferThatFails(t *testing.T) {
	g, leader, second, _ := led(t, 6)
	g.Cut(g.around(second.node().ID())...)
	refused := func(err error) { require.ErrorIs(t, err, raft.ErrNotLeader) }
	require.Equal(t, wire.OK, leader.replica.TransferLeadership(second.id()))
	g.propose("refused", refused)
	require.Equal(t, wire.ServiceUnavailable, leader.replica.TransferLeadership(second.id()))
	require.Equal(t, wire.ServiceUnavailable, *g.change(leader, -1, removing(second)))
	g.RunFor(2 * time.Second)
	g.propose("taken", func(err error) { require.NoError(t, err) })
	g.RunFor(time.Second)
	require.Equal(t, []string{"taken"}, leader.applied)
	require.Same(t, leader, g.leader())
}

// Whoever has a later configuration in its log knows that the one before was committed.
func TestWhatTheDiskKnowsToBeCommitted(t *testing.T) {
	var entries []wire.Entry
	for i, kind := range []wire.EntryType{wire.NoOp, wire.ChangeConfig, wire.WriteOp, wire.ChangeConfig,
		wire.WriteOp} {
		entries = append(entries, wire.Entry{OpID: wire.OpID{Term: 1, Index: int64(i + 1)}, Type: kind,
			Payload: []byte{byte(i)}})
	}
	m := newMemory(entries)
	require.Equal(t, int64(2), m.committed(1, wire.RaftConfig{Index: -1}))
	require.Equal(t, int64(3), m.committed(3, wire.RaftConfig{Index: 2}))
	require.Equal(t, int64(4), m.committed(3, wire.RaftConfig{Index: 4}))
	for i, e := range m.entries {
		if entries[i].Type == wire.NoOp {
			entries[i].Payload = nil
		}
		require.Equal(t, entries[i], unpack(e))
	}
}
