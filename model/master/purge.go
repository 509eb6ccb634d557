package master

import (
	"tabletop/model/catalog"
	"tabletop/sim"
)

// purgeMetadata takes the rows of tables that were dropped long ago, and of their tablets, out of
// the catalog, so that it does not grow for ever. A server that comes back later has replicas that
// nobody knows. Kudu does so on request (enable_metadata_cleanup_for_deleted_tables_and_tablets)
// and counts from the drop; here the time begins anew with each load of the catalog. Follows
// CatalogManager::ProcessDeletedTables.
func (m *Master) purgeMetadata(p *sim.Proc, term int64) {
	b := &catalog.Batch{}
	for _, id := range sim.Keys(m.cat.tables) {
		t := m.cat.tables[id]
		if !t.row.Live() && p.Now().Sub(t.removedAt) >= metadataRetention {
			b.Purged = append(b.Purged, id)
		}
	}
	m.writeAndPublish(p, term, b)
}

// purgeTable takes a table and its tablets out of the caches.
func (c *catalogManager) purgeTable(t *tableInfo) {
	for _, id := range sim.Keys(c.tablets) {
		if c.tablets[id].table == t {
			delete(c.tablets, id)
		}
	}
	delete(c.tables, t.row.ID)
}
