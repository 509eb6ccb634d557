package master

import (
	"tabletop/model/catalog"
	"tabletop/model/wire"
	"tabletop/sim"
)

// describeCluster tells a tool all that it asks a leader master before it does anything.
func (m *Master) describeCluster(p *sim.Proc) *wire.ClusterResponse {
	resp := &wire.ClusterResponse{}
	m.read(p, func() { resp.Servers, resp.Tables = m.Servers(), m.Tables() },
		func(s wire.Status) { resp.Status = s })
	return resp
}

// Servers describes the tablet servers that have registered with this process.
func (m *Master) Servers() []wire.TServerDescription {
	var list []wire.TServerDescription
	for _, id := range sim.Keys(m.ts.descriptors) {
		list = append(list, wire.TServerDescription{ID: id, Location: m.Location(id),
			Live: m.TakesForLive(id), Maintenance: m.store.Maintenance[id]})
	}
	return list
}

// Tables describes the live tables in the caches, and their tablets.
func (m *Master) Tables() []wire.TableDescription {
	var list []wire.TableDescription
	for _, id := range sim.Keys(m.cat.tables) {
		t := m.cat.tables[id]
		if !t.row.Live() {
			continue
		}
		d := wire.TableDescription{ID: id, Name: t.row.Name, Replicas: t.row.Replicas,
			Locations: t.row.Locations}
		for _, tablet := range t.tablets {
			d.Tablets = append(d.Tablets, wire.TabletDescription{ID: tablet.row.ID,
				Partition: tablet.row.Partition, State: tablet.row.Consensus,
				Running: tablet.row.State == catalog.TabletRunning})
		}
		list = append(list, d)
	}
	return list
}
