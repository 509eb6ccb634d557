package checker

import (
	"fmt"
	"strings"

	"tabletop/model/raft"
	"tabletop/model/wire"
)

// durableView is what the disk of one replica surely holds. It reads the bytes that a loss of power
// would leave: the state that was flushed, and the log, segment by segment.
type durableView struct {
	replica raft.Observed
	meta    raft.Meta
	flushed wire.OpID   // the last entry whose effect is in the flushed state
	ops     []wire.OpID // the log, by index from 0; zero where it was let go before it was read
	first   int64       // the first segment that is left
	before  int64       // index of the entry before that
	segment int64       // the segment that is being read; 0: none
	name    string      // of its file
	next    string      // of the file of the next one
	files   fileNames
	seen    []byte   // the metadata as they were read last
	headed  int64    // the first segment whose header was read
	offset  int      // in the log, of its first byte
	parsed  int      // bytes of it seen
	sure    int64    // index of the last entry that something says was durable
	unsure  []placed // entries behind that
	deleted bool     // for good; what was acknowledged before was true then
	buried  bool     // a tombstone is left; likewise
	broke   string   // how the metadata went back on what it promised
}

// fileNames are those of a replica's files, which are asked for at every sync of its disk.
type fileNames struct{ meta, segments, first string }

// placed is an entry and where in the log it ends.
type placed struct {
	index int64
	end   int
}

// viewOf reads a disk from the beginning.
func viewOf(r raft.Observed) *durableView {
	v := &durableView{replica: r, files: fileNames{meta: raft.MetaFile(r.Dir()),
		segments: raft.SegmentFiles(r.Dir())}}
	for _, name := range r.Node().Disk().Under(raft.SegmentFiles(r.Dir())) {
		if _, err := fmt.Sscanf(name, raft.SegmentFiles(r.Dir())+"%d", &v.first); err == nil {
			break
		}
	}
	v.files.first = raft.SegmentFile(r.Dir(), v.first)
	if h, ok := v.header(v.files.first, v.first); ok {
		v.ops = make([]wire.OpID, h.Previous.Index)
		v.enter(h)
	}
	v.synced("")
	v.readFlushed()
	v.readLog()
	v.vouched(v.meta.Logged)
	return v
}

// synced reads what a sync has made durable. A sync of the directory is what makes new metadata
// durable, and what lets segments go; a new flushed state is looked at when it is announced. What a
// failed sync has left of the log is not read: nobody may rely on it.
func (v *durableView) synced(file string) {
	switch {
	case file == "":
		v.readMeta()
		v.findFirst()
	case strings.HasPrefix(file, v.files.segments):
		v.readLog()
	}
}

func (v *durableView) durable(file string) ([]byte, bool) {
	return v.replica.Node().Disk().Durable(file)
}

// header returns the header of a segment, or false.
func (v *durableView) header(name string, number int64) (raft.Record, bool) {
	file, _ := v.durable(name)
	h, ok := raft.ReadRecord(name, file, 0)
	return h, ok && h.Kind == raft.RecordSegment && h.Number == number
}

// enter goes on to the next segment.
func (v *durableView) enter(h raft.Record) {
	v.segment, v.offset, v.parsed = h.Number, h.Base, h.End
	v.name = raft.SegmentFile(v.replica.Dir(), h.Number)
	v.next = raft.SegmentFile(v.replica.Dir(), h.Number+1)
	v.ops = append(v.ops[:h.Previous.Index], h.Previous)
}

// findFirst passes over the segments that were let go.
func (v *durableView) findFirst() {
	for v.first <= v.segment {
		if _, there := v.durable(v.files.first); there {
			if h, ok := v.firstHeader(); ok {
				v.before, v.headed = h.Previous.Index, v.first
			}
			return
		}
		v.first++
		v.files.first = raft.SegmentFile(v.replica.Dir(), v.first)
	}
}

// firstHeader returns the header of the first segment, or false, also if it was read before.
func (v *durableView) firstHeader() (raft.Record, bool) {
	if v.headed == v.first {
		return raft.Record{}, false
	}
	return v.header(v.files.first, v.first)
}

// readLog reads on to where the log ends, is torn, or was damaged.
func (v *durableView) readLog() {
	for v.segment > 0 && v.readSegment() {
		h, ok := v.header(v.next, v.segment+1)
		if !ok || h.Base != v.offset+v.parsed || h.Previous.Index > v.last() {
			return
		}
		v.enter(h)
	}
}

// readSegment reads the present segment and reports whether all of it is in order.
func (v *durableView) readSegment() bool {
	file, _ := v.durable(v.name)
	for v.parsed < len(file) {
		r, ok := raft.ReadRecord(v.name, file, v.parsed)
		e := r.Entry
		if !ok || r.Kind == raft.RecordSegment ||
			r.Kind == raft.RecordReplicate && (e.Index > int64(len(v.ops)) || e.Index < 1) {
			return false
		}
		v.parsed = r.End
		v.vouched(r.Synced)
		if r.Kind == raft.RecordReplicate {
			v.ops = append(v.ops[:e.Index], e.OpID)
			v.sure = min(v.sure, e.Index-1)
			v.unsure = append(v.unsure, placed{e.Index, v.offset + r.End})
		}
	}
	return true
}

