package raft_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// join adds a member that begins with an empty log and no configuration.
func (g *group) join(cfg raft.Config) wire.ServerID {
	i := len(g.members)
	g.members = append(g.members, nil)
	g.addMember(i, cfg, wire.NewConfig())
	return wire.ServerID(i)
}

// change asks the present leader for a change until it is made.
func (g *group) change(t *testing.T, changes ...wire.PeerChange) {
	for end := g.Now().Add(time.Minute); g.Now() < end; {
		code := g.tryChange(wire.NoCAS, changes...)
		if code == wire.OK {
			return
		}
		g.RunFor(100 * time.Millisecond)
	}
	require.Fail(t, "not changed", "%v", changes)
}

func (g *group) tryChange(cas int64, changes ...wire.PeerChange) wire.Code {
	m := g.leader()
	if m == nil {
		return wire.NotTheLeader
	}
	code := wire.TimedOut
	m.replica.Node().Go("change", func(p *sim.Proc) {
		code = m.replica.ChangeConfig(p, cas, changes)
	})
	g.RunFor(500 * time.Millisecond)
	return code
}

func add(id wire.ServerID, as wire.Member) wire.PeerChange {
	as.ID = id
	return wire.PeerChange{Kind: wire.AddPeer, Member: as}
}

func remove(id wire.ServerID) wire.PeerChange {
	return wire.PeerChange{Kind: wire.RemovePeer, Member: wire.Member{ID: id}}
}

var learner = wire.Member{NonVoter: true, Promote: true}

// load proposes an entry every 20 ms and keeps what was acknowledged, and the longest time without.
type load struct {
	acked []string
	last  sim.Time
	gap   time.Duration
}

func (g *group) load() *load {
	l := &load{last: g.Now()}
	for i := range 100_000 {
		text := fmt.Sprint("w", i)
		at := g.Now().Add(time.Duration(i) * 20 * time.Millisecond)
		if at > g.Now().Add(5*time.Minute) {
			break
		}
		g.At(at, uint64(i), func() {
			g.propose(text, func(err error) {
				if err == nil {
					l.gap = max(l.gap, g.Now().Sub(l.last))
					l.acked, l.last = append(l.acked, text), g.Now()
				}
			})
		})
	}
	return l
}

// A group grows from one to five and shrinks again while it is written to: nothing that was
// acknowledged is lost, and no moment without service is longer than an election.
func TestGrowAndShrinkUnderLoad(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		g := newGroup(t, seed, 1, config)
		g.RunFor(time.Second)
		l := g.load()
		for range 4 {
			id := g.join(config)
			g.change(t, add(id, learner))
			g.RunFor(3 * time.Second)
			require.True(t, g.leader().replica.Config().IsVoter(id), "seed %d: not promoted", seed)
		}
		require.Len(t, g.leader().replica.Config().Voters(), 5)
		for len(g.leader().replica.Config().Voters()) > 1 {
			victim := g.leader().replica.Config().Voters()[0]
			if victim == g.leader().replica.ID() { // it cannot remove itself
				g.leader().replica.TransferLeadership(wire.NoServer)
				g.RunFor(3 * time.Second)
				continue
			}
			g.change(t, remove(victim))
			g.Node(victim.Node()).Kill()
			g.RunFor(time.Second)
		}
		last := g.leader()
		g.RunFor(time.Second)
		require.Subset(t, last.applied, l.acked, "seed %d", seed)
		require.NotEmpty(t, l.acked)
		require.Less(t, l.gap, 5*time.Second, "seed %d: longer than an election", seed)
		require.Nil(t, g.Finding())
		g.Close()
	}
}

// Changes come one at a time, to the configuration that is meant, and not before the leader has
// committed an entry of its own term.
func TestChangesThatAreRefused(t *testing.T) {
	g := newGroup(t, 1, 3, config)
	g.RunFor(10 * time.Second)
	leader := g.leader().replica
	other := (leader.ID() + 1) % 3
	require.Equal(t, wire.CASFailed, g.tryChange(7, remove(other)))
	require.Equal(t, wire.InvalidConfig, g.tryChange(-1, remove(leader.ID())))
	require.Equal(t, wire.InvalidConfig, g.tryChange(-1, add(other, wire.Member{})))
	require.Equal(t, wire.InvalidConfig, g.tryChange(-1, remove(9)))

	cut := g.Cut(g.around(leader.Node().ID())...)
	require.Equal(t, wire.TimedOut, g.tryChange(-1, remove(other)), "it cannot commit")
	require.Len(t, leader.Active().Members, 2, "but it counts already")
	require.Len(t, leader.Config().Members, 3)
	code := wire.OK
	leader.Node().Go("change", func(p *sim.Proc) {
		code = leader.ChangeConfig(p, wire.NoCAS, []wire.PeerChange{remove(other)})
	})
	g.RunFor(time.Millisecond)
	require.Equal(t, wire.IllegalState, code, "another one is pending")

	g.RunFor(10 * time.Second)
	cut.End()
	g.RunFor(20 * time.Second)
	require.NotEqual(t, leader.ID(), g.leader().replica.ID())
	require.Len(t, leader.Active().Members, 3, "the entry was aborted")
}

