package master

import (
	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// deleteTable follows CatalogManager::DeleteTableHelper: the table and all its tablets are gone
// with one write, the name is free at once, replicas are told to go without waiting for them. With
// a reserve only the name is free: the table can be recalled.
func (d *ddl) deleteTable(p *sim.Proc, req *wire.DeleteTableRequest) *wire.DDLResponse {
	t := d.m.cat.lockTable(p, req.Name)
	if t == nil {
		return d.refuse(p, d.m.cat.absent(req.Name))
	}
	defer t.lock.Unlock()
	if req.Reserve > 0 {
		return d.softDelete(p, t, req.Reserve)
	}
	tablets, unlock := t.lockAllTablets(p)
	defer unlock()
	b := removal(t.row, tablets)
	resp := d.commit(p, b, d.answer(wire.Status{}, t.row.ID, t.row.Version))
	if resp.Status.OK() {
		d.m.removed(t, tablets)
		p.At(PointPublished)
	}
	return resp
}

// removal returns the write that drops a table for good, with its tablets.
func removal(row *catalog.Table, tablets []*tabletInfo) *catalog.Batch {
	b := &catalog.Batch{Tables: []*catalog.Table{row.Removed()}}
	for _, tablet := range tablets {
		b.Tablets = append(b.Tablets, tablet.row.In(catalog.TabletDeleted))
	}
	return b
}

// removed does what is left to do once a table has been dropped for good. What is under way for its
// tablets is of no use any more; what a range has left that was dropped before still has to go.
func (m *Master) removed(t *tableInfo, tablets []*tabletInfo) {
	if m.v.On(variant.DropAbortsDeletions) {
		t.abortTasks()
	}
	for _, tablet := range tablets {
		tablet.abortTasks()
	}
	m.deleteReplicas(tablets)
}

// deleteReplicas tells the members of tablets that are gone to delete their replicas.
func (m *Master) deleteReplicas(tablets []*tabletInfo) {
	for _, tablet := range tablets {
		for _, server := range m.membersOf(tablet.row) {
			m.deleteReplica(tablet, server)
		}
	}
}
