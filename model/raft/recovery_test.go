package raft

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/model/wire"
	"tabletop/sim"
)

// history is a log being written, and what must be found of it.
type history struct {
	l         *walog
	term      int64
	committed int64
	flushed   wire.OpID
	known     map[wire.OpID]wire.Entry // everything ever written
}

// action is one of the things that a replica does to its log.
type action struct {
	kind    string
	payload []byte
	where   int64 // of as many places as there are
}

var actions = rapid.Custom(func(t *rapid.T) action {
	return action{
		kind: rapid.SampledFrom([]string{"append", "append", "append", "commit", "note", "sync",
			"cut off", "collect", "reopen"}).Draw(t, "kind"),
		payload: rapid.SliceOfN(rapid.Byte(), 0, 30).Draw(t, "payload"),
		where:   rapid.Int64Range(0, 5).Draw(t, "where"),
	}
})

func (h *history) do(t *rapid.T, p *sim.Proc, a action) {
	l := h.l
	switch a.kind {
	case "append":
		e := wire.Entry{OpID: wire.OpID{Term: h.term, Index: l.lastIndex() + 1},
			Type: wire.WriteOp, Payload: a.payload}
		l.append(e)
		h.known[e.OpID] = e
	case "commit":
		h.committed = min(h.committed+a.where, l.lastIndex())
	case "note":
		l.noteCommitted(h.committed)
	case "sync":
		l.sync(p)
	case "cut off":
		l.truncate(max(h.committed+1, l.lastIndex()+1-a.where))
		h.term++
	case "collect":
		h.collect(p)
	case "reopen":
		before := l.entries
		h.open(t, p)
		h.holds(t, h.l, before[:h.committed-l.base.Index])
	}
}

func (h *history) collect(p *sim.Proc) {
	h.l.sync(p)
	h.flushed = h.l.at(h.committed)
	n, segs := 0, h.l.segs
	for n+1 < len(segs) && segs[n].last <= h.flushed.Index && segs[n+1].base < h.l.synced {
		n++
	}
	for _, s := range h.l.letGo(n) {
		p.Node().Disk().Remove(SegmentFile("d", s.number))
	}
}

func (h *history) open(t *rapid.T, p *sim.Proc) {
	l, committed, err := openLog(p.Node(), "d", tinySegments, h.flushed, 0)
	require.NoError(t, err)
	require.LessOrEqual(t, committed, h.committed)
	p.Must(p.Node().Disk().SyncDir(p))
	l.sync(p)
	h.l = l
}

// holds checks that a log is the one that was written, from where it begins, which is no later than
// what was flushed, to the end of what it must hold.
func (h *history) holds(t *rapid.T, l *walog, want []logged) {
	require.LessOrEqual(t, l.base.Index, h.flushed.Index)
	require.Equal(t, h.flushed, l.at(h.flushed.Index))
	for i, e := range l.entries {
		require.Equal(t, l.base.Index+int64(i)+1, e.Index)
		require.Equal(t, h.known[e.OpID], e.Entry)
	}
	for _, e := range want {
		if e.Index >= l.base.Index {
			require.Equal(t, e.OpID, l.at(e.Index))
		}
	}
}

// Whatever was done to a log, opening it again finds what was committed, also when older segments
// were let go; then a flipped bit is noticed or harmless.
func TestRecoveryProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := rapid.SliceOfN(actions, 80, 80).Draw(t, "script")
		place := rapid.Uint64().Draw(t, "place")
		h := &history{term: 1, known: map[wire.OpID]wire.Entry{}}
		files := inWorld(t, nil, func(p *sim.Proc) {
			Create(p, "d", wire.NewConfig(0))
			h.open(t, p)
			for _, a := range append(script, action{kind: "reopen"}) {
				h.do(t, p, a)
			}
			h.l.noteCommitted(h.committed)
			h.l.sync(p)
		})
		names := files.segments()
		file := files[names[place%uint64(len(names))]]
		file[place>>8%uint64(len(file))] ^= 1 << (place >> 61)
		inWorld(t, files, func(p *sim.Proc) {
			if l, _, err := openLog(p.Node(), "d", tinySegments, h.flushed, 0); err == nil {
				h.holds(t, l, h.l.entries)
			} else {
				require.ErrorIs(t, err, ErrCorrupt)
			}
		})
	})
}
