package etcdraft

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// member is the program of a node that hosts one replica; it remembers what was applied.
type member struct {
	replica raft.Consensus
	applied []string
	took    func(wire.Entry) // instead of remembering, if set
}

func (m *member) Apply(e wire.Entry) {
	switch {
	case e.Type != wire.WriteOp:
	case m.took != nil:
		m.took(e)
	default:
		m.applied = append(m.applied, string(e.Payload))
	}
}

func (m *member) ConsensusChanged() {}
func (m *member) Snapshot() []byte  { return nil }
func (m *member) Restore([]byte)    {}

// group is a world of members.
type group struct {
	*sim.World
	members []*member
	open    raft.Opener
	cfg     raft.Config
}

var config = raft.Config{PreElection: true, FailureDetection: true}

func newGroup(tb testing.TB, world sim.Config, size int, open raft.Opener,
	cfg raft.Config) *group {
	g := &group{World: sim.New(world), open: open, cfg: cfg}
	tb.Cleanup(g.Close)
	g.cfg.Dir, g.cfg.Timing = "sys", raft.DefaultTiming()
	var voters []wire.ServerID
	for i := range size {
		voters = append(voters, wire.ServerID(i))
	}
	for range size {
		g.host(voters).Boot()
	}
	return g
}

// host adds a node that begins, when it is booted, with the configuration of the founders.
func (g *group) host(founders []wire.ServerID) *sim.Node {
	i := len(g.members)
	g.members = append(g.members, nil)
	return g.AddNode(fmt.Sprint("m", i), func(n *sim.Node) {
		m := &member{}
		g.members[i] = m
		n.Go("start", func(p *sim.Proc) {
			if !raft.Exists(n, g.cfg.Dir) {
				raft.Create(p, g.cfg.Dir, wire.NewConfig(founders...))
			}
			var err error
			mine := g.cfg
			mine.Self = wire.ServerID(n.ID())
			m.replica, err = g.open(p, mine, m)
			p.Must(err)
			n.Serve(m.serve)
		})
	})
}

