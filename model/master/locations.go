package master

import (
	"time"

	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// getTableLocations tells the tablets of a table and who has voting replicas of them, as the last
// reports said. While one of them is being created there is no answer
// (CatalogManager::GetTableLocations).
func (m *Master) getTableLocations(p *sim.Proc,
	req *wire.GetTableLocationsRequest) *wire.TableLocationsResponse {
	resp := &wire.TableLocationsResponse{}
	m.read(p, func() {
		if known := m.cat.locations[req.Table]; known != nil {
			resp.Tablets = known
			return
		}
		t := m.cat.tables[req.Table]
		if t == nil || !t.row.Live() {
			resp.Status = noTable(req.Table.String())
			return
		}
		for _, tablet := range t.tablets {
			row := tablet.row
			if row.State != catalog.TabletRunning {
				*resp = wire.TableLocationsResponse{Status: wire.Err(wire.TabletNotRunning, "")}
				return
			}
			voters := row.Consensus.Config.Voters()
			resp.Tablets = append(resp.Tablets, wire.TabletLocations{Tablet: row.ID,
				Partition: row.Partition, Replicas: voters, Leader: row.Consensus.Leader,
				Locations: m.locationsOf(voters)})
		}
	}, func(s wire.Status) { resp.Status = s })
	if m.v.On(variant.L7) && resp.Status.OK() {
		m.keepLocations(p, req.Table, resp.Tablets)
	}
	return resp
}

var streamKeep = sim.NewStream("master/keep-locations")

// keepLocations puts the answer to a lookup into the cache of locations, a little later: what has
// changed meanwhile has taken out of the cache what was there before, and the stale answer stays
// until the table changes again. Kudu has such a cache, off by default
// (table_locations_cache_capacity_mb); here L7 alone does.
func (m *Master) keepLocations(p *sim.Proc, id wire.TableID, tablets []wire.TabletLocations) {
	cat := m.cat
	p.Sleep("answer a lookup", m.node.Uniform(streamKeep, 0, 2*time.Millisecond))
	cat.locations[id] = tablets
}

// locationsOf returns where servers are, in their order; an empty one is not known.
func (m *Master) locationsOf(servers []wire.ServerID) []string {
	locations := make([]string, len(servers))
	for i, id := range servers {
		locations[i] = m.Location(id)
	}
	return locations
}
