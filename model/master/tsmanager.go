package master

import (
	"slices"

	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// tsManager knows the tablet servers that registered with this process. It is memory only and
// survives changes of leadership (TSManager).
type tsManager struct {
	descriptors map[wire.ServerID]*tsDescriptor
	// locations has what the mapping last said of a machine (LocationCache).
	locations map[sim.NodeID]string
}

// tsDescriptor is a tablet server as this process knows it (TSDescriptor).
type tsDescriptor struct {
	id          wire.ServerID
	incarnation int64
	// location is where the server was, by the mapping, when it registered; empty: there is no
	// mapping.
	location      string
	lastHeartbeat sim.Time // before the first: negative
	liveTablets   int
	liveByRange   []wire.RangeCount
	// liveByDimension has no labels of which there are none.
	liveByDimension []wire.DimensionCount
	// hasFullReport is set once a full report of this registration was taken; until then
	// incremental ones are of no use.
	hasFullReport bool
	// creations are those that it was lately chosen for: of all replicas, those of a table, and
	// those of a range.
	creations map[loadKey]*creations
}

// available reports whether the server may be given replicas: it is not presumed dead.
func (d *tsDescriptor) available(now sim.Time) bool {
	return d.lastHeartbeat >= 0 && now.Sub(d.lastHeartbeat) < tserverUnresponsive
}

// register makes a server known, and where it is: if the mapping fails, so does the registration. A
// start of it that is older than the known one is refused (TSManager::RegisterTS).
func (m *Master) register(id wire.ServerID, incarnation int64) wire.Status {
	location, ok := m.locationOf(id.Node())
	if !ok {
		return wire.Err(wire.UnknownError, "the location mapping fails")
	}
	d := m.ts.descriptors[id]
	switch {
	case d == nil:
		d = &tsDescriptor{id: id, creations: map[loadKey]*creations{}}
		m.ts.descriptors[id] = d
	case incarnation < d.incarnation,
		incarnation == d.incarnation && m.v.On(variant.KUDU86):
		return wire.Err(wire.UnknownError, "a later start of the server has registered")
	}
	d.incarnation, d.hasFullReport, d.location = incarnation, false, location
	Registered.Publish(m.node.World(), TServerEvent{m, id})
	m.news.Broadcast()
	return wire.Status{}
}

// locationOf asks the mapping where a machine is. With the defect it does so once in the life of
// this process (LocationCache::GetLocation).
func (m *Master) locationOf(n sim.NodeID) (location string, ok bool) {
	if known, is := m.ts.locations[n]; is && m.v.On(variant.LocationCached) {
		return known, true
	}
	if location, ok = m.locate(n); ok {
		m.ts.locations[n] = location
	}
	return location, ok
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

// placeable lists the servers that may be given replicas now, or might be if they lived, in these
// locations, or in all if there are none.
func (m *Master) placeable(evenDead bool, where []string) []*tsDescriptor {
	now := m.node.Now()
	var servers []*tsDescriptor
	for _, id := range sim.Keys(m.ts.descriptors) {
		d := m.ts.descriptors[id]
		if (evenDead || d.available(now)) && !m.ts.displaced(id) && !m.store.Maintenance[id] &&
			(len(where) == 0 || slices.Contains(where, d.location)) {
			servers = append(servers, d)
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
			m.ts.descriptors[id] = &tsDescriptor{id: id, lastHeartbeat: -1,
				creations: map[loadKey]*creations{}}
		}
	}
	for _, id := range sim.Keys(m.cat.tablets) {
		if row := m.cat.tablets[id].row; !row.Gone() {
			m.softMaps[id] = m.replicasOf(row.Consensus)
		}
	}
}
