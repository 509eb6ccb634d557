package raft_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// member is the program of a node that hosts one replica; it logs what was applied.
type member struct {
	replica *raft.Replica
	applied []string
}

func (m *member) Apply(e wire.Entry) {
	if e.Type == wire.WriteOp {
		m.applied = append(m.applied, string(e.Payload))
	}
}
func (m *member) ConsensusChanged() {}

func (m *member) Snapshot() []byte { return []byte(strings.Join(m.applied, ",")) }
func (m *member) Restore(state []byte) {
	if len(state) > 0 {
		m.applied = strings.Split(string(state), ",")
	}
}

// group is a world of members.
type group struct {
	*sim.World
	members []*member
}

func newGroup(t *testing.T, seed uint64, size int, cfg raft.Config) *group {
	return newGroupOn(t, sim.Config{Seed: seed}, size, cfg)
}

func newGroupOn(t *testing.T, world sim.Config, size int, cfg raft.Config) *group {
	g := &group{World: sim.New(world), members: make([]*member, size)}
	t.Cleanup(g.Close)
	var voters []wire.ServerID
	for i := range size {
		voters = append(voters, wire.ServerID(i))
	}
	for i := range size {
		g.addMember(i, cfg, wire.NewConfig(voters...))
	}
	return g
}

// addMember boots a member that begins with the configuration.
func (g *group) addMember(i int, cfg raft.Config, c wire.RaftConfig) {
	cfg.Self, cfg.Dir, cfg.Timing = wire.ServerID(i), "sys", raft.DefaultTiming()
	g.AddNode(fmt.Sprint("m", i), func(n *sim.Node) {
		m := &member{}
		g.members[i] = m
		n.Go("start", func(p *sim.Proc) {
			if !raft.Exists(n, cfg.Dir) {
				raft.Create(p, cfg.Dir, c)
			}
			var err error
			m.replica, err = raft.Open(p, cfg, m)
			p.Must(err)
			n.Serve(m.serve)
		})
	}).Boot()
}

func (m *member) serve(p *sim.Proc, _ sim.NodeID, req sim.Message) sim.Message {
	switch req := req.(type) {
	case *wire.UpdateConsensusRequest:
		return m.replica.UpdateConsensus(p, req)
	case *wire.VoteRequest:
		return m.replica.RequestVote(p, req)
	case *wire.RunLeaderElectionRequest:
		m.replica.StartElection()
		return &wire.TabletResponse{}
	}
	panic("unexpected message")
}

// leader returns the live leader of the highest term, or nil.
func (g *group) leader() *member {
	var best *member
	for i, m := range g.members {
		if g.Node(sim.NodeID(i)).Alive() && m.replica != nil && m.replica.Role() == raft.Leader &&
			(best == nil || m.replica.Term() > best.replica.Term()) {
			best = m
		}
	}
	return best
}

// propose replicates a payload through the present leader and reports how it ended.
func (g *group) propose(text string, done func(error)) {
	m := g.leader()
	if m == nil {
		done(raft.ErrNotLeader)
		return
	}
	m.replica.Node().Go("propose", func(p *sim.Proc) {
		_, err := m.replica.Replicate(p, m.replica.Term(), wire.WriteOp, []byte(text))
		done(err)
	})
}

var config = raft.Config{PreElection: true, FailureDetection: true}

func TestSingleVoterElectsItselfWithoutAMessage(t *testing.T) {
	g := newGroup(t, 1, 1, config)
	g.RunFor(100 * time.Millisecond)
	require.NotNil(t, g.leader())
	var err error = raft.ErrNotLeader
	g.propose("x", func(e error) { err = e })
	g.RunFor(100 * time.Millisecond)
	require.NoError(t, err)
	require.Equal(t, []string{"x"}, g.members[0].applied)
	require.Zero(t, g.Stats().Messages)
}

func TestLeaderIsStableWithoutFaults(t *testing.T) {
	for seed := range uint64(20) {
		g := newGroup(t, seed, 3, config)
		g.RunFor(10 * time.Second)
		first := g.leader()
		require.NotNil(t, first)
		term := first.replica.Term()
		g.RunFor(5 * time.Minute)
		require.Same(t, first, g.leader())
		require.Equal(t, term, first.replica.Term())
		require.Nil(t, g.Finding())
	}
}

func TestStepDownHandsOverInTheNextTerms(t *testing.T) {
	g := newGroup(t, 4, 3, config)
	g.RunFor(10 * time.Second)
	old := g.leader()
	term := old.replica.Term()
	require.True(t, old.replica.StepDown())
	require.False(t, old.replica.StepDown(), "it leads no longer")
	g.RunFor(10 * time.Second)
	require.NotSame(t, old, g.leader(), "its detector sleeps longer than the others'")
	require.Greater(t, g.leader().replica.Term(), term)
}

