package checker

import (
	"fmt"

	"tabletop/model/catalog"
	"tabletop/model/master"
	"tabletop/model/wire"
	"tabletop/sim"
)

// leftovers lists what nobody waits for and what must be gone all the same from a cluster at rest:
// tasks of the leader master, replicas of tablets that are no more, replicas with an old schema.
// Nothing is asked of tablets that faults have left without a majority.
func (j *Judges) leftovers(m *master.Master) []Unfinished {
	var list []Unfinished
	for _, id := range sim.Keys(m.Store().Tables) {
		for _, task := range m.Tasks(id) {
			row := m.Store().Tablets[task.Tablet]
			if settledTablet(m.Store(), row) && j.ableTablet(row) && !j.futile(m, task, row) {
				list = append(list, Unfinished{"task", "pending/" + task.Name, task.String()})
			}
		}
	}
	for _, ts := range j.c.TServers {
		if !ts.Node().Alive() || j.fate.aside[ts.Node().ID()] {
			continue
		}
		for _, id := range ts.Tablets() {
			if u, found := j.leftover(m.Store(), id, ts.Node().ID()); found {
				list = append(list, u)
			}
		}
	}
	return list
}

// futile reports whether nothing can come of a task because servers are lost for good. A machine
// with another disk, if the master knows where to call, says of a replica that is to go that it is
// not the one which is meant.
func (j *Judges) futile(m *master.Master, task master.TaskInfo, row *catalog.Tablet) bool {
	switch task.Name {
	case "AddReplica":
		table := m.Store().Tables[row.Table]
		return table != nil && j.fate.tservers(table) <= len(j.fate.configs[row.ID].Members)
	case master.DeleteReplica, master.TombstoneReplica:
		known, _ := m.Knows(task.Target)
		return j.fate.aside[task.Target.Node()] ||
			j.c.World.Node(task.Target.Node()).Retired() || !known && j.fate.lost(task.Target)
	}
	return task.Target != wire.NoServer && j.fate.lost(task.Target)
}

// leftover looks at one replica.
func (j *Judges) leftover(store *catalog.Store, id wire.TabletID, on sim.NodeID) (Unfinished,
	bool) {
	ts, row := j.c.TServerOn(on), store.Tablets[id]
	if row == nil || row.Gone() || store.Tables[row.Table].Gone() {
		return Unfinished{"replica", "orphan", fmt.Sprintf(
			"%s has a replica of %v, which is no more", ts.Node().Name(), id)}, true
	}
	if ts.Busy(id) {
		return Unfinished{"replica", "busy", fmt.Sprintf(
			"%s is busy with its replica of %v", ts.Node().Name(), id)}, true
	}
	if !settledTablet(store, row) || ts.Data(id) == wire.DataTombstoned {
		return Unfinished{}, false
	}
	if !j.fate.configs[id].Has(ts.ID()) && j.ableTablet(row) {
		return Unfinished{"replica", "evicted", fmt.Sprintf(
			"%s has a replica of %v, of which it is no member", ts.Node().Name(), id)}, true
	}
	want, have := store.Tables[row.Table].Version, ts.SchemaVersion(id)
	if have != want && j.ableTablet(row) {
		return Unfinished{"replica", "old-schema", fmt.Sprintf(
			"%s has version %d of %v; the latest is %d", ts.Node().Name(), have, id, want)}, true
	}
	return Unfinished{}, false
}

// settledTablet reports whether neither an alter nor a creation of the tablet is open; one that is
// open is judged as such.
func settledTablet(store *catalog.Store, row *catalog.Tablet) bool {
	return row == nil || row.Gone() || row.State == catalog.TabletRunning &&
		store.Tables[row.Table].State != catalog.TableAltering
}

// ableTable reports whether all tablets of the table are able, or can be created.
func (j *Judges) ableTable(store *catalog.Store, table wire.TableID) bool {
	for _, id := range sim.Keys(store.Tablets) {
		row := store.Tablets[id]
		if row.Table == table && (!j.ableTablet(row) || !j.creatable(store, row)) {
			return false
		}
	}
	return true
}

// creatable reports whether there are servers enough for a tablet that is not created yet.
func (j *Judges) creatable(store *catalog.Store, row *catalog.Tablet) bool {
	begun := row.State == catalog.TabletPreparing || row.State == catalog.TabletCreating
	table := store.Tables[row.Table]
	return !begun || table != nil && j.fate.tservers(table) >= table.Replicas
}

// ableTablet reports whether the tablet can do what it is asked to.
func (j *Judges) ableTablet(row *catalog.Tablet) bool {
	return row == nil || row.Gone() || j.fate.able(row.ID)
}
