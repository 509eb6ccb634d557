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
	// altering is held while a new schema is on its way through the log.
	altering sim.Mutex
}

func (t *tablet) dir() string { return tabletDir(t.id) }

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
	return e.Bytes()
}

// findTablets makes the tablets on disk known, closed.
func (ts *TServer) findTablets() {
	disk := ts.node.Disk()
	for _, name := range disk.List() {
		if !strings.HasSuffix(name, superblock) {
			continue
		}
		d := wire.NewDecoder(disk.Open(name).Bytes())
		t := &tablet{ts: ts, id: wire.TabletID(d.Uint64()), table: wire.TableID(d.Uint64()),
			version: int64(d.Int()), schema: d.Schema()}
		if d.Done() && raft.Exists(ts.node, t.dir()) {
			ts.tablets[t.id] = t
		}
	}
}

// open starts the replica that is on disk (TSTabletManager::OpenTablet). Schemas that the log
// holds beyond the superblock's are applied on the way.
func (t *tablet) open(p *sim.Proc) {
	replica := raft.Open(p, raft.Config{
		Tablet: t.id, Dir: t.dir(), Timing: raft.DefaultTiming(),
		PreElection: t.ts.v.PreElection, FailureDetection: true,
	}, t)
	t.replica = replica
	t.busy = false
	t.ts.markDirty(t.id)
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
	f.Sync(p)
	disk.Rename(t.dir()+superblock+".tmp", t.dir()+superblock)
	disk.SyncDir(p)
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
	if t.replica == nil || t.busy {
		return wire.Err(wire.TabletNotRunning, "")
	}
	t.busy = true
	t.replica.Shutdown(p)
	disk := ts.node.Disk()
	disk.Remove(t.dir() + superblock)
	disk.SyncDir(p)
	for _, name := range disk.List() {
		if strings.HasPrefix(name, t.dir()+"/") {
			disk.Remove(name)
		}
	}
	disk.SyncDir(p)
	delete(ts.tablets, id)
	ts.deleted[id] = true
	ts.markDirty(id)
	TabletDeleted.Publish(ts.node.World(), TabletEvent{ts, id})
	return wire.Status{}
}
