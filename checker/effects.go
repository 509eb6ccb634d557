package checker

import (
	"fmt"
	"slices"

	"tabletop/model/catalog"
	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/wire"
	"tabletop/sim"
)

// effects follows the master tablet as it is applied, each entry once, whoever applies it first:
// which request did what, and who holds which name.
type effects struct {
	j       *Judges
	unique  *int
	once    *int
	applied int64                           // index of the last entry seen
	entries map[wire.RequestID]wire.OpID    // the entry that a request's answer rests on
	changes map[wire.RequestID]*requested   // of requests that took effect
	names   map[string][]wire.TableID       // live tables
	known   map[wire.TableID]*catalog.Table // by id, the latest row
	tablets map[wire.TabletID]*catalog.Tablet
	soft    map[wire.TableID]sim.Time // since when a table is soft-deleted
	expired []expiry
	commits []*commit            // shown, in order
	hidden  []*commit            // applied and not shown yet, in the order of the log
	last    map[sim.NodeID]int64 // index of the last entry that a master applied
}

// expiry is that the masters dropped a table by themselves.
type expiry struct {
	Event
	by *commit
}

// requested is the effect of a request.
type requested struct {
	op    wire.OpID
	table *catalog.Table // the row it wrote
	by    *commit
}

func watchEffects(j *Judges) *effects {
	f := &effects{j: j, unique: j.counter(UniqueName), once: j.counter(ExactlyOnce),
		entries: map[wire.RequestID]wire.OpID{}, changes: map[wire.RequestID]*requested{},
		names: map[string][]wire.TableID{}, known: map[wire.TableID]*catalog.Table{},
		tablets: map[wire.TabletID]*catalog.Tablet{}, soft: map[wire.TableID]sim.Time{},
		last: map[sim.NodeID]int64{}}
	w := j.c.World
	master.Applied.Subscribe(w, f.apply)
	master.Published.Subscribe(w, func(e master.PublishedEvent) {
		f.show(func(c *commit) bool {
			return c.cause == e.Batch.Cause && slices.EqualFunc(c.rows, e.Batch.Tables,
				(*catalog.Table).Equal)
		})
	})
	master.LeaderReady.Subscribe(w, func(e master.LeaderEvent) {
		last := f.last[e.Master.Node().ID()]
		f.show(func(c *commit) bool { return c.index <= last })
	})
	return f
}

// show notes that a leader shows commits from now on.
func (f *effects) show(which func(*commit) bool) {
	f.hidden = slices.DeleteFunc(f.hidden, func(c *commit) bool {
		if !which(c) {
			return false
		}
		f.commits = append(f.commits, c)
		c.number, c.at = len(f.commits), f.j.c.World.Now()
		return true
	})
}

// entryOf returns the entry that the answer to a request rests on.
func (f *effects) entryOf(r wire.RequestID) (wire.OpID, bool) {
	op, ok := f.entries[r]
	return op, ok
}

// effectOf returns what a request did to the catalog, or nil.
func (f *effects) effectOf(r wire.RequestID) *requested { return f.changes[r] }

func (f *effects) apply(e master.AppliedEvent) {
	f.last[e.Master.Node().ID()] = e.Op.Index
	if e.Op.Index <= f.applied {
		return
	}
	f.applied = e.Op.Index
	f.changesSomething(e)
	cause := e.Batch.Cause
	by := &commit{rows: e.Batch.Tables, index: e.Op.Index, cause: cause}
	if len(by.rows) > 0 {
		f.hidden = append(f.hidden, by)
	}
	for _, row := range e.Batch.Tables {
		f.expire(row, by)
		f.rename(row)
	}
	if cause == (wire.RequestID{}) {
		return
	}
	*f.once++
	if len(e.Batch.Tables) > 0 {
		if before := f.changes[cause]; before != nil {
			f.j.report(Violation{Oracle: ExactlyOnce, Object: "request", Reason: "executed-twice",
				Detail: fmt.Sprintf("request %v of %s took effect at %v and again at %v", cause,
					f.j.durability.name(cause.Client.Node()), before.op, e.Op)})
		}
		f.changes[cause] = &requested{e.Op, e.Batch.Tables[0], by}
	}
	f.entries[cause] = e.Op
}

// changesSomething looks for an entry that leaves every row as it was.
func (f *effects) changesSomething(e master.AppliedEvent) {
	b := e.Batch
	idle := len(b.Results)+len(b.TServers)+len(b.Maintenance)+len(b.Purged) == 0
	for _, row := range b.Tables {
		old := f.known[row.ID]
		idle = idle && old != nil && old.Equal(row)
	}
	for _, row := range b.Tablets {
		old := f.tablets[row.ID]
		idle = idle && old != nil && old.Equal(row)
		f.tablets[row.ID] = row
	}
	if idle {
		f.j.report(Violation{Oracle: Quiescence, Object: "master-tablet", Reason: "written-again",
			Detail: fmt.Sprintf("entry %v changes nothing: %v", e.Op, e)})
	}
}

// rename keeps the names and checks that no two live tables share one.
func (f *effects) rename(row *catalog.Table) {
	if old := f.known[row.ID]; old != nil {
		f.names[old.Name] = slices.DeleteFunc(f.names[old.Name],
			func(id wire.TableID) bool { return id == row.ID })
	}
	f.known[row.ID] = row
	if !row.Live() {
		return
	}
	*f.unique++
	f.names[row.Name] = append(f.names[row.Name], row.ID)
	if ids := f.names[row.Name]; len(ids) > 1 {
		f.j.report(Violation{Oracle: UniqueName, Object: "table", Reason: "name-taken-twice",
			Detail: fmt.Sprintf("%v are live tables called %s", ids, row.Name)})
	}
}

// expire notes that a table was dropped though nobody asked for it just then. When that took effect
// is not taken from the log, but that it was after the table had been soft-deleted.
func (f *effects) expire(row *catalog.Table, by *commit) {
	switch {
	case row.State == catalog.TableSoftDeleted:
		f.soft[row.ID] = f.j.c.World.Now()
	case row.Gone() && by.cause == (wire.RequestID{}):
		f.expired = append(f.expired, expiry{by: by, Event: Event{Process: "masters",
			Call:   f.soft[row.ID],
			Return: sim.Never, Op: client.Op{Kind: Expired, Name: row.Name},
			Out: Answer{Table: row.ID, Version: row.Version}}})
	}
}
