package master

import (
	"cmp"
	"time"

	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// softDelete frees the name of a table and keeps all else, its tablets' creation included. Follows
// CatalogManager::SoftDeleteTable.
func (d *ddl) softDelete(p *sim.Proc, t *tableInfo, reserve time.Duration) *wire.DDLResponse {
	row := t.row.SoftDeleted(reserve)
	if d.m.v.On(variant.ExpiryByWallClock) {
		row.DeletedAt = d.m.node.Wall()
	}
	b := &catalog.Batch{Tables: []*catalog.Table{row}}
	if d.m.v.On(variant.SoftDeleteHidesCreation) {
		tablets, unlock := t.lockAllTablets(p)
		defer unlock()
		for _, tablet := range tablets {
			b.Tablets = append(b.Tablets, tablet.row.In(catalog.TabletRunning))
		}
	}
	resp := d.commit(p, b, d.answer(wire.Status{}, row.ID, row.Version))
	if resp.Status.OK() {
		p.At(PointPublished)
	}
	return resp
}

// absent says why there is no live table of that name.
func (c *catalogManager) absent(name string) wire.Status {
	for _, id := range sim.Keys(c.soft) {
		if c.soft[id].row.Name == name {
			return wire.Err(wire.TableSoftDeleted, "table "+name+" is soft-deleted")
		}
	}
	return noTable(name)
}

// recallTable makes a soft-deleted table live again; its tablets have been kept. Follows
// CatalogManager::RecallDeletedTable, with the alter that it ends in.
func (d *ddl) recallTable(p *sim.Proc, req *wire.RecallDeletedTableRequest) *wire.DDLResponse {
	t := d.m.cat.soft[req.Table]
	if t == nil {
		return d.refuse(p, noTable(req.Table.String()))
	}
	t.lock.Lock(p, "lock of table "+t.row.Name)
	defer t.lock.Unlock()
	if d.m.cat.soft[req.Table] != t {
		return d.refuse(p, noTable(req.Table.String()))
	}
	name := cmp.Or(req.NewName, t.row.Name)
	release, s := d.m.cat.reserve(name)
	if !s.OK() {
		return d.refuse(p, s)
	}
	defer release()
	row := t.row.Recalled(name)
	resp := d.commit(p, &catalog.Batch{Tables: []*catalog.Table{row}},
		d.answer(wire.Status{}, row.ID, row.Version))
	if resp.Status.OK() {
		d.m.alterTablets(t, d.m.unreachable(t))
		d.m.finishAlter(p, d.term, t)
		p.At(PointPublished)
	}
	return resp
}

// runExpiry is the process that drops soft-deleted tables for good when their time is over
// (ExpiredReservedTablesDeleterThread).
func (m *Master) runExpiry(p *sim.Proc) {
	for {
		p.Sleep("soft-deleted tables to expire", m.v.ExpiryInterval)
		if term, ok := m.enter(); ok {
			m.expireTables(p, term)
			m.leave()
		}
	}
}

// expireTables drops the tables that this leader has known for soft-deleted since their reserve.
func (m *Master) expireTables(p *sim.Proc, term int64) {
	for _, id := range sim.Keys(m.cat.soft) {
		if t := m.cat.soft[id]; t != nil && m.expired(t) {
			m.expireTable(p, term, t)
		}
	}
}

// expireTable drops a table, unless it has been recalled when its lock is held.
func (m *Master) expireTable(p *sim.Proc, term int64, t *tableInfo) {
	t.lock.Lock(p, "lock of table "+t.row.Name)
	defer t.lock.Unlock()
	if !m.expired(t) {
		return
	}
	tablets, unlock := t.lockAllTablets(p)
	defer unlock()
	if m.writeAndPublish(p, term, removal(t.row, tablets)).OK() {
		m.removed(t, tablets)
	}
}

// expired reports whether a table can be recalled no more.
func (m *Master) expired(t *tableInfo) bool {
	if t.row.State != catalog.TableSoftDeleted {
		return false
	}
	if m.v.On(variant.ExpiryByWallClock) {
		return m.node.Wall()-t.row.DeletedAt >= t.row.Reserve
	}
	return m.node.Now().Sub(t.softSince) >= t.row.Reserve
}
