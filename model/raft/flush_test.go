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

// tiny has segments of a few entries and keeps few of them.
func tiny(most int) raft.Config {
	cfg := config
	cfg.Log = raft.LogOptions{SegmentSize: 256, MaxSegments: most}
	return cfg
}

// fill proposes entries one after another, and returns what they say.
func (g *group) fill(t *testing.T, first, count int) (texts []string) {
	for i := range count {
		text := fmt.Sprint("entry ", first+i)
		g.propose(text, func(err error) { require.NoError(t, err) })
		g.RunFor(50 * time.Millisecond)
		texts = append(texts, text)
	}
	g.RunFor(5 * time.Second)
	return texts
}

func (g *group) segments(i int) int {
	return len(g.Node(sim.NodeID(i)).Disk().Under(raft.SegmentFiles("sys")))
}

// What is flushed leaves the log, on every replica, and comes back after a restart, of the program
// or the machine.
func TestFlushedStateTakesThePlaceOfTheLog(t *testing.T) {
	g := newGroup(t, 1, 3, tiny(80))
	flushed, restored := map[int64]uint64{}, 0
	raft.Flushed.Subscribe(g.World, func(e raft.StateEvent) { flushed[e.Op.Index] = e.Sum })
	raft.Restored.Subscribe(g.World, func(e raft.StateEvent) {
		restored++
		require.Equal(t, flushed[e.Op.Index], e.Sum)
	})
	g.RunFor(10 * time.Second)
	texts := g.fill(t, 0, 100)
	for i := range g.members {
		require.LessOrEqual(t, g.segments(i), 3)
		require.Greater(t, g.members[i].replica.LogStart().Index, int64(50))
	}
	for i := range g.members {
		n := g.Node(sim.NodeID(i))
		if i == 0 {
			n.Kill()
		} else {
			n.PowerOff()
		}
		n.Boot()
	}
	g.RunFor(20 * time.Second)
	require.Equal(t, 3, restored)
	texts = append(texts, g.fill(t, 100, 1)...)
	for _, m := range g.members {
		require.Equal(t, texts, m.applied)
	}
	require.Nil(t, g.Finding())
}

// A copy that takes long finds in the log what follows on it, however few segments are to be kept.
func TestAnchoredLogIsKept(t *testing.T) {
	g := newGroup(t, 1, 3, tiny(1))
	g.RunFor(10 * time.Second)
	lead := g.leader().replica
	g.fill(t, 0, 20)
	at := lead.LastLogged().Index
	release, other := lead.Anchor(at), lead.Anchor(at+40)
	g.fill(t, 20, 100)
	require.Less(t, lead.LogStart().Index, at)
	release()
	g.fill(t, 120, 1)
	require.Greater(t, lead.LogStart().Index, at+10)
	require.Less(t, lead.LogStart().Index, at+40)
	other()
	g.fill(t, 121, 20)
	require.Greater(t, lead.LogStart().Index, at+100)
}

// Segments are kept while a peer lacks them, by followers too, so that it can catch up whoever leads.
func TestLogIsKeptForALaggard(t *testing.T) {
	g := newGroup(t, 2, 3, tiny(80))
	g.RunFor(10 * time.Second)
	lead := int(g.leader().replica.Node().ID())
	late := (lead + 1) % 3
	g.Node(sim.NodeID(late)).Kill()
	texts := g.fill(t, 0, 100)
	for i := range g.members {
		if i != late {
			require.Greater(t, g.segments(i), 10)
		}
	}
	g.leader().replica.StepDown()
	g.Node(sim.NodeID(late)).Boot()
	g.RunFor(30 * time.Second)
	texts = append(texts, g.fill(t, 100, 5)...)
	for i, m := range g.members {
		require.Equal(t, texts, m.applied)
		require.LessOrEqual(t, g.segments(i), 3, "they went when it had caught up")
	}
}

// A follower that needs what is gone is told no more than that the leader lives; it neither falls
// nor stands for election, and costs a heartbeat.
func TestFollowerFarBehind(t *testing.T) {
	g := newGroup(t, 3, 3, tiny(4))
	g.RunFor(10 * time.Second)
	lead := g.leader().replica
	late := (lead.Node().ID() + 1) % 3
	g.Node(late).Kill()
	texts := g.fill(t, 0, 100)
	require.LessOrEqual(t, g.segments(int(lead.Node().ID())), 4)
	g.Node(late).Boot()
	g.RunFor(10 * time.Second)
	require.Equal(t, []wire.ServerID{wire.ServerID(late)}, lead.Behind())
	sent, stood := 0, 0
	sim.Sent.Subscribe(g.World, func(e *sim.Envelope) {
		if req, ok := e.Msg.(*wire.UpdateConsensusRequest); ok && e.To == late {
			require.Empty(t, req.Entries)
			sent++
		}
	})
	raft.Candidate.Subscribe(g.World, func(raft.ReplicaEvent) { stood++ })
	texts = append(texts, g.fill(t, 100, 100)...)
	require.InDelta(t, 20, sent, 10, "in ten seconds")
	require.Zero(t, stood)
	require.Same(t, lead, g.leader().replica)
	require.Empty(t, g.members[late].applied)
	require.Equal(t, texts, g.members[lead.Node().ID()].applied)
	require.Nil(t, g.Finding())
}

