package raft

import (
	"slices"
	"strings"

	"tabletop/model/fs"
	"tabletop/model/wire"
	"tabletop/sim"
)

// MetaName is the name of the consensus metadata in the folder of a replica.
const MetaName = "cmeta"

// MetaFile returns the name of the consensus metadata of a replica kept under the given folder.
func MetaFile(dir string) string { return dir + "/" + MetaName }

// Files lists the files that make up the log and the flushed state of a replica, by their names in
// its folder.
func Files(n *sim.Node, dir string) []string {
	return slices.DeleteFunc(fs.Files(n, dir, MetaName), func(name string) bool {
		return !strings.HasPrefix(name, "wal-") && name != "data"
	})
}

// LogOptions say how a log is kept.
type LogOptions struct {
	// SegmentSize is how many bytes a segment has when the next one is begun
	// (log_segment_size_mb). Default 8 MiB.
	SegmentSize int
	// MinSegments are kept in any case (log_min_segments_to_retain), MaxSegments while some peer
	// lacks what they hold (log_max_segments_to_retain). Defaults 1 and 80.
	MinSegments, MaxSegments int
	// NoSync counts what is written to the log and the metadata as durable at once, which it is if
	// the program ends, and leaves it to the operating system to bring it to the disk: a loss of
	// power takes up to 30 s of it (log_force_fsync_all=false, Kudu's default).
	NoSync bool
}

func (o LogOptions) orDefault() LogOptions {
	if o.SegmentSize == 0 {
		o.SegmentSize = 8 << 20
	}
	if o.MinSegments == 0 {
		o.MinSegments = 1
	}
	if o.MaxSegments == 0 {
		o.MaxSegments = 80
	}
	return o
}

// Create lays out a new replica on the disk of the process's node, durably, with the given
// configuration and term zero.
func Create(p *sim.Proc, dir string, c wire.RaftConfig) {
	disk := p.Node().Disk()
	for _, name := range disk.Under(dir + "/") {
		disk.Remove(name)
	}
	first := newSegment(disk, dir, segment{number: 1}, 0)
	p.Must(first.file.Sync(p))
	m := metaFile{node: p.Node(), dir: dir, saved: -1}
	m.Meta = Meta{VotedFor: wire.NoServer, Config: c}
	m.flush(p)
}

// Exists reports whether the disk holds a complete replica under the folder: the metadata is what
// Create makes last.
func Exists(n *sim.Node, dir string) bool { return n.Disk().Open(MetaFile(dir)) != nil }

// walog is the log: its entries in memory, and the segments they are written to.
type walog struct {
	disk *sim.Disk
	dir  string
	opts LogOptions
	segs []*segment // never empty

	base    wire.OpID // the entry before the first one in memory
	entries []logged  // entries[i] has index base.Index+1+i
	record  []byte    // room for the next record
	synced  int       // offset up to which the log is durable
	urgent  int       // offset up to which somebody waits for the disk itself
	noting  int       // up to there, the latest record says
	syncing bool      // a process brings it to disk
	// syncedAt is when that was done last.
	syncedAt sim.Time
	wanted   sim.Cond // there is something to sync
	done     sim.Cond // something was synced, or nothing will be
	closed   bool
}

// logged is an entry and the offset in the log where its record ends.
type logged struct {
	wire.Entry
	end int
}

func (l *walog) lastIndex() int64 { return l.base.Index + int64(len(l.entries)) }

func (l *walog) last() wire.OpID { return l.at(l.lastIndex()) }

// end returns the offset behind the last byte of the log.
func (l *walog) end() int { return l.segs[len(l.segs)-1].end() }

// at returns the position of the entry at an index; zero where none is known.
func (l *walog) at(index int64) wire.OpID {
	switch {
	case index == l.base.Index:
		return l.base
	case index < l.base.Index || index > l.lastIndex():
		return wire.OpID{}
	}
	return l.entry(index).OpID
}

// entry returns the entry at an index that the log has.
func (l *walog) entry(index int64) *logged { return &l.entries[index-l.base.Index-1] }

// has reports whether the log holds exactly that entry. What it has let go was committed, so that
// no leader has another.
func (l *walog) has(op wire.OpID) bool { return op.Index < l.base.Index || l.at(op.Index) == op }

