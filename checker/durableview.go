package checker

import (
	"strings"

	"tabletop/model/raft"
	"tabletop/model/wire"
)

// durableView is what the disk of one replica surely holds. It reads the bytes that a loss of power
// would leave, segment by segment.
type durableView struct {
	replica raft.Observed
	meta    raft.Meta
	ops     []wire.OpID // the log, by index from 1
	segment int64       // the segment that is being read; 0: none yet
	parsed  int         // bytes of it seen
	base    int         // offset in the log of its first byte
}

// viewOf reads a disk from the beginning.
func viewOf(r raft.Observed) *durableView {
	v := &durableView{replica: r}
	v.readLog()
	v.readMeta()
	return v
}

// synced reads what a sync has made durable. A sync of the directory is what makes new metadata
// durable.
func (v *durableView) synced(file string) {
	switch {
	case file == "":
		v.readMeta()
	case strings.HasPrefix(file, raft.SegmentFiles(v.replica.Dir())):
		v.readLog()
	}
}

func (v *durableView) durable(file string) ([]byte, bool) {
	return v.replica.Node().Disk().Durable(file)
}

// readLog reads on to where the log ends, is torn, or was damaged.
func (v *durableView) readLog() {
	for v.readSegment() {
		next, _ := v.durable(raft.SegmentFile(v.replica.Dir(), v.segment+1))
		h, ok := raft.ReadRecord(next, 0)
		if !ok || h.Kind != raft.RecordSegment || h.Number != v.segment+1 ||
			h.Base != v.base+v.parsed || h.Previous.Index > int64(len(v.ops)) {
			return
		}
		v.segment, v.base, v.parsed = h.Number, h.Base, h.End
		v.ops = v.ops[:h.Previous.Index]
	}
}

// readSegment reads the present segment and reports whether all of it is in order.
func (v *durableView) readSegment() bool {
	if v.segment == 0 {
		return true
	}
	file, _ := v.durable(raft.SegmentFile(v.replica.Dir(), v.segment))
	for v.parsed < len(file) {
		r, ok := raft.ReadRecord(file, v.parsed)
		e := r.Entry
		if !ok || r.Kind == raft.RecordSegment ||
			r.Kind == raft.RecordReplicate && (e.Index > int64(len(v.ops))+1 || e.Index < 1) {
			return false
		}
		v.parsed = r.End
		if r.Kind == raft.RecordReplicate {
			v.ops = append(v.ops[:e.Index-1], e.OpID)
		}
	}
	return true
}

func (v *durableView) readMeta() {
	if file, ok := v.durable(raft.MetaFile(v.replica.Dir())); ok {
		v.meta, _ = raft.ReadMeta(file)
	}
}

func (v *durableView) has(op wire.OpID) bool {
	return op.Index == 0 || op.Index <= int64(len(v.ops)) && v.ops[op.Index-1] == op
}

// votedFor reports whether the disk rules out another vote in the term.
func (v *durableView) votedFor(candidate wire.ServerID, term int64) bool {
	return v.meta.Term > term || v.meta.Term == term && v.meta.VotedFor == candidate
}

// forgottenBy reports whether a replica that was opened again lacks the end of what was durable,
// without another entry in its place. One that cannot read what it promised must not be opened.
func (v *durableView) forgottenBy(r raft.Observed) bool {
	has := r.LastLogged().Index
	for i := range min(has, int64(len(v.ops))) {
		if r.OpAt(i+1) != v.ops[i] {
			return false
		}
	}
	return has < int64(len(v.ops))
}

// forget expects nothing of the log any more.
func (v *durableView) forget() { v.ops, v.segment, v.parsed, v.base = nil, 0, 0, 0 }
