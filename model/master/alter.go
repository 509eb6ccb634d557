package master

import (
	"cmp"

	"tabletop/model/catalog"
	"tabletop/model/wire"
	"tabletop/sim"
)

// alterTable follows CatalogManager::AlterTableHelper: all steps, the new name and the replication
// factor are one write; an earlier alter need not be finished; the leaders of all tablets are told
// afterwards. What they report then makes the master add or evict replicas.
func (d *ddl) alterTable(p *sim.Proc, req *wire.AlterTableRequest) *wire.DDLResponse {
	cat := d.m.cat
	if s := d.checkFactor(p, req); !s.OK() {
		return d.refuse(p, s)
	}
	t := cat.lockTable(p, req.Name)
	if t == nil {
		return d.refuse(p, noTable(req.Name))
	}
	defer t.lock.Unlock()
	schema, s := catalog.AlterSchema(t.row.Schema, req.Steps)
	if !s.OK() {
		return d.refuse(p, s)
	}
	name, factor := req.Name, cmp.Or(req.Replicas, t.row.Replicas)
	if req.NewName != "" {
		release, s := cat.reserve(req.NewName)
		if !s.OK() {
			return d.refuse(p, s)
		}
		defer release()
		name = req.NewName
	}
	if len(req.Steps) == 0 && req.NewName == "" && factor == t.row.Replicas {
		return d.settle(p, d.answer(wire.Status{}, t.row.ID, t.row.Version))
	}
	skipped := d.m.unreachable(t)
	row := t.row.Altered(schema, name, factor)
	resp := d.commit(p, &catalog.Batch{Tables: []*catalog.Table{row}},
		d.answer(wire.Status{}, row.ID, row.Version))
	if resp.Status.OK() {
		d.m.alterTablets(t, skipped)
		p.At(PointPublished)
	}
	return resp
}

// checkFactor says whether the table may have the replication factor that is asked for, if one is
// (ValidateNumberReplicas). It comes first and looks at the table without its lock, since nobody
// shall wait for tablet servers with that held.
func (d *ddl) checkFactor(p *sim.Proc, req *wire.AlterTableRequest) wire.Status {
	if req.Replicas == 0 {
		return wire.Status{}
	}
	if s := catalog.CheckReplicas(req.Replicas); !s.OK() {
		return s
	}
	if t := d.m.cat.names[req.Name]; t == nil || req.Replicas <= t.row.Replicas {
		return wire.Status{}
	}
	return d.enoughTServers(p, req.Replicas)
}

func noTable(name string) wire.Status {
	return wire.Err(wire.TableNotFound, "no table "+name)
}

// deleteTable follows CatalogManager::DeleteTableHelper: the table and all its tablets are gone
// with one write, the name is free at once, replicas are told to go without waiting for them.
func (d *ddl) deleteTable(p *sim.Proc, req *wire.DeleteTableRequest) *wire.DDLResponse {
	t := d.m.cat.lockTable(p, req.Name)
	if t == nil {
		return d.refuse(p, noTable(req.Name))
	}
	defer t.lock.Unlock()
	tablets, unlock := t.lockAllTablets(p)
	defer unlock()
	row := t.row.Removed()
	b := &catalog.Batch{Tables: []*catalog.Table{row}}
	for _, tablet := range tablets {
		b.Tablets = append(b.Tablets, tablet.row.In(catalog.TabletDeleted))
	}
	resp := d.commit(p, b, d.answer(wire.Status{}, row.ID, row.Version))
	if resp.Status.OK() {
		t.abortTasks()
		for _, tablet := range tablets {
			for _, server := range d.m.membersOf(tablet.row) {
				d.m.deleteReplica(tablet, server)
			}
		}
		p.At(PointPublished)
	}
	return resp
}
