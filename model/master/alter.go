package master

import (
	"cmp"

	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// alterTable follows CatalogManager::AlterTableHelper: all steps, the new name and the replication
// factor are one write, and so are the tablets that come and go with ranges; an earlier alter need
// not be finished; the leaders of all tablets are told afterwards, unless it was about ranges only.
// What they report then makes the master add or evict replicas.
func (d *ddl) alterTable(p *sim.Proc, req *wire.AlterTableRequest) *wire.DDLResponse {
	cat := d.m.cat
	if s := d.checkFactor(p, req); !s.OK() {
		return d.refuse(p, s)
	}
	t := cat.lockTable(p, req.Name)
	if t == nil {
		return d.refuse(p, cat.absent(req.Name))
	}
	defer t.lock.Unlock()
	schema, s := catalog.AlterSchema(t.row.Schema, req.Steps)
	if !s.OK() {
		return d.refuse(p, s)
	}
	name, factor := t.row.Name, cmp.Or(req.Replicas, t.row.Replicas)
	if req.NewName != "" {
		release, s := cat.reserve(req.NewName)
		if !s.OK() {
			return d.refuse(p, s)
		}
		defer release()
		name = req.NewName
	}
	ranges, s := catalog.AlterRanges(t.row.Partitions.Ranges, req.Steps)
	if !s.OK() {
		return d.refuse(p, s)
	}
	metadata := wire.HaveColumns(req.Steps) || req.NewName != "" || factor != t.row.Replicas
	if !metadata && !wire.HaveRanges(req.Steps) {
		return d.settle(p, d.answer(wire.Status{}, t.row.ID, t.row.Version))
	}
	skipped := d.m.unreachable(t)
	row := t.row
	if metadata {
		row = row.Altered(schema, name, factor)
	}
	row = row.Repartitioned(ranges)
	if row.Vacant() && !d.m.v.On(variant.AlteringWithZeroTablets) { // nobody would report
		row = row.Finished()
	}
	b := &catalog.Batch{Tables: []*catalog.Table{row}}
	dropped, unlock := d.m.repartition(p, t, ranges, b)
	defer unlock()
	resp := d.commit(p, b, d.answer(wire.Status{}, row.ID, row.Version))
	if resp.Status.OK() {
		if metadata {
			d.m.alterTablets(t, skipped)
		}
		if wire.HaveRanges(req.Steps) {
			d.m.repartitioned(p, d.term, t, dropped)
		}
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
	t := d.m.cat.names[req.Name]
	if t == nil || req.Replicas <= t.row.Replicas {
		return wire.Status{}
	}
	return d.enoughTServers(p, wanted{servers: req.Replicas, factor: req.Replicas,
		where: t.row.Locations})
}

func noTable(name string) wire.Status {
	return wire.Err(wire.TableNotFound, "no table "+name)
}
