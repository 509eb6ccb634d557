package raft

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/fs"
	"tabletop/model/wire"
	"tabletop/sim"
)

// disk is what one machine's disk holds, by name.
type disk map[string][]byte

// inWorld runs a process on a machine whose disk holds just that, durably, and returns what the disk
// holds then.
func inWorld(t require.TestingT, files disk, do func(p *sim.Proc)) disk {
	w := sim.New(sim.Config{Seed: 1})
	defer w.Close()
	after := disk{}
	n := w.AddNode("m", func(n *sim.Node) {
		n.Go("test", func(p *sim.Proc) {
			for _, name := range sim.Keys(files) {
				f := n.Disk().Create(name)
				f.Append(files[name])
				p.Must(f.Sync(p))
			}
			p.Must(n.Disk().SyncDir(p))
			do(p)
			for _, name := range n.Disk().List() {
				after[name] = bytes.Clone(n.Disk().Open(name).Bytes())
			}
		})
	})
	n.Boot()
	w.RunFor(time.Hour)
	require.Nil(t, w.Finding())
	return after
}

// tinySegments begin after a few records.
var tinySegments = LogOptions{SegmentSize: 90}.orDefault()

// written is a log as it was written, entry by entry.
type written struct {
	files   disk
	entries []wire.Entry // by index from 1, those in the end
	all     map[wire.OpID]bool
	synced  int64 // so many of the entries were durable, and a durable record says so
}

// writeLog writes a log of several segments with changes of term, cut-off tails and notes.
func writeLog(t *testing.T) written {
	w := written{all: map[wire.OpID]bool{}}
	w.files = inWorld(t, nil, func(p *sim.Proc) {
		Create(p, "d", wire.NewConfig(0))
		l, _, err := openLog(p.Node(), "d", tinySegments, wire.OpID{}, 0)
		require.NoError(t, err)
		l.sync(p)
		for i := range 24 {
			if i%7 == 6 { // the end of the log gives way to a new leader's
				l.truncate(l.lastIndex())
			}
			e := wire.Entry{OpID: wire.OpID{Term: int64(1 + i/7), Index: l.lastIndex() + 1},
				Type: wire.WriteOp, Payload: bytes.Repeat([]byte{byte(i)}, 1+i%9)}
			l.append(e)
			w.all[e.OpID] = true
			if i%3 == 2 {
				l.noteCommitted(l.lastIndex() - 1)
			}
			if i%5 == 4 {
				l.sync(p)
			}
		}
		l.sync(p)
		l.noteCommitted(l.lastIndex() - 1)
		l.sync(p)
		w.synced = l.lastIndex()
		require.Greater(t, len(l.segs), 5)
		for _, e := range l.entries {
			w.entries = append(w.entries, e.Entry)
		}
	})
	return w
}

// reopen opens a log and returns its entries.
func reopen(t *testing.T, files disk) (entries []wire.Entry, after disk, err error) {
	after = inWorld(t, files, func(p *sim.Proc) {
		var l *walog
		l, _, err = openLog(p.Node(), "d", tinySegments, wire.OpID{}, 0)
		if err != nil {
			return
		}
		p.Must(p.Node().Disk().SyncDir(p))
		l.sync(p)
		for _, e := range l.entries {
			entries = append(entries, e.Entry)
		}
	})
	return entries, after, err
}

// grow opens a log, lets it grow by an entry, and returns them all.
func grow(t *testing.T, files disk) (entries []wire.Entry, after disk) {
	after = inWorld(t, files, func(p *sim.Proc) {
		l, _, err := openLog(p.Node(), "d", tinySegments, wire.OpID{}, 0)
		require.NoError(t, err)
		p.Must(p.Node().Disk().SyncDir(p))
		l.sync(p)
		l.append(wire.Entry{OpID: wire.OpID{Term: 9, Index: l.lastIndex() + 1},
			Type: wire.WriteOp, Payload: []byte("twenty bytes of more")})
		l.sync(p)
		for _, e := range l.entries {
			entries = append(entries, e.Entry)
		}
	})
	return entries, after
}

func (d disk) clone() disk {
	c := disk{}
	for _, name := range sim.Keys(d) {
		c[name] = bytes.Clone(d[name])
	}
	return c
}

func (d disk) segments() []string {
	var names []string
	for _, name := range sim.Keys(d) {
		if strings.HasPrefix(name, SegmentFiles("d")) {
			names = append(names, name)
		}
	}
	return names
}

func TestLogReadsBack(t *testing.T) {
	w := writeLog(t)
	entries, after, err := reopen(t, w.files)
	require.NoError(t, err)
	require.Equal(t, w.entries, entries)
	require.Equal(t, w.files, after, "nothing is cut off")
}