func TestDemandedElectionDeposesALiveLeader(t *testing.T) {
	g := newGroup(t, 5, 3, raft.Config{})
	g.RunFor(5 * time.Second)
	require.Nil(t, g.leader(), "without failure detection nobody stands by itself")
	for term := int64(1); term <= 6; term++ {
		m := g.members[term%3]
		m.replica.StartElection()
		g.RunFor(2 * time.Second)
		require.Same(t, m, g.leader())
		require.Equal(t, term, m.replica.Term())
	}
}

func TestDeposedLeaderCannotCommit(t *testing.T) {
	for _, endWithTerm := range []bool{false, true} {
		cfg := config
		cfg.EndWithTerm = endWithTerm
		g := newGroup(t, 6, 3, cfg)
		g.RunFor(10 * time.Second)
		old := g.leader()
		id := old.replica.Node().ID()
		partition := g.Cut(g.around(id)...)
		var lost error
		ended := false
		g.propose("lost", func(err error) { lost, ended = err, true })
		g.RunFor(10 * time.Second)
		require.NotSame(t, old, g.leader())
		require.Equal(t, raft.Leader, old.replica.Role(), "it does not know yet")
		require.False(t, ended)
		require.ErrorIs(t, confirm(g, old), raft.ErrTimedOut)
		g.propose("kept", func(err error) { require.NoError(t, err) })
		g.RunFor(5 * time.Second)
		partition.End()
		g.RunFor(20 * time.Second)
		require.True(t, ended)
		if endWithTerm {
			require.ErrorIs(t, lost, raft.ErrDeposed)
		} else {
			require.ErrorIs(t, lost, raft.ErrAborted)
		}
		for _, m := range g.members {
			require.Equal(t, []string{"kept"}, m.applied)
		}
		require.NoError(t, confirm(g, g.leader()))
	}
}

// Whatever elections collide with, every replica that does not lead watches for a leader.
func TestFailureDetectorIsNeverLost(t *testing.T) {
	for seed := range uint64(300) {
		g := newGroup(t, seed, 3, config)
		cut := g.Cut(sim.Direction{From: 0, To: 1}, sim.Direction{From: 1, To: 2},
			sim.Direction{From: 2, To: 0})
		g.RunFor(time.Minute)
		cut.End()
		g.RunFor(time.Minute)
		require.NotNil(t, g.leader(), "seed %d", seed)
		g.Close()
	}
}

// around returns every direction between a node and the others.
func (g *group) around(id sim.NodeID) []sim.Direction {
	var ways []sim.Direction
	for other := range sim.NodeID(len(g.members)) {
		if other != id {
			ways = append(ways, sim.Direction{From: id, To: other}, sim.Direction{From: other, To: id})
		}
	}
	return ways
}

// Of two voters, one has the longer log and the other the higher term. A pre-election teaches the
// first the term, even if nobody wins it, and then it is elected.
func TestPreElectionTeachesTheTerm(t *testing.T) {
	g := newGroup(t, 11, 3, config)
	g.RunFor(10 * time.Second)
	a := g.leader().replica.Node().ID()
	b, c := (a+1)%3, (a+2)%3
	cut := g.Cut(g.around(c)...)
	g.RunFor(100 * time.Millisecond)
	g.propose("x", func(err error) { require.NoError(t, err) })
	g.members[c].replica.StartElection()
	g.RunFor(200 * time.Millisecond)
	require.Greater(t, g.members[c].replica.Term(), g.members[a].replica.Term())
	g.Node(b).Kill()
	g.Node(a).Kill()
	g.RunFor(time.Minute)
	cut.End()
	g.Node(a).Boot()
	g.RunFor(time.Minute)
	require.NotNil(t, g.leader(), "a majority is up and connected")
}

// A follower that has learned of a commit in a new term, and is killed at once, has not forgotten
// the term: it does not bow to the leader of the old one.
func TestTermIsDurableBeforeWhatCameWithIt(t *testing.T) {
	for seed := range uint64(20) {
		g := newGroup(t, seed, 5, config)
		g.RunFor(10 * time.Second)
		old := g.leader().replica.Node().ID()
		a := (old + 1) % 5
		var ofOld, ofA []sim.Direction
		for other := range sim.NodeID(5) {
			if other != old && other != a {
				ofOld = append(ofOld, sim.Direction{From: old, To: other}, sim.Direction{From: other, To: old})
				ofA = append(ofA, sim.Direction{From: a, To: other}, sim.Direction{From: other, To: a})
			}
		}
		g.Cut(ofOld...)
		cut := g.Cut(ofA...)
		g.propose("of the minority", func(error) {})
		g.RunFor(time.Minute)
		told := false
		raft.EntryCommitted.Subscribe(g.World, func(e raft.EntryEvent) {
			told = told || e.Replica.Node().ID() == a
		})
		cut.End()
		for !told {
			g.RunFor(10 * time.Microsecond)
		}
		g.RunFor(400 * time.Microsecond)
		g.Node(a).Kill()
		g.Node(a).Boot()
		g.RunFor(5 * time.Second)
		require.Nil(t, g.Finding(), "seed %d", seed)
		g.Close()
	}
}

