package master

import (
	"fmt"
	"strings"

	"tabletop/model/placement"
	"tabletop/model/wire"
	"tabletop/sim"
)

// PlacementEvent tells which servers a leader has chosen for a new tablet, or which one for an
// extra replica of a tablet, and among which.
type PlacementEvent struct {
	Master  *Master
	Tablet  wire.TabletID
	Factor  int      // replication factor of the table
	Pinned  []string // the locations that the table is bound to; none: all are free
	Members []wire.ServerID
	Servers []placement.Server
	Chosen  []wire.ServerID
	// Violates tells that the loss of one location will take the tablet down: there was no better
	// choice, and that the replicas are as many as they should be comes first.
	Violates bool
}

// Fold implements sim.Event.
func (e PlacementEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Master.node.ID()))
	d.Uint64(uint64(e.Tablet))
	for _, id := range e.Chosen {
		d.Int(int64(id))
	}
	d.Bool(e.Violates)
}

func (e PlacementEvent) String() string {
	text := fmt.Sprintf("%s: %v on %s", e.Master.node.Name(), e.Tablet, e.Names())
	if e.Violates {
		text += ", against the policy"
	}
	return text
}

// Names tells the chosen servers, and where they are.
func (e PlacementEvent) Names() string {
	var names []string
	for _, id := range e.Chosen {
		name := e.Master.name(id)
		if l := e.LocationOf(id); l != "" {
			name += " in " + l
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// LocationOf returns where the master takes one of the servers to be.
func (e PlacementEvent) LocationOf(id wire.ServerID) string {
	for _, s := range e.Servers {
		if s.ID == id {
			return s.Location
		}
	}
	return ""
}
