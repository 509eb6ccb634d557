package master

import (
	"tabletop/model/catalog"
	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// What observers may look at. None of it changes anything.

// Node returns the node of the master.
func (m *Master) Node() *sim.Node { return m.node }

// ID returns who the master is.
func (m *Master) ID() wire.ServerID { return m.instance.ID }

// Consensus returns the replica of the master tablet, or nil while it is opened.
func (m *Master) Consensus() raft.Consensus { return m.consensus }

// Store returns the applied master tablet. It must not be changed.
func (m *Master) Store() *catalog.Store { return m.store }

// Ready reports whether the master believes that it leads and has loaded its catalog, and in
// which term.
func (m *Master) Ready() (term int64, ok bool) {
	if m.consensus == nil || m.consensus.Role() != raft.Leader {
		return 0, false
	}
	term = m.consensus.Term()
	return term, m.readyTerm == term
}

// CachedTable returns the cached row of a table, or nil, and whether a change of it is on its
// way.
func (m *Master) CachedTable(id wire.TableID) (row *catalog.Table, locked bool) {
	t := m.cat.tables[id]
	if t == nil {
		return nil, false
	}
	return t.row, t.lock.Locked()
}

// CachedTablet returns the cached row of a tablet, or nil, and whether a change of it is on its
// way.
func (m *Master) CachedTablet(id wire.TabletID) (row *catalog.Tablet, locked bool) {
	t := m.cat.tablets[id]
	if t == nil {
		return nil, false
	}
	return t.row, t.lock.Locked()
}

// CachedTables returns the ids of all cached tables, and CachedTablets those of all cached
// tablets.
func (m *Master) CachedTables() []wire.TableID { return sim.Keys(m.cat.tables) }

// CachedTablets returns the ids of all cached tablets.
func (m *Master) CachedTablets() []wire.TabletID { return sim.Keys(m.cat.tablets) }

// Attached returns how many tablets the cached table has, without those that are no more.
func (m *Master) Attached(id wire.TableID) int {
	if t := m.cat.tables[id]; t != nil {
		return len(t.tablets)
	}
	return 0
}

// Named returns the row that the caches have under a name, or nil.
func (m *Master) Named(name string) *catalog.Table {
	if t := m.cat.names[name]; t != nil {
		return t.row
	}
	return nil
}

// Tasks lists the tasks of a table that have not ended.
func (m *Master) Tasks(id wire.TableID) []TaskInfo {
	t := m.cat.tables[id]
	if t == nil {
		return nil
	}
	var infos []TaskInfo
	for _, task := range t.tasks {
		infos = append(infos, task.info)
	}
	return infos
}

// ReportedVersion returns the greatest schema version that a replica of the tablet has reported to
// this leader; -1: none has.
func (m *Master) ReportedVersion(id wire.TabletID) int64 {
	if t := m.cat.tablets[id]; t != nil {
		return t.reported
	}
	return -1
}

// Knows tells what this process knows of a tablet server: whether it has registered, and whether
// it has sent a full report since.
func (m *Master) Knows(id wire.ServerID) (registered, reported bool) {
	d := m.ts.descriptors[id]
	return d != nil, d != nil && d.hasFullReport
}

// RoutesTo returns where work for the leader of a tablet would be sent now.
func (m *Master) RoutesTo(id wire.TabletID) wire.ServerID {
	if t := m.cat.tablets[id]; t != nil {
		return m.leaderOf(t.row)
	}
	return wire.NoServer
}

// LiveTablets returns how many live replicas this process believes a tablet server to have.
func (m *Master) LiveTablets(id wire.ServerID) int {
	if d := m.ts.descriptors[id]; d != nil {
		return d.liveTablets
	}
	return 0
}

// LiveByDimension returns how many of them, it believes, have each label, in the order of labels.
func (m *Master) LiveByDimension(id wire.ServerID) []wire.DimensionCount {
	if d := m.ts.descriptors[id]; d != nil {
		return d.liveByDimension
	}
	return nil
}

// TakesForLive reports whether a tablet server is registered with this process and not presumed
// dead.
func (m *Master) TakesForLive(id wire.ServerID) bool {
	d := m.ts.descriptors[id]
	return d != nil && d.available(m.node.Now())
}

// Location returns where this process takes a tablet server to be; empty: it does not know.
func (m *Master) Location(id wire.ServerID) string {
	if d := m.ts.descriptors[id]; d != nil {
		return d.location
	}
	return ""
}