// An election that is demanded takes place, also in the middle of a candidacy that goes nowhere.
func TestDemandedElectionTakesPlace(t *testing.T) {
	for seed := range uint64(20) {
		g := newGroup(t, seed, 3, config)
		g.RunFor(10 * time.Second)
		id := (g.leader().replica.Node().ID() + 1) % 3
		g.Cut(g.around(id)...)
		g.RunFor(5 * time.Second)
		stood := 0
		raft.Candidate.Subscribe(g.World, func(raft.ReplicaEvent) { stood++ })
		g.members[id].replica.StartElection()
		g.RunFor(time.Second)
		require.NotZero(t, stood, "seed %d", seed)
		g.Close()
	}
}

// A follower whose disk is slow does not stand against a leader that it hears.
func TestSlowDisksDoNotDepose(t *testing.T) {
	for _, pre := range []bool{true, false} {
		for seed := range uint64(5) {
			g := newGroupOn(t, sim.Config{Seed: seed, Disk: sim.DiskConfig{Sync: sim.Latency{
				Min: 500 * time.Microsecond, Max: 5 * time.Millisecond, TailPPM: 20_000,
				TailMax: 2 * time.Second}}}, 3, raft.Config{PreElection: pre, FailureDetection: true})
			g.RunFor(20 * time.Second)
			stood := 0
			raft.Candidate.Subscribe(g.World, func(raft.ReplicaEvent) { stood++ })
			for range 600 {
				g.propose("x", func(error) {})
				g.RunFor(200 * time.Millisecond)
			}
			require.Zero(t, stood)
			g.Close()
		}
	}
}

// After a failure the leader's next try waits for the heartbeat.
func TestDeadFollowerIsTriedOnceAHeartbeat(t *testing.T) {
	g := newGroup(t, 3, 3, config)
	g.RunFor(10 * time.Second)
	leader := g.leader().replica.Node().ID()
	dead := (leader + 1) % 3
	g.Node(dead).Kill()
	g.RunFor(2 * time.Second)
	sent := 0
	sim.Sent.Subscribe(g.World, func(e *sim.Envelope) {
		if e.From == leader && e.To == dead {
			sent++
		}
	})
	for range 100 {
		g.propose("x", func(error) {})
		g.RunFor(20 * time.Millisecond)
	}
	require.InDelta(t, 4, sent, 2)
}

func confirm(g *group, m *member) error {
	var err error
	m.replica.Node().Go("confirm", func(p *sim.Proc) {
		err = m.replica.ConfirmLeadership(p, m.replica.Term(), p.Now().Add(time.Second))
	})
	g.RunFor(2 * time.Second)
	return err
}

// Under kills, power losses, pauses and cuts, what was acknowledged is applied by everyone, in
// one order, and progress returns when the faults end.
func TestAcknowledgedEntriesSurviveFaults(t *testing.T) {
	stream := sim.NewStream("test/faults")
	for seed := range uint64(60) {
		size := 3 + 2*int(seed%2)
		cfg := config
		if seed%3 > 0 { // segments roll over, and old ones are let go
			cfg.Log.SegmentSize = 256
		}
		g := newGroup(t, seed, size, cfg)
		rnd := sim.NewRand(seed, stream)
		acked := map[string]bool{}
		for i := range 200 {
			text := fmt.Sprint(i)
			g.At(sim.Time(i)*sim.Time(300*time.Millisecond), uint64(i), func() {
				g.propose(text, func(err error) {
					if err == nil {
						acked[text] = true
					}
				})
			})
		}
		for i := range 15 {
			at := sim.Time(rnd.Duration(0, time.Minute))
			n := g.Node(sim.NodeID(rnd.Intn(size)))
			other := sim.NodeID(rnd.Intn(size))
			kind, length := rnd.Intn(4), rnd.Duration(0, 8*time.Second)
			g.At(at, uint64(1000+i), func() {
				undo := disturb(g, n, other, kind)
				g.At(at.Add(length), uint64(2000+i), undo)
			})
		}
		g.RunUntil(sim.Time(2 * time.Minute))
		require.Nil(t, g.Finding(), "seed %d", seed)
		require.NotNil(t, g.leader(), "seed %d", seed)
		require.Greater(t, len(acked), 50, "seed %d", seed)
		for _, m := range g.members {
			require.Equal(t, g.members[0].applied, m.applied, "seed %d", seed)
		}
		have := map[string]bool{}
		for _, text := range g.members[0].applied {
			have[text] = true
		}
		for text := range acked {
			require.True(t, have[text], "seed %d lost %s", seed, text)
		}
	}
}

func disturb(g *group, n *sim.Node, other sim.NodeID, kind int) (undo func()) {
	switch kind {
	case 0:
		n.Kill()
		return n.Boot
	case 1:
		n.PowerOff()
		return n.Boot
	case 2:
		n.Pause()
		return n.Resume
	default:
		return g.Cut(sim.Direction{From: n.ID(), To: other}).End
	}
}
