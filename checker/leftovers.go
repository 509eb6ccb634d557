package checker

import (
	"fmt"

	"tabletop/model/catalog"
	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// leftovers lists what nobody waits for and what must be gone all the same from a cluster at rest:
// tasks of the leader master, replicas of tablets that are no more, replicas with an old schema.
// Nothing is asked of servers whose disk has lost what was durable, nor of tablets that have no
// majority without them.
func (j *Judges) leftovers(m *master.Master) []Unfinished {
	var list []Unfinished
	for _, id := range sim.Keys(m.Store().Tables) {
		for _, task := range m.Tasks(id) {
			row := m.Store().Tablets[task.Tablet]
			if !j.durability.damaged[task.Target.Node()] && settledTablet(m.Store(), row) &&
				j.ableTablet(row) {
				list = append(list, Unfinished{"task", "pending/" + task.Name, task.String()})
			}
		}
	}
	for _, ts := range j.c.TServers {
		if j.durability.damaged[ts.Node().ID()] {
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

// leftover looks at one replica.
func (j *Judges) leftover(store *catalog.Store, id wire.TabletID, on sim.NodeID) (Unfinished,
	bool) {
	ts, row := j.c.TServerOn(on), store.Tablets[id]
	if row == nil || row.Gone() || !store.Tables[row.Table].Live() {
		return Unfinished{"replica", "orphan", fmt.Sprintf(
			"%s has a replica of %v, which is no more", ts.Node().Name(), id)}, true
	}
	if !settledTablet(store, row) {
		return Unfinished{}, false
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

// ableTable reports whether all tablets of the table are able.
func (j *Judges) ableTable(store *catalog.Store, t *catalog.Table) bool {
	for _, id := range sim.Keys(store.Tablets) {
		if row := store.Tablets[id]; row.Table == t.ID && !j.ableTablet(row) {
			return false
		}
	}
	return true
}

// ableTablet reports whether the tablet can do what it is asked to: unless a disk was damaged it
// can, and else if a majority of its replicas run on servers whose disks are sound.
func (j *Judges) ableTablet(row *catalog.Tablet) bool {
	if row == nil || row.Gone() {
		return true
	}
	sound, damaged := 0, false
	voters := row.Consensus.Config.Voters()
	for _, id := range voters {
		hurt := j.durability.damaged[id.Node()]
		if !hurt && j.c.TServerOn(id.Node()).Replica(row.ID) != nil {
			sound++
		}
		damaged = damaged || hurt
	}
	return !damaged || sound >= raft.Majority(len(voters))
}
