package tserver

import (
	"fmt"
	"slices"

	"tabletop/model/fs"
	"tabletop/model/raft"
	"tabletop/model/rows"
	"tabletop/model/tablet"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// replica is one replica of a tablet: what the disk holds of it, its consensus, and the schema that
// it has applied (TabletReplica).
type replica struct {
	fs.Superblock
	ts        *TServer
	version   int64
	schema    wire.Schema
	logged    schemaEntry    // the latest that the log has brought
	consensus raft.Consensus // nil until it is opened; of a tombstone that votes, only that
	busy      bool           // being created, copied or given up
	copying   bool           // it is a copy that is not whole yet
	failed    string         // why it cannot be opened, for good
	// altering is held while a new schema is on its way through the log, schemaLock by it alone or
	// by the writes that are.
	altering   sim.Mutex
	schemaLock sim.RWMutex

	data    *rows.Data
	applied sim.Cond                   // rows
	flights map[wire.RequestID]*flight // writes on their way
	// restored is the time of the latest write that was not in the log when it was opened, replayed
	// tells that an entry was applied since.
	restored wire.Timestamp
	replayed bool
	servesIn int64 // the last term in which it led and had applied what it inherited
}

// live reports whether the replica is whole, or not opened yet.
func (t *replica) live() bool { return t.Data == wire.DataReady && t.failed == "" }

func (t *replica) dir() string { return TabletDir(t.Tablet) }

// TabletDir is the folder of a tablet on the disk of a tablet server.
func TabletDir(id wire.TabletID) string { return fmt.Sprintf("tablets/%08x", uint64(id)) }

// tabletIn returns the tablet that a folder is for.
func tabletIn(dir string) wire.TabletID {
	var id uint64
	if _, err := fmt.Sscanf(dir, "tablets/%x", &id); err != nil {
		panic("tserver: no tablet's folder: " + dir)
	}
	return wire.TabletID(id)
}

func (ts *TServer) newReplica(sb fs.Superblock) *replica {
	t := &replica{ts: ts}
	t.set(sb)
	ts.tablets[sb.Tablet] = t
	return t
}

func (t *replica) set(sb fs.Superblock) {
	t.Superblock, t.version, t.schema, t.logged = sb, sb.Version, sb.Schema, schemaEntry{}
	t.data, t.flights, t.servesIn = rows.New(), map[wire.RequestID]*flight{}, 0
	t.restored = 0
}

// findTablets makes the replicas on disk known, closed. One whose superblock is damaged has failed.
func (ts *TServer) findTablets() {
	for _, dir := range fs.Folders(ts.node) {
		sb, intact := fs.ReadSuperblock(ts.node, dir)
		if id := tabletIn(dir); !intact || sb.Tablet != id {
			ts.newReplica(fs.Superblock{Tablet: id}).fail("its superblock is damaged")
			continue
		}
		t := ts.newReplica(sb)
		t.busy = true // until it is opened
		if sb.Data == wire.DataReady && !raft.Exists(ts.node, dir) {
			t.fail(dir + " is incomplete")
		}
	}
}

// openTablets opens what is on disk, one after another. Tombstones that are whole come first: that
// takes no time, and nobody finds them busy.
func (ts *TServer) openTablets(p *sim.Proc) {
	var closed []*replica
	for _, id := range sim.Keys(ts.tablets) {
		t := ts.tablets[id]
		switch {
		case t.failed != "":
		case tablet.Buried(ts.node, t.dir(), t.Superblock):
			t.raise(p, Order{})
		default:
			closed = append(closed, t)
		}
	}
	for _, t := range closed {
		t.open(p)
	}
}

// open starts what is on disk (TSTabletManager::OpenTablet): a replica, with the schemas that its
// log holds beyond the superblock's. What was half copied, or half given up, when the server ended
// becomes a tombstone (HandleNonReadyTabletOnStartup).
func (t *replica) open(p *sim.Proc) {
	if t.Data != wire.DataReady {
		t.bury(p, Order{})
		return
	}
	consensus, err := raft.Open(p, t.config(), t)
	t.busy = false
	if err != nil {
		t.fail(err.Error())
	} else {
		t.consensus = consensus
	}
	t.ts.markDirty(t.Tablet)
}

func (t *replica) config() raft.Config {
	return raft.Config{
		Self: t.ts.instance.ID, Tablet: t.Tablet, Dir: t.dir(),
		Timing:   raft.TimingOf(t.ts.v),
		Variants: t.ts.v, PreElection: t.ts.v.PreElection, FailureDetection: true,
		Log: raft.LogOptions{SegmentSize: t.ts.v.LogSegmentSize,
			MaxSegments: t.ts.v.MaxLogSegments, NoSync: !t.ts.v.SyncsAlways()},
		EvictFailed: t.ts.v.Replacement == variant.Replace323,
		Quiescing:   func() bool { return t.ts.quiescing },
	}
}

// fail gives the replica up. What the disk still holds of it is kept for people to look at.
func (t *replica) fail(reason string) {
	t.failed, t.busy = reason, false
	TabletFailed.Publish(t.ts.node.World(), FailureEvent{t.event(), reason})
}

func (t *replica) event() TabletEvent { return TabletEvent{t.ts, t.Tablet} }

// schemaEntry is what an entry AlterSchema says. The zero value is none.
type schemaEntry struct {
	version int64
	schema  wire.Schema
}

func (s schemaEntry) encode(e *wire.Encoder) {
	e.Int(int(s.version))
	e.Schema(s.schema)
}

func readSchemaEntry(d *wire.Decoder) schemaEntry {
	return schemaEntry{int64(d.Int()), d.Schema()}
}

// Apply implements raft.StateMachine.
func (t *replica) Apply(e wire.Entry) {
	t.replayed = true
	switch e.Type {
	case wire.AlterSchema:
		t.take(readSchemaEntry(wire.NewDecoder(e.Payload)))
	case wire.WriteOp:
		t.applyRows(e)
	}
}

// Snapshot implements raft.StateMachine. Replicas that were created at different times began with
// different schemas, but the log brings all of them the same.
func (t *replica) Snapshot() []byte {
	var e wire.Encoder
	t.logged.encode(&e)
	t.data.Encode(&e)
	return e.Bytes()
}

// Restore implements raft.StateMachine.
func (t *replica) Restore(state []byte) {
	d := wire.NewDecoder(state)
	t.take(readSchemaEntry(d))
	t.data = rows.Decode(d)
	if t.ts.v.On(variant.ReplayDropsRowErrors) {
		t.data.ForgetErrors()
	}
	t.restored, t.replayed = t.data.Last(), false
	t.ts.clock.update(t.data.Last())
}

// take brings the tablet to a schema from the log, unless it has a later one.
func (t *replica) take(s schemaEntry) {
	if s.version > t.logged.version {
		t.logged = s
	}
	if s.version <= t.version {
		return
	}
	t.version, t.schema = s.version, s.schema
	SchemaApplied.Publish(t.ts.node.World(), SchemaEvent{t.ts, t.Tablet, s.version})
	t.ts.markDirty(t.Tablet)
}

// ConsensusChanged implements raft.StateMachine.
func (t *replica) ConsensusChanged() { t.ts.markDirty(t.Tablet) }

// report describes a replica (TSTabletManager::CreateReportedTabletPB).
func (t *replica) report() wire.ReportedTablet {
	r := wire.ReportedTablet{Tablet: t.Tablet, Data: t.Data, Failed: t.failed != "",
		SchemaVersion: t.version, State: wire.ConsensusState{Leader: wire.NoServer,
			Config: wire.RaftConfig{Index: -1}}}
	if t.consensus != nil && !t.busy {
		r.Running = t.Data == wire.DataReady
		r.State = t.consensus.State()
	}
	return r
}

// Describe describes all replicas of the server, for tools and observers.
func (ts *TServer) Describe() []wire.ReportedTablet {
	var list []wire.ReportedTablet
	for _, id := range sim.Keys(ts.tablets) {
		r := ts.tablets[id].report()
		if ts.tablets[id].copying {
			r.Data = wire.DataCopying
		}
		list = append(list, r)
	}
	return list
}

// alterSchema brings a tablet to the table's latest schema, through its log. Only the leader
// can; that the tablet is there already, any replica may say (TabletServiceAdminImpl::AlterSchema).
func (ts *TServer) alterSchema(p *sim.Proc, req *wire.AlterSchemaRequest) wire.Status {
	if _, code := ts.consensusOf(req.Tablet); code != wire.OK {
		return wire.Err(code, "")
	}
	t := ts.tablets[req.Tablet]
	if t.busy {
		return wire.Err(wire.TabletNotRunning, "")
	}
	t.altering.Lock(p, "an earlier alter of the tablet")
	defer t.altering.Unlock()
	consensus := t.consensus
	switch {
	case consensus == nil || t.busy:
		return wire.Err(wire.TabletNotRunning, "")
	case t.version > req.Version:
		return wire.Err(wire.TabletHasANewerSchema, "")
	case t.version == req.Version && !slices.Equal(t.schema, req.Schema):
		return wire.Err(wire.MismatchedSchema, "")
	case t.version == req.Version:
		return wire.Status{}
	}
	t.schemaLock.Lock(p, "writes of an earlier schema")
	defer t.schemaLock.Unlock()
	var entry wire.Encoder
	schemaEntry{req.Version, req.Schema}.encode(&entry)
	_, err := consensus.Replicate(p, consensus.Term(), wire.AlterSchema, entry.Bytes())
	if err != nil {
		return wire.Err(wire.NotTheLeader, err.Error())
	}
	p.At(PointAltered)
	return wire.Status{}
}