func (l *walog) append(e wire.Entry) {
	s := l.current()
	l.record = replicateRecord(l.record, s, e, l.noting)
	s.file.Append(l.record)
	s.last = max(s.last, e.Index)
	if len(l.entries) == cap(l.entries) {
		l.entries = slices.Grow(l.entries, len(l.entries)+1) // append alone grows by a quarter
	}
	l.entries = append(l.entries, logged{e, s.end()})
	if l.opts.NoSync {
		l.wanted.Broadcast() // else whoever needs it durable persists it
	}
}

// noteCommitted writes down that entries up to the index are committed, and what is durable. It
// does not matter if the note is lost.
func (l *walog) noteCommitted(index int64) {
	s := l.current()
	l.record = commitRecord(l.record, s, index, l.noting)
	s.file.Append(l.record)
}

// current returns the segment to write the next record to: a new one if the last has reached its
// size. The new one counts for nothing until the last is durable (see sync).
func (l *walog) current() *segment {
	l.noting = l.synced
	s := l.segs[len(l.segs)-1]
	if s.file.Len() >= l.opts.SegmentSize {
		s = newSegment(l.disk, l.dir, segment{number: s.number + 1, base: s.end(),
			prev: l.last()}, l.noting)
		l.segs = append(l.segs, s)
	}
	return s
}

// letGo takes out the first segments, with the entries that precede the next one, and returns them.
func (l *walog) letGo(count int) []*segment {
	gone := l.segs[:count]
	l.segs = slices.Clone(l.segs[count:])
	if start := l.at(l.segs[0].prev.Index); start.Index > l.base.Index {
		l.entries = slices.Clone(l.entries[start.Index-l.base.Index:])
		l.base = start
	}
	return gone
}

// beyond reports whether the last entry lies behind an offset.
func (l *walog) beyond(offset int) bool {
	return len(l.entries) > 0 && l.entries[len(l.entries)-1].end > offset
}

// truncate forgets the entries from index on. The disk forgets them when others take their
// place, or with the next segment.
func (l *walog) truncate(index int64) { l.entries = l.entries[:index-l.base.Index-1] }

// safe returns the offset up to which the log may be promised.
func (l *walog) safe() int {
	if l.opts.NoSync {
		return l.end()
	}
	return l.synced
}

// durable returns the index of the last entry that is safe.
func (l *walog) durable() int64 {
	i := len(l.entries)
	for i > 0 && l.entries[i-1].end > l.safe() {
		i--
	}
	return l.base.Index + int64(i)
}

// endOf returns the offset where the entry at an index ends; 0 if the log has let it go.
func (l *walog) endOf(index int64) int {
	if index <= l.base.Index {
		return 0
	}
	return l.entry(index).end
}

// sync makes what was written durable, segment by segment: what is durable of a log is always its
// beginning.
func (l *walog) sync(p *sim.Proc) {
	l.syncing = true
	upTo := l.end()
	for l.synced < upTo && !l.closed {
		i := slices.IndexFunc(l.segs, func(s *segment) bool { return s.end() > l.synced })
		s := l.segs[i]
		if !s.listed {
			p.Must(l.disk.SyncDir(p))
			s.listed = true
		}
		end := s.end()
		p.Must(s.file.Sync(p))
		l.synced = max(l.synced, end)
	}
	l.syncing, l.syncedAt = false, p.Now()
	l.done.Broadcast()
}

// close lets those who wait for the disk go.
func (l *walog) close() {
	l.closed = true
	l.wanted.Broadcast()
	l.done.Broadcast()
}

// unsynced reports whether an entry waits for the disk.
func (l *walog) unsynced() bool {
	return l.beyond(l.synced)
}

// waitSynced returns when the log is on the disk up to the given offset, or the log is closed.
func (l *walog) waitSynced(p *sim.Proc, offset int) {
	l.urgent = max(l.urgent, offset)
	l.wanted.Broadcast()
	for l.synced < offset && !l.closed {
		l.done.Wait(p, "log on disk")
	}
}

// persist returns when the log is safe up to the given offset, or is closed. Whoever finds that
// nobody brings the log to disk does it, for all who wait.
func (l *walog) persist(p *sim.Proc, offset int) {
	for l.safe() < offset && !l.closed {
		if l.syncing {
			l.done.Wait(p, "log on disk")
		} else {
			l.sync(p)
		}
	}
}