// vouched takes note that the log was durable up to an offset.
func (v *durableView) vouched(upTo int) {
	for len(v.unsure) > 0 && v.unsure[0].end <= upTo {
		v.sure, v.unsure = v.unsure[0].index, v.unsure[1:]
	}
}

// damaged looks anew at what the log says of itself, when the disk has lost some of it. What
// follows the first place that does not parse is a torn tail for all that anybody can tell, if
// nothing that is left says that it was durable: one write that goes astray may take the last
// entries and all records that vouched for them, before the metadata does. A later one may do so
// again.
func (v *durableView) damaged(file string) {
	v.seen = nil
	if v.segment == 0 || !strings.HasPrefix(file, raft.SegmentFiles(v.replica.Dir())) {
		return
	}
	place, intact, vouched := v.reread()
	if max(vouched, v.meta.Logged) <= place && intact < v.sure {
		v.unsure = append([]placed{{v.sure, place + 1}}, v.unsure...)
		v.sure = intact
	}
}

// reread reads all segments that are left, and returns the place in the log where they do not parse
// any more, the last entry before it, and up to where some record says that the log was durable.
func (v *durableView) reread() (place int, intact int64, vouched int) {
	broken := false
	for n := v.first; n <= v.segment; n++ {
		name := raft.SegmentFile(v.replica.Dir(), n)
		file, _ := v.durable(name)
		at, base := 0, place
		for at < len(file) {
			r, ok := raft.ReadRecord(name, file, at)
			if !ok {
				broken = true
				at++
				continue
			}
			vouched, at = max(vouched, r.Synced), r.End
			if broken {
				continue
			}
			switch r.Kind {
			case raft.RecordSegment:
				base, intact = r.Base, r.Previous.Index
			case raft.RecordReplicate:
				intact = r.Entry.Index
			}
			place = base + r.End
		}
	}
	return place, intact, vouched
}

func (v *durableView) readMeta() {
	file, ok := v.durable(v.files.meta)
	if !ok {
		return
	}
	if same(v.seen, file) {
		v.vouched(v.meta.Logged)
		return
	}
	v.seen = file
	had := v.meta
	v.meta, _ = raft.ReadMeta(v.replica.Dir(), file)
	v.vouched(v.meta.Logged)
	voted := had.Term > 0 && had.VotedFor != wire.NoServer
	if v.meta.Term < had.Term ||
		v.meta.Term == had.Term && voted && v.meta.VotedFor != had.VotedFor {
		v.broke = fmt.Sprintf("term %d, vote for %d, where it held term %d, vote for %d",
			v.meta.Term, v.meta.VotedFor, had.Term, had.VotedFor)
	}
}

// same reports whether these are the same bytes, in the same place. Metadata are written anew as a
// whole, so that only damage changes them where they are.
func same(a, b []byte) bool { return len(a) > 0 && len(a) == len(b) && &a[0] == &b[0] }

func (v *durableView) readFlushed() {
	if file, ok := v.durable(raft.DataFile(v.replica.Dir())); ok {
		v.flushed, _, _ = raft.ReadFlushed(v.replica.Dir(), file)
	}
}

// has reports whether the disk holds the entry, or its effect. A log that begins behind what was
// flushed is of no use.
func (v *durableView) has(op wire.OpID) bool {
	switch {
	case op.Index <= v.flushed.Index:
		return op.Index < v.flushed.Index || op == v.flushed
	case v.before > v.flushed.Index || op.Index >= int64(len(v.ops)):
		return false
	}
	return v.ops[op.Index] == op
}

// last returns the index of the last entry.
func (v *durableView) last() int64 { return int64(len(v.ops)) - 1 }

// votedFor reports whether the disk rules out another vote in the term.
func (v *durableView) votedFor(candidate wire.ServerID, term int64) bool {
	return v.meta.Term > term || v.meta.Term == term && v.meta.VotedFor == candidate
}

// forgottenBy reports whether a replica that was opened again lacks the end of what was durable,
// without another entry in its place. One that cannot read what it promised must not be opened. But
// what was written last, just before the program ended, looks torn if the disk is damaged then.
func (v *durableView) forgottenBy(r raft.Observed, damaged bool) bool {
	has := r.LastLogged().Index
	if damaged && has >= v.sure {
		return false
	}
	for i := r.LogStart().Index; i <= min(has, v.last()); i++ {
		if v.ops[i] != (wire.OpID{}) && r.OpAt(i) != v.ops[i] {
			return false
		}
	}
	return has < v.last() && !v.deleted
}

// forget expects nothing of the log any more. If the replica was deleted before, another has come
// to its place, which holds what the disk says now.
func (v *durableView) forget() {
	reborn := v.deleted
	*v = durableView{replica: v.replica, meta: v.meta, files: v.files}
	v.files.first = ""
	if reborn {
		v.meta = raft.Meta{}
		v.readMeta()
	}
}
