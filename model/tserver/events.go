package tserver

import (
	"fmt"

	"tabletop/model/rows"
	"tabletop/model/wire"
	"tabletop/sim"
)

// What tablet servers tell observers.
var (
	// SchemaApplied tells that a replica applied a new schema.
	SchemaApplied = sim.NewTopic[SchemaEvent]("schema-applied")
	// RowsApplied tells that a replica applied a write of rows.
	RowsApplied = sim.NewTopic[RowsEvent]("rows-applied")
	// TabletDeleted tells that a replica is being deleted for good.
	TabletDeleted = sim.NewTopic[TabletEvent]("tablet-deleted")
	// TabletTombstoned tells that of a replica only what it promised is left.
	TabletTombstoned = sim.NewTopic[TombstoneEvent]("tablet-tombstoned")
	// CopyStarted tells that a replica is being copied.
	CopyStarted = sim.NewTopic[CopyEvent]("copy-started")
	// CopyEnded tells how that ended.
	CopyEnded = sim.NewTopic[CopyEvent]("copy-ended")
	// TabletFailed tells that a replica cannot be opened, for good.
	TabletFailed = sim.NewTopic[FailureEvent]("tablet-failed")
)

// SchemaEvent tells which schema a replica has now.
type SchemaEvent struct {
	TServer *TServer
	Tablet  wire.TabletID
	Version int64
}

// Fold implements sim.Event.
func (e SchemaEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.TServer.node.ID()))
	d.Uint64(uint64(e.Tablet))
	d.Int(e.Version)
}

func (e SchemaEvent) String() string {
	return fmt.Sprintf("%s %v version %d", e.TServer.node.Name(), e.Tablet, e.Version)
}

// RowsEvent tells what an entry of the log made of rows.
type RowsEvent struct {
	TabletEvent
	Op    wire.OpID
	Write rows.Write
	Codes []wire.Code // by operation
}

// Fold implements sim.Event.
func (e RowsEvent) Fold(d *sim.Digest) {
	e.TabletEvent.Fold(d)
	d.Int(e.Op.Index)
	d.Int(int64(e.Write.Time))
	for _, c := range e.Codes {
		d.Uint64(uint64(c))
	}
}

func (e RowsEvent) String() string {
	if len(e.Write.Ops) == 0 {
		return fmt.Sprintf("%v %v: the time", e.TabletEvent, e.Op)
	}
	return fmt.Sprintf("%v %v: %v of %v: %v", e.TabletEvent, e.Op, e.Write.Ops, e.Write.Request,
		e.Codes)
}

// TabletEvent tells what became of a replica.
type TabletEvent struct {
	TServer *TServer
	Tablet  wire.TabletID
}

// Fold implements sim.Event.
func (e TabletEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.TServer.node.ID()))
	d.Uint64(uint64(e.Tablet))
}

func (e TabletEvent) String() string {
	return fmt.Sprintf("%s %v", e.TServer.node.Name(), e.Tablet)
}

// Order is why a replica was given up. The zero value: nobody wanted it, what is left is all
// there is.
type Order struct {
	Master bool            // a master wanted it
	CAS    int64           // the index of the configuration that it had in mind
	Active wire.RaftConfig // the one that counted at the replica
	// Pending is the entry that brought Active, if the replica did not know it committed.
	Pending wire.OpID
}

// TombstoneEvent tells that a replica was given up, and why.
type TombstoneEvent struct {
	TabletEvent
	Order
	LastLogged wire.OpID // where its log ended, as the tombstone remembers it
}

// CopyEvent tells of a copy from one server to another.
type CopyEvent struct {
	TabletEvent
	Source wire.ServerID
	Result string // of CopyEnded
}

// Fold implements sim.Event.
func (e CopyEvent) Fold(d *sim.Digest) {
	e.TabletEvent.Fold(d)
	d.Int(int64(e.Source))
	d.String(e.Result)
}

func (e CopyEvent) String() string {
	from := e.TServer.node.World().Node(e.Source.Node()).Name()
	if e.Result == "" {
		return fmt.Sprintf("%v from %s", e.TabletEvent, from)
	}
	return fmt.Sprintf("%v from %s: %s", e.TabletEvent, from, e.Result)
}

// FailureEvent tells why a replica cannot be opened.
type FailureEvent struct {
	TabletEvent
	Reason string
}

func (e FailureEvent) String() string { return e.TabletEvent.String() + ": " + e.Reason }