// A follower that knows of few commits after a restart, but has the log, is sent what it lacks and
// not what the leader has let go (KUDU-1778).
func TestRestartedFollowersKnowFewCommits(t *testing.T) {
	for seed := range uint64(30) {
		g := newGroup(t, seed, 3, tiny(80))
		g.RunFor(10 * time.Second)
		g.fill(t, 0, 40)
		lead := g.leader().replica.Node().ID()
		for i := range sim.NodeID(3) {
			if i != lead {
				g.Node(i).PowerOff()
				g.Node(i).Boot()
			}
		}
		g.RunFor(20 * time.Second)
		require.Empty(t, g.leader().replica.Behind(), "seed %d", seed)
		g.fill(t, 40, 1)
		for _, m := range g.members {
			require.Len(t, m.applied, 41)
		}
	}
}

// An entry larger than a batch may be travels alone (KUDU-1586).
func TestLargeEntryTravelsAlone(t *testing.T) {
	g := newGroup(t, 4, 3, config)
	g.RunFor(10 * time.Second)
	lead := g.leader().replica
	batch := raft.DefaultTiming().MaxBatch
	most := 0
	sim.Sent.Subscribe(g.World, func(e *sim.Envelope) {
		if req, ok := e.Msg.(*wire.UpdateConsensusRequest); ok {
			size := 0
			for _, e := range req.Entries {
				size += len(e.Payload)
			}
			if size > batch {
				require.Len(t, req.Entries, 1)
			}
			most = max(most, len(req.Entries))
		}
	})
	var sizes []int
	for i := range 12 {
		size := []int{10, batch + 1, batch / 2, 3 * batch}[i%4]
		sizes = append(sizes, size)
		lead.Node().Go("propose", func(p *sim.Proc) {
			_, err := lead.Replicate(p, lead.Term(), wire.WriteOp, make([]byte, size))
			require.NoError(t, err)
		})
	}
	g.RunFor(10 * time.Second)
	for _, m := range g.members {
		require.Len(t, m.applied, len(sizes))
	}
	require.Greater(t, most, 1)
	require.Nil(t, g.Finding())
}

// What could never be sent does not come into the log (KUDU-3016).
func TestTooLargeEntryIsRefused(t *testing.T) {
	g := newGroup(t, 5, 3, config)
	g.RunFor(10 * time.Second)
	lead := g.leader().replica
	last, ended := lead.LastLogged(), false
	lead.Node().Go("propose", func(p *sim.Proc) {
		_, err := lead.Replicate(p, lead.Term(), wire.WriteOp,
			make([]byte, raft.DefaultTiming().MaxEntry+1))
		require.ErrorIs(t, err, raft.ErrTooLarge)
		ended = true
	})
	g.RunFor(time.Second)
	require.True(t, ended)
	require.Equal(t, last, lead.LastLogged())
	require.Nil(t, g.Finding())
}

// A replica that is open notices damage to its log, and to what it has flushed.
func TestVerifyFindsDamage(t *testing.T) {
	for _, name := range []string{raft.DataFile("sys"), raft.SegmentFiles("sys")} {
		g := newGroup(t, 3, 1, tiny(80))
		g.RunFor(5 * time.Second)
		g.fill(t, 0, 30)
		n := g.Node(0)
		require.NoError(t, raft.Verify(n, "sys"))
		files := n.Disk().Under(name)
		require.NotEmpty(t, files)
		content := n.Disk().Open(files[0]).Bytes()
		content[len(content)/2] ^= 1
		require.ErrorIs(t, raft.Verify(n, "sys"), raft.ErrCorrupt, name)
	}
}

// Nobody is removed, and nothing is let go while somebody is, if a majority of those who remain then
// needs one that lacks what is gone.
func TestNoMajorityNeedsOneFarBehind(t *testing.T) {
	for _, test := range []struct {
		name    string
		defects []string
		gone    bool // what the one lacks, when another is to be removed
		removed bool
	}{
		{"it is gone already", nil, true, false},
		{"it is to go", nil, false, true},
		{"it is gone already, with the defect", []string{"majority-behind"}, true, false},
		{"it is to go, with the defect", []string{"majority-behind"}, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := with(t, test.defects...)
			cfg.Log = tiny(1).Log
			g := newGroup(t, 5, 3, cfg)
			g.RunFor(10 * time.Second)
			lead := g.leader().replica
			late := (lead.Node().ID() + 1) % 3
			other := wire.ServerID((late + 1) % 3)
			g.Node(late).Kill()
			for i := range 30 {
				g.propose(fmt.Sprint("entry ", i), func(error) {})
			}
			g.RunFor(100 * time.Millisecond)
			if test.gone {
				g.RunFor(10 * time.Second)
			}
			require.Equal(t, test.gone, lead.LogStart().Index > 0)
			refused := test.gone && test.defects == nil
			code := g.tryChange(wire.NoCAS, remove(other))
			require.Equal(t, refused, code == wire.IllegalState)
			g.RunFor(10 * time.Second)
			g.Node(late).Boot()
			g.RunFor(20 * time.Second)
			require.Equal(t, test.removed, !lead.Config().Has(other))
			stuck := !test.removed && !refused
			require.Equal(t, stuck, len(lead.Active().Members) < len(lead.Config().Members))
			require.Nil(t, g.Finding())
		})
	}
}
