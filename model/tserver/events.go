package tserver

import (
	"fmt"

	"tabletop/model/wire"
	"tabletop/sim"
)

// What tablet servers tell observers.
var (
	// SchemaApplied tells that a replica applied a new schema.
	SchemaApplied = sim.NewTopic[SchemaEvent]("schema-applied")
	// TabletDeleted tells that a replica was deleted for good.
	TabletDeleted = sim.NewTopic[TabletEvent]("tablet-deleted")
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

// FailureEvent tells why a replica cannot be opened.
type FailureEvent struct {
	TabletEvent
	Reason string
}

func (e FailureEvent) String() string { return e.TabletEvent.String() + ": " + e.Reason }
