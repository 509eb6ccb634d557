package master

import (
	"tabletop/model/catalog"
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
	return resp
}

// locationsOf returns where servers are, in their order; an empty one is not known.
func (m *Master) locationsOf(servers []wire.ServerID) []string {
	locations := make([]string, len(servers))
	for i, id := range servers {
		locations[i] = m.Location(id)
	}
	return locations
}
