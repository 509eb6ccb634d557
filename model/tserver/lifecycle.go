package tserver

import (
	"tabletop/model/fs"
	"tabletop/model/raft"
	"tabletop/model/tablet"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// How replicas come and go (TSTabletManager). A replica is busy from the decision to the end of
// what it led to; nothing else is begun with it meanwhile.

// createTablet makes a replica and answers before it is open (TSTabletManager::CreateNewTablet).
func (ts *TServer) createTablet(p *sim.Proc, req *wire.CreateTabletRequest) wire.Status {
	if ts.tablets[req.Tablet] != nil {
		return wire.Err(wire.TabletAlreadyExists, "")
	}
	if ts.deleted[req.Tablet] {
		return wire.Err(wire.UnknownError, "the tablet was deleted")
	}
	t := ts.newReplica(fs.Superblock{Tablet: req.Tablet, Table: req.Table,
		Partition: req.Partition, Dimension: req.Dimension, Version: req.Version,
		Schema: req.Schema})
	t.busy = true
	raft.Create(p, t.dir(), req.Config)
	t.Write(p, t.dir())
	ts.markDirty(t.Tablet)
	ts.node.Go("open tablet", t.open)
	return wire.Status{}
}

// deleteTablet gives a replica up (TSTabletManager::DeleteTablet): for good, or to a tombstone, if
// it knows of no configuration later than the one the master had in mind.
func (ts *TServer) deleteTablet(p *sim.Proc, req *wire.DeleteTabletRequest) wire.Status {
	t := ts.tablets[req.Tablet]
	if t == nil {
		return wire.Err(wire.TabletNotFound, "")
	}
	r, open := t.consensus.(*raft.Replica)
	switch {
	case t.busy:
		return wire.Err(wire.AlreadyInProgress, "")
	case t.consensus == nil && t.failed == "" && t.Data == wire.DataReady:
		return wire.Err(wire.TabletNotRunning, "")
	case req.Tombstone && t.Data == wire.DataTombstoned:
		if ts.v.On(variant.TombstoneNotIdempotent) {
			return wire.Err(wire.TabletNotRunning, "")
		}
		return wire.Status{}
	case req.CAS != wire.NoCAS && open && ts.overtaken(r, req):
		return wire.Err(wire.CASFailed, "")
	}
	t.busy = true
	by := Order{Master: !req.Tool, CAS: req.CAS}
	if open {
		if by.Active = r.Active(); by.Active.Index > r.Config().Index {
			by.Pending = r.OpAt(by.Active.Index)
		}
		t.LastLogged = r.LastLogged()
		r.Shutdown(p)
		t.consensus = nil
	}
	if req.Tombstone {
		t.bury(p, by)
		return wire.Status{}
	}
	TabletDeleted.Publish(ts.node.World(), t.event())
	fs.Delete(p, t.dir())
	delete(ts.tablets, t.Tablet)
	ts.deleted[t.Tablet] = true
	ts.markDirty(t.Tablet)
	return wire.Status{}
}

// overtaken reports whether a replica knows of a later configuration than the one that a master has
// in mind, in which its server may be a member again. One that is not committed yet counts from the
// moment it is in the log, since the replica may have acknowledged it (L3), unless a later leader
// has none such: then it never will be, and nobody else would take it out of the log.
func (ts *TServer) overtaken(r *raft.Replica, req *wire.DeleteTabletRequest) bool {
	if ts.v.On(variant.L3) {
		return r.Config().Index > req.CAS
	}
	return r.Beyond(req.CAS, req.Since)
}

// bury leaves a tombstone of the replica.
func (t *replica) bury(p *sim.Proc, by Order) {
	t.busy, t.failed = true, ""
	if t.consensus != nil {
		t.consensus.Shutdown(p)
		t.consensus = nil
	}
	t.Superblock = tablet.Tombstone(p, t.dir(), t.Superblock)
	t.raise(p, by)
}

// raise opens a tombstone, which votes if it is known where its log ended.
func (t *replica) raise(p *sim.Proc, by Order) {
	if t.LastLogged != (wire.OpID{}) && t.ts.node.Disk().Open(raft.MetaFile(t.dir())) != nil {
		if voter, err := raft.OpenTombstone(p, t.config(), t.LastLogged); err == nil {
			t.consensus = voter
		}
	}
	t.busy = false
	if t.ts.v.On(variant.ReportLeftovers) {
		t.ts.markDirty(t.Tablet)
	}
	TabletTombstoned.Publish(t.ts.node.World(), TombstoneEvent{t.event(), by, t.LastLogged})
}

// startTabletCopy begins to copy a replica that is not here, or is a tombstone, and answers before
// it is done. A leader that is older than what the tombstone has logged is refused; how high the
// tombstone's term is does not matter, since a replica raises that alone (KUDU-1023). Follows
// TSTabletManager::StartTabletCopy.
func (ts *TServer) startTabletCopy(req *wire.StartTabletCopyRequest) wire.Status {
	t := ts.tablets[req.Tablet]
	switch {
	case ts.deleted[req.Tablet]:
		return wire.Err(wire.UnknownError, "the tablet was deleted")
	case t == nil:
		t = ts.newReplica(fs.Superblock{Tablet: req.Tablet, Data: wire.DataTombstoned})
	case t.busy:
		return wire.Err(wire.AlreadyInProgress, "")
	case t.Data != wire.DataTombstoned:
		return wire.Err(wire.TabletAlreadyExists, "")
	case req.Term < t.LastLogged.Term || t.ts.v.On(variant.KUDU1023) && req.Term < t.termSeen():
		return wire.Err(wire.InvalidTerm, "")
	}
	t.busy = true
	ts.node.Go("copy tablet", func(p *sim.Proc) { t.copyFrom(p, req.Source) })
	return wire.Status{}
}

// termSeen returns the latest term that the replica remembers.
func (t *replica) termSeen() int64 {
	if t.consensus == nil {
		return 0
	}
	return t.consensus.Term()
}

// copyFrom copies the replica of another server and opens it; if that fails a tombstone is left, or
// nothing where there was nothing.
func (t *replica) copyFrom(p *sim.Proc, source wire.ServerID) {
	CopyStarted.Publish(t.ts.node.World(), CopyEvent{t.event(), source, ""})
	t.copying = true
	sb, err := tablet.Copy(p, t.Tablet, t.dir(), t.Superblock, t.consensus, source)
	t.copying = false
	if err != nil {
		CopyEnded.Publish(t.ts.node.World(), CopyEvent{t.event(), source, err.Error()})
		t.Superblock = sb
		if sb.Data == wire.DataTombstoned && sb.LastLogged == (wire.OpID{}) {
			delete(t.ts.tablets, t.Tablet) // nothing was written
			return
		}
		if t.consensus == nil || sb.Data != wire.DataTombstoned {
			t.bury(p, Order{})
		}
		t.busy = false
		return
	}
	p.At(PointCopied)
	CopyEnded.Publish(t.ts.node.World(), CopyEvent{t.event(), source, "OK"})
	t.consensus = nil
	t.set(sb)
	t.open(p)
}

// beginCopySession opens a session on a replica that is whole. One whose log proves damaged now has
// failed: others must take over, and it is replaced in its turn.
func (ts *TServer) beginCopySession(p *sim.Proc, from sim.NodeID,
	req *wire.BeginCopySessionRequest) sim.Message {
	r, code := ts.consensusOf(req.Tablet)
	whole, ok := r.(*raft.Replica)
	if !ok {
		return wire.Refuse(req, code)
	}
	t := ts.tablets[req.Tablet]
	if err := raft.Verify(ts.node, t.dir()); err != nil {
		t.consensus = nil
		t.fail(err.Error())
		whole.Shutdown(p)
		ts.markDirty(t.Tablet)
		return wire.Refuse(req, wire.TabletFailed)
	}
	return ts.source.Begin(from, whole, t.Superblock, t.dir(), ts.v.DataBlocks)
}
