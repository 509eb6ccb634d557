package master

import (
	"tabletop/model/catalog"
	"tabletop/model/placement"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// tsManager knows the tablet servers that registered with this process. It is memory only and
// survives changes of leadership (TSManager).
type tsManager struct {
	descriptors map[wire.ServerID]*tsDescriptor
}

// tsDescriptor is a tablet server as this process knows it (TSDescriptor).
type tsDescriptor struct {
	id            wire.ServerID
	incarnation   int64
	lastHeartbeat sim.Time // before the first: negative
	liveTablets   int
	// hasFullReport is set once a full report of this registration was taken; until then
	// incremental ones are of no use.
	hasFullReport bool
	// recentCreations counts the replicas it was chosen for, and halves with time.
	recentCreations int
	decayedAt       sim.Time
}

// available reports whether the server may be given replicas: it is not presumed dead.
func (d *tsDescriptor) available(now sim.Time) bool {
	return d.lastHeartbeat >= 0 && now.Sub(d.lastHeartbeat) < tserverUnresponsive
}

// creations returns the decayed count of recent creations.
func (d *tsDescriptor) creations(now sim.Time) int {
	for d.recentCreations > 0 && now.Sub(d.decayedAt) >= replicaCreationHalfLife {
		d.recentCreations /= 2
		d.decayedAt = d.decayedAt.Add(replicaCreationHalfLife)
	}
	return d.recentCreations
}

func (d *tsDescriptor) noteCreation(now sim.Time) {
	if d.creations(now) == 0 {
		d.decayedAt = now
	}
	d.recentCreations++
}

// register makes a server known. A start of it that is older than the known one is refused
// (TSManager::RegisterTS).
func (m *Master) register(id wire.ServerID, incarnation int64) bool {
	d := m.ts.descriptors[id]
	switch {
	case d == nil:
		d = &tsDescriptor{id: id}
		m.ts.descriptors[id] = d
	case incarnation < d.incarnation,
		incarnation == d.incarnation && m.v.On(variant.KUDU86):
		return false
	}
	d.incarnation, d.hasFullReport = incarnation, false
	Registered.Publish(m.node.World(), TServerEvent{m, id})
	m.news.Broadcast()
	return true
}

// askForFullReports makes every server send a full report once more.
func (m *Master) askForFullReports() {
	for _, id := range sim.Keys(m.ts.descriptors) {
		m.ts.descriptors[id].hasFullReport = false
	}
}

// displaced reports whether another server is known to have come to the address of that one, where
// two replicas of one tablet would meet. A heartbeat of the earlier one may still be on its way.
func (ts *tsManager) displaced(id wire.ServerID) bool {
	for _, other := range sim.Keys(ts.descriptors) {
		if other > id && other.Node() == id.Node() {
			return true
		}
	}
	return false
}

// placeable lists the servers that may be given replicas now, or might be if they lived.
func (m *Master) placeable(evenDead bool) []placement.Server {
	now := m.node.Now()
	var servers []placement.Server
	for _, id := range sim.Keys(m.ts.descriptors) {
		d := m.ts.descriptors[id]
		if (evenDead || d.available(now)) && !m.ts.displaced(id) && !m.store.Maintenance[id] {
			servers = append(servers, placement.Server{ID: id,
				Load: d.liveTablets + d.creations(now)})
		}
	}
	return servers
}

// persistTServer makes a registration a row of the master tablet, if it is not one yet.
func (m *Master) persistTServer(p *sim.Proc, term int64, id wire.ServerID) wire.Status {
	if m.store.TServers[id] {
		return wire.Status{}
	}
	return m.write(p, term, &catalog.Batch{TServers: []wire.ServerID{id}})
}

// restoreTServers makes the persisted servers known again and rebuilds the replica map from
// them and the persisted configurations.
func (m *Master) restoreTServers() {
	for _, id := range sim.Keys(m.store.TServers) {
		if m.ts.descriptors[id] == nil {
			m.ts.descriptors[id] = &tsDescriptor{id: id, lastHeartbeat: -1}
		}
	}
	for _, id := range sim.Keys(m.cat.tablets) {
		if row := m.cat.tablets[id].row; !row.Gone() {
			m.softMaps[id] = m.replicasOf(row.Consensus)
		}
	}
}
