package raft

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/wire"
	"tabletop/sim"
)

// Two majorities of the same voters always share one, and no smaller set does.
func TestMajoritiesOverlap(t *testing.T) {
	for n := 1; n <= 9; n++ {
		require.Greater(t, 2*Majority(n), n)
		require.LessOrEqual(t, 2*(Majority(n)-1), n)
	}
}

// Committed against the obvious: the highest index that enough voters have.
func TestCommittedExhaustively(t *testing.T) {
	for voters := 1; voters <= 5; voters++ {
		durable := make([]int64, voters)
		var all func(i int)
		all = func(i int) {
			if i < voters {
				for durable[i] = 0; durable[i] <= 3; durable[i]++ {
					all(i + 1)
				}
				return
			}
			var slow int64
			for index := int64(1); index <= 3; index++ {
				have := 0
				for _, d := range durable {
					if d >= index {
						have++
					}
				}
				if 2*have > voters {
					slow = index
				}
			}
			require.Equal(t, slow, Committed(durable), "%v", durable)
		}
		all(0)
	}
}

func TestCountExhaustively(t *testing.T) {
	for voters := 1; voters <= 7; voters++ {
		for yes := 0; yes <= voters; yes++ {
			for no := 0; yes+no <= voters; no++ {
				canWin := 2*(voters-no) > voters
				want := Undecided
				if 2*yes > voters {
					want = Won
				} else if !canWin {
					want = Lost
				}
				require.Equal(t, want, Count(voters, yes, no), "%d: %d to %d", voters, yes, no)
			}
		}
	}
}

// A vote goes to one candidate a term, whose log is not behind the voter's, and never back in
// time. A pre-election promises nothing, so it may say yes to several.
func TestDecideExhaustively(t *testing.T) {
	ops := []wire.OpID{{}, {Term: 1, Index: 1}, {Term: 1, Index: 2}, {Term: 2, Index: 1}}
	for term := int64(1); term <= 3; term++ {
		for _, voted := range []wire.ServerID{wire.NoServer, 1, 2} {
			for _, local := range ops {
				for asked := int64(1); asked <= 3; asked++ {
					for _, last := range ops {
						b := Ballot{Term: term, VotedFor: voted, LastLogged: local}
						req := &wire.VoteRequest{Candidate: 1, Term: asked, LastLogged: last}
						if asked > term {
							b.Term, b.VotedFor = asked, wire.NoServer
						}
						behind := last.Term < local.Term ||
							last.Term == local.Term && last.Index < local.Index
						again := b.VotedFor == 1
						free := b.VotedFor == wire.NoServer
						want := asked >= term && (again || free && !behind)
						require.Equal(t, want, b.Decide(req) == wire.OK, "%+v %+v", b, req)
						req.PreElection = true
						want = asked >= term && free && !behind
						require.Equal(t, want, b.Decide(req) == wire.OK, "pre %+v %+v", b, req)
					}
				}
			}
		}
	}
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	shortest, limit := 1500*time.Millisecond, 20*time.Second
	var got []time.Duration
	for f := range 8 {
		got = append(got, backoff(shortest, limit, f).Round(time.Millisecond))
	}
	require.Equal(t, []time.Duration{2250e6, 3375e6, 5063e6, 7594e6, 11391e6, 17086e6,
		20000e6, 20000e6}, got)
}

func TestRecordsSurviveATornTail(t *testing.T) {
	entry := wire.Entry{OpID: wire.OpID{Term: 7, Index: 300}, Type: wire.WriteOp,
		Payload: []byte("payload")}
	inWorld(t, nil, func(p *sim.Proc) {
		s := newSegment(p.Node().Disk(), "d", segment{number: 1}, 0)
		first := s.file.Len()
		s.file.Append(replicateRecord(nil, s, entry, 0))
		second := s.file.Len()
		s.file.Append(commitRecord(nil, s, 300, 0))
		log := s.file.Bytes()
		r, ok := ReadRecord(s.name, log, first)
		require.True(t, ok)
		require.Equal(t, entry, r.Entry)
		require.Equal(t, second, r.End)
		r, ok = ReadRecord(s.name, log, second)
		require.True(t, ok)
		require.Equal(t, RecordCommit, r.Kind)
		require.Equal(t, int64(300), r.Index)
		require.Equal(t, len(log), r.End)
		for cut := range second {
			_, ok := ReadRecord(s.name, log[:cut], first)
			require.False(t, ok, "cut at %d", cut)
		}
		_, ok = ReadRecord(SegmentFile("d", 2), log, first)
		require.False(t, ok, "in another file")
		_, ok = ReadRecord(s.name, log[first:], 0)
		require.False(t, ok, "in another place")
		log[second-1] ^= 1
		_, ok = ReadRecord(s.name, log, first)
		require.False(t, ok, "a flipped bit")
	})
}

func TestMetaReadsBack(t *testing.T) {
	m := Meta{Term: 12, VotedFor: 2, Config: wire.NewConfig(0, 1, 2)}
	got, ok := ReadMeta("d", m.encode("d"))
	require.True(t, ok)
	require.Equal(t, m, got)
	_, ok = ReadMeta("e", m.encode("d"))
	require.False(t, ok, "another's")
	damaged := m.encode("d")
	damaged[9] ^= 4
	_, ok = ReadMeta("d", damaged)
	require.False(t, ok)
}

func TestFlushedStateReadsBack(t *testing.T) {
	s := flushedState{wire.OpID{Term: 3, Index: 400}, []byte("state")}
	file := s.encode("d")
	op, state, ok := ReadFlushed("d", file)
	require.True(t, ok)
	require.Equal(t, s, flushedState{op, state})
	_, _, ok = ReadFlushed("e", file)
	require.False(t, ok, "another's")
	for i := range file {
		file[i] ^= 4
		_, _, ok = ReadFlushed("d", file)
		require.False(t, ok, "byte %d", i)
		file[i] ^= 4
	}
}
