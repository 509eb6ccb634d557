package checker

import (
	"fmt"
	"slices"

	"tabletop/model/catalog"
	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/tserver"
	"tabletop/model/wire"
	"tabletop/sim"
)

// done judges what IsCreateTableDone and IsAlterTableDone rest on, which no history of the catalog
// shows: a tablet runs only under a leader that was elected, an alter ends only when every tablet
// runs and has committed its schema, and clients are told no sooner.
type done struct {
	j       *Judges
	looked  *int
	applied int64                           // index of the last entry seen
	led     map[wire.TabletID]bool          // somebody was elected
	version map[wire.TabletID]int64         // created with, or applied by some replica
	tables  map[wire.TableID]*catalog.Table // the latest rows
	states  map[wire.TabletID]catalog.TabletState
	parts   map[wire.TabletID]wire.Partition
	members map[wire.TableID][]wire.TabletID // all that a table ever had, the oldest first
	// made is the tablets that came with the entry of a request.
	made map[wire.RequestID][]wire.TabletID
}

func watchDone(j *Judges) {
	d := &done{j: j, looked: j.counter(Done), led: map[wire.TabletID]bool{},
		version: map[wire.TabletID]int64{}, tables: map[wire.TableID]*catalog.Table{},
		states:  map[wire.TabletID]catalog.TabletState{},
		parts:   map[wire.TabletID]wire.Partition{},
		members: map[wire.TableID][]wire.TabletID{},
		made:    map[wire.RequestID][]wire.TabletID{}}
	w := j.c.World
	raft.Elected.Subscribe(w, func(e raft.ReplicaEvent) { d.led[e.Replica.Tablet()] = true })
	sim.Sent.Subscribe(w, func(e *sim.Envelope) {
		if m, ok := e.Msg.(*wire.CreateTabletRequest); ok {
			d.version[m.Tablet] = max(d.version[m.Tablet], m.Version)
		}
	})
	tserver.SchemaApplied.Subscribe(w, func(e tserver.SchemaEvent) {
		d.version[e.Tablet] = max(d.version[e.Tablet], e.Version)
	})
	master.Applied.Subscribe(w, d.apply)
	client.Done.Subscribe(w, d.told)
}

func (d *done) apply(e master.AppliedEvent) {
	if e.Op.Index <= d.applied {
		return
	}
	d.applied = e.Op.Index
	for _, row := range e.Batch.Tablets {
		old, known := d.states[row.ID]
		if !known {
			d.members[row.Table] = append(d.members[row.Table], row.ID)
			d.parts[row.ID] = row.Partition
			if cause := e.Batch.Cause; cause != (wire.RequestID{}) {
				d.made[cause] = append(d.made[cause], row.ID)
			}
		}
		d.states[row.ID] = row.State
		if row.State == catalog.TabletRunning && old != row.State {
			d.runs(row)
		}
	}
	for _, row := range e.Batch.Tables {
		old := d.tables[row.ID]
		d.tables[row.ID] = row
		if old != nil && old.State != row.State && row.State == catalog.TableRunning {
			d.ended(row)
		}
	}
}

func (d *done) runs(row *catalog.Tablet) {
	*d.looked++
	if !d.led[row.ID] {
		d.broken("tablet", "running-without-leader", "%v runs, but nobody was elected its leader",
			row.ID)
	}
}

// ended looks at every tablet that is left of a table whose alter, or recall, has just ended.
func (d *done) ended(row *catalog.Table) {
	*d.looked++
	for _, id := range d.members[row.ID] {
		switch state := d.states[id]; {
		case state == catalog.TabletReplaced || state == catalog.TabletDeleted:
		case state != catalog.TabletRunning:
			d.broken("table", "alter-ended-early", "%s is altered, and %v is %v", row.Name, id,
				state)
		case d.version[id] < row.AppliedVersion:
			d.broken("table", "alter-ended-early", "%s shows version %d; %v has committed %d",
				row.Name, row.AppliedVersion, id, d.version[id])
		}
	}
}

// told looks at a client that was told its create or alter is complete: what it has made runs. Of a
// table that was dropped meanwhile nothing more can be said.
func (d *done) told(e client.OpEvent) {
	*d.looked++
	row := d.tables[e.Outcome.Table]
	switch {
	case !e.Outcome.Status.OK(): // the history judges that
	case row == nil:
		d.broken("table", "told-of-nothing", "%v", e)
	case !row.Live():
	case row.AppliedVersion < e.Outcome.Version && e.Op.Kind != client.Create:
		d.broken("table", "told-early", "%v, but it shows version %d", e, row.AppliedVersion)
	default:
		for _, id := range d.made[e.Request] {
			if slices.Contains(d.members[row.ID], id) && !d.ran(row.ID, id) {
				d.broken("table", "told-early", "%v, but %v is %v", e, id, d.states[id])
			}
		}
	}
}

// ran reports whether a tablet, or one that took its place because creation took too long, has come
// to run, or was dropped since.
func (d *done) ran(table wire.TableID, id wire.TabletID) bool {
	members := d.members[table]
	return slices.ContainsFunc(members[slices.Index(members, id):], func(m wire.TabletID) bool {
		return d.parts[m] == d.parts[id] &&
			(d.states[m] == catalog.TabletRunning || d.states[m] == catalog.TabletDeleted)
	})
}

func (d *done) broken(object, reason, format string, args ...any) {
	d.j.report(Violation{Oracle: Done, Object: object, Reason: reason,
		Detail: fmt.Sprintf(format, args...)})
}