// Wherever the power was lost, what is left of the log is a log that once was: cutting the files
// off at a place, with all that is behind it, gives no error but where a record that is left says
// that this place was durable, and no entry that was never written. Opening again changes nothing.
func TestTornLogIsAPrefix(t *testing.T) {
	w := writeLog(t)
	opened := 0
	names := w.files.segments()
	for i, name := range names {
		for cut := range w.files[name] {
			files := w.files.clone()
			files[name] = files[name][:cut]
			for _, later := range names[i+1:] {
				delete(files, later)
			}
			entries, after, err := reopen(t, files)
			if i == 0 && cut < len(w.files[name]) && err != nil {
				require.ErrorIs(t, err, ErrCorrupt)
				continue // its header was durable before there was a replica
			}
			require.NoError(t, err, "%s cut at %d", name, cut)
			opened++
			for j, e := range entries {
				require.True(t, w.all[e.OpID])
				require.Equal(t, int64(j+1), e.Index)
			}
			again, same, err := reopen(t, after)
			require.NoError(t, err)
			require.Equal(t, entries, again)
			require.Equal(t, after, same)
		}
	}
	require.Greater(t, opened, 300)
}

// If a tail is torn and later segments are there, which were never durable, they go with it. If
// they say that the place was durable, it is damage.
func TestHoleBeforeLaterSegments(t *testing.T) {
	var ends []int
	var durable int
	files := inWorld(t, nil, func(p *sim.Proc) {
		Create(p, "d", wire.NewConfig(0))
		l, _, err := openLog(p.Node(), "d", tinySegments, wire.OpID{}, 0)
		require.NoError(t, err)
		l.sync(p)
		for i := range int64(12) {
			l.append(wire.Entry{OpID: wire.OpID{Term: 1, Index: i + 1}, Type: wire.WriteOp,
				Payload: []byte("twenty bytes of text")})
			ends = append(ends, l.end())
			if i == 5 {
				l.sync(p)
			}
		}
		durable = l.noting
		require.Equal(t, ends[5], durable)
		require.Greater(t, len(l.segs), 3)
	})
	base := 0
	for _, name := range files.segments() {
		for at := range files[name] {
			holed := files.clone()
			clear(holed[name][at:min(at+4, len(holed[name]))])
			if bytes.Equal(holed[name], files[name]) {
				continue
			}
			entries, after, err := reopen(t, holed)
			if base+at < durable {
				require.ErrorIs(t, err, ErrCorrupt, "%s has a hole at %d", name, at)
				continue
			}
			require.NoError(t, err, "%s has a hole at %d", name, at)
			require.GreaterOrEqual(t, len(entries), 6)
			require.Less(t, len(entries), 12)
			grown, after := grow(t, after)
			require.Equal(t, entries, grown[:len(entries)])
			again, _, err := reopen(t, after)
			require.NoError(t, err)
			require.Equal(t, grown, again)
		}
		base += len(files[name])
	}
}

// A flipped bit in what was durable is noticed, or it hits the last records, which no other vouches
// for: an entry that differs is never read.
func TestDamageIsNoticed(t *testing.T) {
	w := writeLog(t)
	noticed := 0
	for _, name := range w.files.segments() {
		for at := range w.files[name] {
			files := w.files.clone()
			files[name][at] ^= 0x10
			entries, _, err := reopen(t, files)
			if errors.Is(err, ErrCorrupt) {
				noticed++
				continue
			}
			require.NoError(t, err)
			require.Equal(t, w.entries[:w.synced], entries, "%s flipped at %d", name, at)
		}
	}
	require.Greater(t, noticed, 500)
}

// What a leader has cut off stays so, if a segment was begun after it.
func TestSegmentEndsWhatWasCutOff(t *testing.T) {
	var want []wire.Entry
	files := inWorld(t, nil, func(p *sim.Proc) {
		Create(p, "d", wire.NewConfig(0))
		l, _, err := openLog(p.Node(), "d", tinySegments, wire.OpID{}, 0)
		require.NoError(t, err)
		for i := range int64(5) {
			l.append(wire.Entry{OpID: wire.OpID{Term: 1, Index: i + 1}, Type: wire.WriteOp,
				Payload: []byte("text")})
		}
		l.truncate(4)
		for len(l.segs) < 3 {
			l.noteCommitted(3)
		}
		for _, e := range l.entries {
			want = append(want, e.Entry)
		}
	})
	entries, _, err := reopen(t, files)
	require.NoError(t, err)
	require.Equal(t, want, entries)
}

// A loss of power leaves everything that was synced, whatever else.
func TestPowerLossKeepsWhatWasSynced(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		w := sim.New(sim.Config{Seed: seed})
		opts := LogOptions{SegmentSize: 90 + int(seed%3)*400}
		var synced, found int64
		n := w.AddNode("m", func(n *sim.Node) {
			n.Go("test", func(p *sim.Proc) {
				if n.Incarnation() == 0 {
					Create(p, "d", wire.NewConfig(0))
				}
				l, _, err := openLog(n, "d", opts, wire.OpID{}, 0)
				p.Must(err)
				p.Must(n.Disk().SyncDir(p))
				l.sync(p)
				found = l.lastIndex()
				n.Go("sync", func(p *sim.Proc) {
					for {
						l.sync(p)
						synced = l.durable()
						p.Sleep("pause", 500*time.Microsecond)
					}
				})
				for {
					l.append(wire.Entry{OpID: wire.OpID{Term: 1, Index: l.lastIndex() + 1},
						Type: wire.WriteOp, Payload: []byte("some text")})
					p.Sleep("write", 300*time.Microsecond)
				}
			})
		})
		n.Boot()
		for i := range uint64(4) {
			w.RunFor(100*time.Millisecond + time.Duration(seed*7+i*13)*37*time.Microsecond)
			had := synced
			n.PowerOff()
			n.Boot()
			found = -1
			for range 1000 {
				if w.RunFor(time.Millisecond); found >= 0 {
					break
				}
			}
			require.GreaterOrEqual(t, found, had, "seed %d", seed)
		}
		require.Greater(t, synced, int64(100))
		require.Nil(t, w.Finding())
		w.Close()
	}
}

