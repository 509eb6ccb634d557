package master

import (
	"tabletop/model/catalog"
	"tabletop/model/wire"
	"tabletop/sim"
)

// replicaMap is what reports have told of a tablet's replicas: for each server that this process
// knew at the time, whether it leads. It is the soft state of KUDU-1353.
type replicaMap map[wire.ServerID]replicaState

type replicaState struct {
	leader bool
	term   int64
}

// replicasOf returns the map that a whole configuration gives, as far as its servers are known
// here.
func (m *Master) replicasOf(c wire.ConsensusState) replicaMap {
	replicas := replicaMap{}
	for _, id := range c.Config.Servers() {
		if m.ts.descriptors[id] != nil {
			replicas[id] = replicaState{leader: id == c.Leader, term: c.Term}
		}
	}
	return replicas
}

// noteReplica keeps the replica map in step with a report. A report that brings a newer
// configuration or leader replaces the map; any other adds the reporter if it is not there.
// Follows CatalogManager::ResetTabletReplicasFromReportedConfig and AddReplicaToTabletIfNotFound
// of 0.7.
func (m *Master) noteReplica(from wire.ServerID, r *wire.ReportedTablet, newer bool) {
	if !r.Running {
		return
	}
	replicas := m.softMaps[r.Tablet]
	if newer || replicas == nil {
		replicas = replicaMap{}
		if newer {
			replicas = m.replicasOf(r.State)
		}
		m.softMaps[r.Tablet] = replicas
	}
	if _, known := replicas[from]; !known {
		replicas[from] = replicaState{leader: r.State.Leader == from, term: r.State.Term}
	}
}

// forgetReplicas takes a server out of all replica maps.
func (m *Master) forgetReplicas(server wire.ServerID) {
	for _, id := range sim.Keys(m.softMaps) {
		delete(m.softMaps[id], server)
	}
}

// noteFollowerReport keeps the replica map of a master that does not lead. It has no rows to
// compare with, so the map itself says what is newer.
func (m *Master) noteFollowerReport(from wire.ServerID, report *wire.TabletReport) {
	for i := range report.Tablets {
		r := &report.Tablets[i]
		term := int64(-1)
		for _, id := range sim.Keys(m.softMaps[r.Tablet]) {
			term = max(term, m.softMaps[r.Tablet][id].term)
		}
		m.noteReplica(from, r, r.State.Leader != wire.NoServer && r.State.Term > term)
	}
	for _, id := range report.Removed {
		delete(m.softMaps[id], from)
	}
}

// leaderOf returns the server to which work for a tablet's leader goes, or NoServer. Follows
// PickLeaderReplica, of 0.7 with the defect and of 1.0 without.
func (m *Master) leaderOf(row *catalog.Tablet) wire.ServerID {
	if !m.v.RoutesBySoftState() {
		return row.Consensus.Leader
	}
	replicas := m.softMaps[row.ID]
	for _, id := range sim.Keys(replicas) {
		if replicas[id].leader {
			return id
		}
	}
	return wire.NoServer
}

// membersOf returns the servers that are told to delete a tablet's replicas.
func (m *Master) membersOf(row *catalog.Tablet) []wire.ServerID {
	if !m.v.RoutesBySoftState() {
		return row.Consensus.Config.Servers()
	}
	return sim.Keys(m.softMaps[row.ID])
}
