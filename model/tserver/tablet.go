package tserver

import (
	"fmt"
	"slices"
	"strings"

	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// tablet is one replica: its consensus, and the schema that it has applied.
type tablet struct {
	ts      *TServer
	id      wire.TabletID
	table   wire.TableID
	version int64
	schema  wire.Schema
	replica raft.Consensus // nil until it is opened
	busy    bool           // being created or deleted
	failed  string         // why its replica cannot be opened, for good; its data state is FAILED
	// altering is held while a new schema is on its way through the log.
	altering sim.Mutex
}

func (t *tablet) dir() string { return tabletDir(t.id) }

// tabletIn returns the tablet that a file under tabletDir belongs to.
func tabletIn(file string) wire.TabletID {
	var id uint64
	if _, err := fmt.Sscanf(file, "tablets/%x/", &id); err != nil {
		panic("tserver: no tablet's file: " + file)
	}
	return wire.TabletID(id)
}

func tabletDir(id wire.TabletID) string { return fmt.Sprintf("tablets/%08x", uint64(id)) }

// The superblock says which tablet a folder holds, and with which schema it began. A folder
// without one is the leftover of an unfinished creation or deletion.
const superblock = "/superblock"

func (t *tablet) encode() []byte {
	var e wire.Encoder
	e.Uint64(uint64(t.id))
	e.Uint64(uint64(t.table))
	e.Int(int(t.version))
	e.Schema(t.schema)
	return wire.Seal(e.Bytes())
}

// findTablets makes the tablets on disk known, closed. One whose superblock is damaged has failed.
func (ts *TServer) findTablets() {
	disk := ts.node.Disk()
	for _, name := range disk.List() {
		if !strings.HasSuffix(name, superblock) {
			continue
		}
		t := &tablet{ts: ts, id: tabletIn(name)}
		ts.tablets[t.id] = t
		content, intact := wire.Unseal(disk.Open(name).Bytes())
		d := wire.NewDecoder(content)
		id := wire.TabletID(d.Uint64())
		t.table, t.version, t.schema = wire.TableID(d.Uint64()), int64(d.Int()), d.Schema()
		switch {
		case !intact || !d.Done() || id != t.id:
			t.fail(name + " is damaged")
		case !raft.Exists(ts.node, t.dir()):
			t.fail(t.dir() + " is incomplete")
		}
	}
}

// open starts the replica that is on disk (TSTabletManager::OpenTablet). Schemas that the log
// holds beyond the superblock's are applied on the way.
func (t *tablet) open(p *sim.Proc) {
	if t.failed != "" {
		return
	}
	replica, err := raft.Open(p, raft.Config{
		Tablet: t.id, Dir: t.dir(), Timing: raft.DefaultTiming(),
		PreElection: t.ts.v.PreElection, FailureDetection: true,
	}, t)
	t.busy = false
	if err != nil {
		t.fail(err.Error())
	} else {
		t.replica = replica
	}
	t.ts.markDirty(t.id)
}

// fail gives the replica up. What the disk still holds of it is kept for people to look at.
func (t *tablet) fail(reason string) {
	t.failed = reason
	TabletFailed.Publish(t.ts.node.World(), FailureEvent{TabletEvent{t.ts, t.id}, reason})
}

// Apply implements raft.StateMachine.
func (t *tablet) Apply(e wire.Entry) {
	if e.Type != wire.AlterSchema {
		return
	}
	d := wire.NewDecoder(e.Payload)
	version, schema := int64(d.Int()), d.Schema()
	if version <= t.version {
		return
	}
	t.version, t.schema = version, schema
	SchemaApplied.Publish(t.ts.node.World(), SchemaEvent{t.ts, t.id, version})
	t.ts.markDirty(t.id)
}

// ConsensusChanged implements raft.StateMachine.
func (t *tablet) ConsensusChanged() { t.ts.markDirty(t.id) }

// createTablet makes a replica and answers before it is open (TSTabletManager::CreateNewTablet).
func (ts *TServer) createTablet(p *sim.Proc, req *wire.CreateTabletRequest) wire.Status {
	if req.DestUUID != 0 && req.DestUUID != ts.uuid {
		return wire.Err(wire.WrongServerUUID, "")
	}
	if ts.tablets[req.Tablet] != nil {
		return wire.Err(wire.TabletAlreadyExists, "")
	}
	if ts.deleted[req.Tablet] {
		return wire.Err(wire.UnknownError, "the tablet was deleted")
	}
	t := &tablet{ts: ts, id: req.Tablet, table: req.Table, version: req.Version,
		schema: req.Schema, busy: true}
	ts.tablets[t.id] = t
	raft.Create(p, t.dir(), req.Voters)
	disk := ts.node.Disk()
	f := disk.Create(t.dir() + superblock + ".tmp")
	f.Append(t.encode())
	p.Must(f.Sync(p))
	disk.Rename(t.dir()+superblock+".tmp", t.dir()+superblock)
	p.Must(disk.SyncDir(p))
	ts.markDirty(t.id)
	ts.node.Go("open tablet", t.open)
	return wire.Status{}
}

// alterSchema brings a tablet to the table's latest schema, through its log. Only the leader
// can; that the tablet is there already, any replica may say (TabletServiceAdminImpl::AlterSchema).
func (ts *TServer) alterSchema(p *sim.Proc, req *wire.AlterSchemaRequest) wire.Status {
	t := ts.tablets[req.Tablet]
	if t == nil {
		return wire.Err(wire.TabletNotFound, "")
	}
	if t.replica == nil || t.busy {
		return wire.Err(wire.TabletNotRunning, "")
	}
	t.altering.Lock(p, "an earlier alter of the tablet")
	defer t.altering.Unlock()
	switch {
	case t.version > req.Version:
		return wire.Err(wire.TabletHasANewerSchema, "")
	case t.version == req.Version && !slices.Equal(t.schema, req.Schema):
		return wire.Err(wire.MismatchedSchema, "")
	case t.version == req.Version:
		return wire.Status{}
	}
	var e wire.Encoder
	e.Int(int(req.Version))
	e.Schema(req.Schema)
	_, err := t.replica.Replicate(p, t.replica.Term(), wire.AlterSchema, e.Bytes())
	if err != nil {
		return wire.Err(wire.NotTheLeader, err.Error())
	}
	return wire.Status{}
}

// deleteTablet removes a replica for good (TSTabletManager::DeleteTablet, mode DELETED).
func (ts *TServer) deleteTablet(p *sim.Proc, id wire.TabletID) wire.Status {
	t := ts.tablets[id]
	if t == nil {
		return wire.Err(wire.TabletNotFound, "")
	}
	if t.replica == nil && t.failed == "" || t.busy {
		return wire.Err(wire.TabletNotRunning, "")
	}
	t.busy = true
	if t.replica != nil {
		t.replica.Shutdown(p)
	}
	disk := ts.node.Disk()
	disk.Remove(t.dir() + superblock)
	p.Must(disk.SyncDir(p))
	for _, name := range disk.List() {
		if strings.HasPrefix(name, t.dir()+"/") {
			disk.Remove(name)
		}
	}
	p.Must(disk.SyncDir(p))
	delete(ts.tablets, id)
	ts.deleted[id] = true
	ts.markDirty(id)
	TabletDeleted.Publish(ts.node.World(), TabletEvent{ts, id})
	return wire.Status{}
}