// What was read from the disk stays in memory, whatever becomes of the disk.
func TestEntriesInMemoryDoNotRot(t *testing.T) {
	payload := bytes.Repeat([]byte("x"), 1000)
	files := inWorld(t, nil, func(p *sim.Proc) {
		Create(p, "d", wire.NewConfig(0))
		l, _, err := openLog(p.Node(), "d", LogOptions{}.orDefault(), wire.OpID{}, 0)
		require.NoError(t, err)
		op := wire.OpID{Term: 1, Index: 1}
		l.append(wire.Entry{OpID: op, Type: wire.WriteOp, Payload: payload})
		fs.Replace(p, DataFile("d"), flushedState{op, payload}.encode("d"))
	})
	inWorld(t, files, func(p *sim.Proc) {
		state, err := openFlushed(p.Node(), "d")
		require.NoError(t, err)
		l, _, err := openLog(p.Node(), "d", LogOptions{}.orDefault(), state.op, 0)
		require.NoError(t, err)
		for word := range uint64(50) {
			p.Node().Disk().Rot("", word)
		}
		require.Equal(t, payload, l.entry(1).Payload)
		require.Equal(t, payload, state.state)
	})
}

// A replica that was opened vouches for the end of its log before it does anything.
func TestOpenedLogIsVouchedFor(t *testing.T) {
	start := 0 // of the last entry
	files := inWorld(t, nil, func(p *sim.Proc) {
		Create(p, "d", wire.NewConfig(0, 1, 2))
		l, _, err := openLog(p.Node(), "d", LogOptions{}.orDefault(), wire.OpID{}, 0)
		require.NoError(t, err)
		start = l.end()
		l.append(wire.Entry{OpID: wire.OpID{Term: 1, Index: 1}, Type: wire.NoOp})
		l.sync(p)
	})
	open := func() disk {
		files = inWorld(t, files, func(p *sim.Proc) {
			r, err := Open(p, Config{Dir: "d", Timing: DefaultTiming()}, nil)
			require.NoError(t, err)
			r.Shutdown(p)
		})
		return files.clone()
	}
	opened := open()
	require.Equal(t, opened, open(), "once is enough")
	clear(opened[SegmentFile("d", 1)][start:])
	inWorld(t, opened, func(p *sim.Proc) {
		_, err := Open(p, Config{Dir: "d", Timing: DefaultTiming()}, nil)
		require.ErrorIs(t, err, ErrCorrupt, "whatever befalls the end of the log")
	})
}

// A log that lacks what was flushed from it has lost something.
func TestLogLacksWhatIsFlushed(t *testing.T) {
	w := writeLog(t)
	last := w.entries[len(w.entries)-1].OpID
	for op, want := range map[wire.OpID]error{
		{}:                                       nil,
		last:                                     nil,
		w.entries[3].OpID:                        nil,
		{Term: last.Term, Index: last.Index + 1}: ErrCorrupt,
		{Term: last.Term + 1, Index: last.Index}: ErrCorrupt,
	} {
		inWorld(t, w.files, func(p *sim.Proc) {
			_, _, err := openLog(p.Node(), "d", tinySegments, op, 0)
			require.ErrorIs(t, err, want, op)
		})
	}
}

// No segment may be missing but the last ones.
func TestMissingSegmentIsNoticed(t *testing.T) {
	w := writeLog(t)
	names := w.files.segments()
	for _, name := range names[:len(names)-1] {
		files := w.files.clone()
		delete(files, name)
		_, _, err := reopen(t, files)
		require.ErrorIs(t, err, ErrCorrupt, name)
	}
	// A log of which nothing says how much of it was durable.
	files := inWorld(t, nil, func(p *sim.Proc) {
		for i := range int64(4) {
			newSegment(p.Node().Disk(), "d", segment{number: i + 1, base: int(i) * 14}, 0)
		}
	})
	entries, _, err := reopen(t, files)
	require.NoError(t, err)
	require.Empty(t, entries)
	delete(files, SegmentFile("d", 3))
	_, _, err = reopen(t, files)
	require.ErrorIs(t, err, ErrCorrupt, "the names are in the directory in their order")
	_, _, err = reopen(t, disk{MetaFile("d"): {}})
	require.ErrorIs(t, err, ErrCorrupt, "no segment at all")
}
