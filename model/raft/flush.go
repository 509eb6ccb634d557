package raft

import (
	"fmt"
	"slices"
	"time"

	"tabletop/model/fs"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// DataFile returns the name of the flushed state of a replica kept under the given folder.
func DataFile(dir string) string { return dir + "/data" }

// flushedState is what a replica has applied up to an entry, as its disk holds it. It stands for
// the rowsets that Kudu flushes.
type flushedState struct {
	op    wire.OpID // the last entry applied; zero: nothing was flushed
	state []byte
}

func (s flushedState) encode(dir string) []byte {
	var e wire.Encoder
	e.String(DataFile(dir))
	e.Int(int(s.op.Term))
	e.Int(int(s.op.Index))
	return wire.Seal(append(e.Bytes(), s.state...))
}

// ReadFlushed parses the flushed state of the replica under the folder: the last entry applied, and
// the state after it. It reports false if the file is damaged, or another's.
func ReadFlushed(dir string, file []byte) (last wire.OpID, state []byte, intact bool) {
	content, intact := wire.Unseal(file)
	if !intact {
		return wire.OpID{}, nil, false
	}
	d := wire.NewDecoder(content)
	if d.String() != DataFile(dir) {
		return wire.OpID{}, nil, false
	}
	last = wire.OpID{Term: int64(d.Int()), Index: int64(d.Int())}
	return last, d.Rest(), true
}

// openFlushed reads the flushed state from disk, if there is one. The error is ErrCorrupt.
func openFlushed(n *sim.Node, dir string) (flushedState, error) {
	f := n.Disk().Open(DataFile(dir))
	if f == nil {
		return flushedState{}, nil
	}
	op, state, intact := ReadFlushed(dir, f.Bytes())
	if !intact {
		return flushedState{}, fmt.Errorf("%w: %s is damaged", ErrCorrupt, DataFile(dir))
	}
	return flushedState{op, slices.Clone(state)}, nil
}

// restore begins with what was flushed.
func (r *Replica) restore(s flushedState) {
	if s.op.Index == 0 {
		return
	}
	r.flushed, r.applied, r.commit = s.op, s.op.Index, max(r.commit, s.op.Index)
	r.sm.Restore(s.state)
	Restored.Publish(r.node.World(), stateEvent(r, s))
}

var streamMaintenance = sim.NewStream("raft/maintenance")

// runMaintenance is the process that lets old segments of the log go, in the place of Kudu's
// maintenance manager, which looks every 250 ms (maintenance_manager_polling_interval_ms) and
// flushes and collects when that frees enough of the log. Here one segment is enough, a moment
// after it can be let go: 250 ms to 3 s.
func (r *Replica) runMaintenance(p *sim.Proc) {
	for {
		for !r.closed && !r.maintainable() {
			r.maintenance.Wait(p, "a segment of the log to let go")
		}
		if r.closed {
			return
		}
		p.Sleep("maintenance",
			r.node.Uniform(streamMaintenance, 250*time.Millisecond, 3*time.Second))
		r.maintaining.Lock(p, "maintenance")
		r.flush(p)
		r.collect(p)
		r.maintaining.Unlock()
	}
}

// wakeMaintenance looks for work when entries were applied, or reached the peers.
func (r *Replica) wakeMaintenance() {
	if r.maintainable() {
		r.maintenance.Broadcast()
	}
}

func (r *Replica) maintainable() bool { return r.flushable() || r.collectable() > 0 }

// flushable reports whether only a flush is missing for the first segment to be let go.
func (r *Replica) flushable() bool {
	first := r.log.segs[0]
	return len(r.log.segs) > r.cfg.Log.MinSegments && first.last > r.flushed.Index &&
		first.last <= r.applied
}

// flush writes down what is applied, in the place of what was flushed before. The log is durable
// up to there first, so that it never ends before the flushed state.
func (r *Replica) flush(p *sim.Proc) {
	if r.closed || !r.flushable() {
		return
	}
	s := flushedState{r.log.at(r.applied), r.sm.Snapshot()}
	if r.log.waitSynced(p, r.log.endOf(s.op.Index)); r.closed {
		return
	}
	fs.Replace(p, DataFile(r.cfg.Dir), s.encode(r.cfg.Dir))
	r.flushed = s.op
	Flushed.Publish(r.node.World(), stateEvent(r, s))
}

// retainFrom returns the least index that some peer may lack, as far as is known: as a leader from
// what the peers have acknowledged, as a follower from what leaders have told. Follows
// RaftConsensus::GetRetentionIndexes.
func (r *Replica) retainFrom() int64 {
	if r.lead != nil {
		r.replicated = max(r.replicated, r.lead.replicatedToAll())
	}
	return r.replicated + 1
}

// Anchor keeps the log from an index on, however long it gets, until it is released (LogAnchor).
func (r *Replica) Anchor(index int64) (release func()) {
	a := &index
	r.anchors = append(r.anchors, a)
	return func() {
		r.anchors = slices.DeleteFunc(r.anchors, func(b *int64) bool { return a == b })
		r.maintenance.Broadcast()
	}
}

// anchored reports whether a segment holds what is anchored, or comes after that.
func (r *Replica) anchored(s *segment) bool {
	return slices.ContainsFunc(r.anchors, func(a *int64) bool { return s.last >= *a })
}

// collectable counts the segments that can be let go: what they hold is flushed and not anchored,
// and no peer lacks it, or there are too many of them. The next one begins durably. Follows
// LogReader::GetSegmentPrefixNotIncluding.
func (r *Replica) collectable() int {
	segs, n := r.log.segs, 0
	for len(segs)-n > r.cfg.Log.MinSegments && segs[n].last <= r.flushed.Index &&
		segs[n+1].base < r.log.synced &&
		(segs[n].last < r.retainFrom() || len(segs)-n > r.mostSegments()) &&
		!r.anchored(segs[n]) {
		n++
	}
	return n
}

// mostSegments returns how many segments are kept at most for a peer that lacks them: all, while a
// change of the configuration is pending, since the new majority may need that peer.
func (r *Replica) mostSegments() int {
	if r.pending != nil && !r.bug(variant.MajorityBehind) {
		return len(r.log.segs)
	}
	return r.cfg.Log.MaxSegments
}

// collect lets segments go, the oldest first, so that there is never a gap. Follows Log::GC.
func (r *Replica) collect(p *sim.Proc) {
	gone := r.collectable()
	if r.closed || gone == 0 {
		return
	}
	for _, s := range r.log.letGo(gone) {
		r.node.Disk().Remove(s.name)
	}
	p.Must(r.node.Disk().SyncDir(p))
}