func (m *member) serve(p *sim.Proc, _ sim.NodeID, req sim.Message) sim.Message {
	if vote, ok := req.(*wire.VoteRequest); ok {
		return m.replica.RequestVote(p, vote)
	}
	return m.replica.UpdateConsensus(p, req.(*wire.UpdateConsensusRequest))
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

func (m *member) node() *sim.Node { return m.replica.(raft.Observed).Node() }

// propose replicates a payload through the present leader and reports how it ended.
func (g *group) propose(text string, done func(error)) {
	m := g.leader()
	if m == nil {
		done(raft.ErrNotLeader)
		return
	}
	m.node().Go("propose", func(p *sim.Proc) {
		_, err := m.replica.Replicate(p, m.replica.Term(), wire.WriteOp, []byte(text))
		done(err)
	})
}

func (g *group) confirm(m *member) error {
	err := raft.ErrTimedOut
	m.node().Go("confirm", func(p *sim.Proc) {
		err = m.replica.ConfirmLeadership(p, m.replica.Term(), p.Now().Add(time.Second))
	})
	g.RunFor(2 * time.Second)
	return err
}

// around returns the directions between a node and all others.
func (g *group) around(id sim.NodeID) []sim.Direction {
	var all []sim.Direction
	for _, n := range g.Nodes() {
		if n.ID() != id {
			all = append(all, sim.Direction{From: id, To: n.ID()},
				sim.Direction{From: n.ID(), To: id})
		}
	}
	return all
}

// A follower and a candidate can be made to stand, against a live leader too.
func TestDemandedElections(t *testing.T) {
	g := newGroup(t, sim.Config{Seed: 5}, 3, Open, raft.Config{})
	g.RunFor(5 * time.Second)
	require.Nil(t, g.leader(), "without failure detection nobody stands by itself")
	for term := int64(1); term <= 6; term++ {
		m := g.members[term%3]
		m.replica.StartElection()
		g.RunFor(2 * time.Second)
		require.Same(t, m, g.leader())
		require.Equal(t, term, m.replica.Term())
	}
	m := g.members[1]
	cut := g.Cut(g.around(1)...)
	m.replica.StartElection()
	m.replica.StartElection()
	require.Equal(t, int64(9), m.replica.Term(), "a candidate gives up its term first")
	cut.End()
	m.replica.StartElection()
	g.RunFor(2 * time.Second)
	require.Same(t, m, g.leader())
}

func TestStepDown(t *testing.T) {
	g := newGroup(t, sim.Config{Seed: 4}, 3, Open, config)
	g.RunFor(10 * time.Second)
	old := g.leader()
	term := old.replica.Term()
	require.True(t, old.replica.StepDown())
	require.False(t, old.replica.StepDown(), "it leads no longer")
	require.Equal(t, term+1, old.replica.Term())
	g.RunFor(10 * time.Second)
	require.NotSame(t, old, g.leader(), "its detector sleeps longer than the others'")
}

func TestLeaderThatIsCutOff(t *testing.T) {
	for _, endWithTerm := range []bool{false, true} {
		cfg := config
		cfg.EndWithTerm = endWithTerm
		g := newGroup(t, sim.Config{Seed: 6}, 3, Open, cfg)
		g.RunFor(10 * time.Second)
		old := g.leader()
		require.NoError(t, g.confirm(old))
		cut := g.Cut(g.around(old.node().ID())...)
		var lost error
		g.propose("lost", func(err error) { lost = err })
		g.RunFor(10 * time.Second)
		require.NotSame(t, old, g.leader())
		require.Equal(t, raft.Leader, old.replica.Role(), "it does not know yet")
		require.ErrorIs(t, g.confirm(old), raft.ErrTimedOut)
		g.propose("kept", func(err error) { require.NoError(t, err) })
		cut.End()
		g.RunFor(5 * time.Second)
		want := map[bool]error{false: raft.ErrAborted, true: raft.ErrDeposed}[endWithTerm]
		require.ErrorIs(t, lost, want)
		for _, m := range g.members {
			require.Equal(t, []string{"kept"}, m.applied)
		}
	}
}

// A follower that does not hear the leader cannot depose it while others do.
func TestVotesAreWithheldWhileALeaderLives(t *testing.T) {
	g := newGroup(t, sim.Config{Seed: 8}, 3, Open, config)
	g.RunFor(10 * time.Second)
	leader := g.leader()
	term, id := leader.replica.Term(), leader.node().ID()
	g.Cut(sim.Direction{From: id, To: (id + 1) % 3})
	g.RunFor(time.Minute)
	require.Same(t, leader, g.leader())
	require.Equal(t, term, leader.replica.Term())
}

// A replica that was alone, and stood in vain, comes back and joins, though its term is higher
// than the leader's and votes are withheld from it.
func TestReturnAfterElectionsInVain(t *testing.T) {
	for _, pre := range []bool{false, true} {
		cfg := config
		cfg.PreElection = pre
		g := newGroup(t, sim.Config{Seed: 7}, 3, Open, cfg)
		g.RunFor(10 * time.Second)
		term := g.leader().replica.Term()
		alone := g.members[(g.leader().node().ID()+1)%3]
		cut := g.Cut(g.around(alone.node().ID())...)
		g.RunFor(time.Minute)
		if pre {
			require.Equal(t, term, alone.replica.Term())
		} else {
			require.Greater(t, alone.replica.Term(), term)
		}
		cut.End()
		g.RunFor(20 * time.Second)
		require.NotNil(t, g.leader())
		for _, m := range g.members {
			require.Equal(t, g.leader().replica.Term(), m.replica.Term())
		}
	}
}

// Under kills, power losses, pauses and cuts, what was acknowledged is applied by everyone, in
// one order, and progress returns when the faults end.
func TestAcknowledgedEntriesSurviveFaults(t *testing.T) {
	for seed := range uint64(20) {
		g, acked := stormy(t, seed)
		g.RunUntil(sim.Time(2 * time.Minute))
		require.Nil(t, g.Finding(), "seed %d", seed)
		require.Greater(t, len(*acked), 50, "seed %d", seed)
		for _, m := range g.members {
			require.Equal(t, g.members[0].applied, m.applied, "seed %d", seed)
		}
		require.Subset(t, g.members[0].applied, *acked, "seed %d", seed)
	}
}

var streamFaults = sim.NewStream("test/faults")

// stormy returns a group under faults for a minute, and what is acknowledged to its proposers.
func stormy(t *testing.T, seed uint64) (*group, *[]string) {
	size := 3 + 2*int(seed%2)
	g := newGroup(t, sim.Config{Seed: seed}, size, Open, config)
	rnd := sim.NewRand(seed, streamFaults)
	acked := &[]string{}
	for i := range 200 {
		g.At(sim.Time(i)*sim.Time(300*time.Millisecond), uint64(i), func() {
			g.propose(fmt.Sprint(i), func(err error) {
				if err == nil {
					*acked = append(*acked, fmt.Sprint(i))
				}
			})
		})
	}
	for i := range 15 {
		at, length := sim.Time(rnd.Duration(0, time.Minute)), rnd.Duration(0, 8*time.Second)
		n, other := g.Node(sim.NodeID(rnd.Intn(size))), sim.NodeID(rnd.Intn(size))
		kind := rnd.Intn(4)
		g.At(at, uint64(1000+i), func() {
			g.At(at.Add(length), uint64(2000+i), disturb(g, n, other, kind))
		})
	}
	return g, acked
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

// The core draws from a source that all worlds share; no run depends on it.
func TestWorldsAtOnceAreAsWorldsAlone(t *testing.T) {
	var alone, together [8]uint64
	run := func(i int) uint64 {
		g, _ := stormy(t, uint64(i%2))
		g.RunUntil(sim.Time(30 * time.Second))
		return g.Digest()
	}
	for i := range alone {
		alone[i] = run(i)
	}
	var wg sync.WaitGroup
	for i := range together {
		wg.Go(func() { together[i] = run(i) })
	}
	wg.Wait()
	require.Equal(t, alone, together)
}