// Whoever is added without a vote gets the log, and neither votes nor counts.
func TestNonVoterNeitherVotesNorCounts(t *testing.T) {
	g := newGroup(t, 2, 1, config)
	g.RunFor(time.Second)
	id := g.join(config)
	g.change(t, add(id, wire.Member{NonVoter: true}))
	g.RunFor(5 * time.Second)
	require.False(t, g.leader().replica.Config().IsVoter(id), "nobody asked to promote it")
	g.Node(id.Node()).Kill()
	var err error = raft.ErrTimedOut
	g.propose("x", func(e error) { err = e })
	g.RunFor(time.Second)
	require.NoError(t, err)
	g.Node(id.Node()).Boot()
	g.RunFor(time.Second)
	require.Equal(t, []string{"x"}, g.members[id].applied)
	g.Node(0).Kill()
	g.RunFor(time.Minute)
	require.Nil(t, g.leader(), "it does not stand")
}

func TestTransferToTheNamedSuccessor(t *testing.T) {
	for seed := range uint64(20) {
		g := newGroup(t, seed, 5, config)
		g.RunFor(10 * time.Second)
		old := g.leader().replica
		heir := (old.ID() + 2) % 5
		require.Equal(t, wire.OK, old.TransferLeadership(heir))
		require.Equal(t, wire.ServiceUnavailable, old.TransferLeadership(heir), "one at a time")
		g.RunFor(1100 * time.Millisecond)
		require.Equal(t, heir, g.leader().replica.ID(), "seed %d", seed)
		require.Equal(t, old.Term(), g.leader().replica.Term())
		g.Close()
	}
}

// What a tombstone promised it keeps: it does not vote twice, nor for a log shorter than its own.
func TestTombstoneVotes(t *testing.T) {
	g := newGroup(t, 3, 1, config)
	g.RunFor(time.Second)
	var tombstone *raft.Replica
	g.members[0].replica.Node().Go("bury", func(p *sim.Proc) {
		last := g.members[0].replica.LastLogged()
		g.members[0].replica.Shutdown(p)
		mine := config
		mine.Dir, mine.Timing = "sys", raft.DefaultTiming()
		var err error
		tombstone, err = raft.OpenTombstone(p, mine, last)
		p.Must(err)
	})
	ask := func(candidate wire.ServerID, term int64, last wire.OpID) wire.Code {
		code := wire.TimedOut
		g.members[0].replica.Node().Go("ask", func(p *sim.Proc) {
			code = tombstone.RequestVote(p, &wire.VoteRequest{Candidate: candidate, Term: term,
				LastLogged: last}).Code
		})
		g.RunFor(time.Second)
		return code
	}
	g.RunFor(time.Second)
	last := tombstone.LastLogged()
	require.Positive(t, last.Index)
	require.Equal(t, wire.LastOpIDTooOld, ask(7, 5, wire.OpID{}))
	require.Equal(t, wire.OK, ask(8, 5, last))
	require.Equal(t, wire.AlreadyVoted, ask(9, 5, last))
}

// A leader that has committed something of its term, and has no later configuration, tells that no
// earlier leader's will be committed. It may append one itself.
func TestWhatLeadersToldStaysTrue(t *testing.T) {
	g := newGroup(t, 1, 3, config)
	g.RunFor(10 * time.Second)
	told := g.leader().replica.State()
	require.True(t, told.Settled && !told.Pending)
	leader := g.leader().replica
	g.Cut(g.around(leader.Node().ID())...)
	require.Equal(t, wire.TimedOut, g.tryChange(wire.NoCAS, remove((leader.ID()+1)%3)))
	require.True(t, leader.State().Pending)
	require.True(t, leader.Beyond(told.Config.Index, told.Term), "it may commit")
	require.False(t, leader.Beyond(told.Config.Index, told.Term+1))
}

// A leader that has committed nothing tells nothing: an earlier one may lead again, and commit a
// configuration that it never had.
func TestLeaderIsNotSettledBeforeItsFirstCommit(t *testing.T) {
	g := newGroup(t, 1, 3, config)
	g.RunFor(10 * time.Second)
	id := g.join(config)
	first := g.leader().replica
	before := first.Config().Index
	cut := g.Cut(g.around(first.Node().ID())...)
	require.Equal(t, wire.TimedOut, g.tryChange(wire.NoCAS, add(id, wire.Member{NonVoter: true})))
	var second raft.Observed
	raft.Elected.Subscribe(g.World, func(e raft.ReplicaEvent) {
		if second == nil {
			second = e.Replica
			g.Cut(g.around(second.Node().ID())...)
		}
	})
	for second == nil {
		g.RunFor(time.Millisecond)
	}
	told := g.members[second.ID()].replica.State()
	require.Equal(t, second.ID(), told.Leader)
	require.Equal(t, before, told.Config.Index)
	require.False(t, told.Pending || told.Settled)
	require.False(t, first.Beyond(before, told.Term), "of an earlier term")
	cut.End()
	g.RunFor(20 * time.Second)
	require.True(t, first.Config().Has(id), "it is committed all the same")
}
