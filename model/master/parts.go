package master

import (
	"tabletop/model/catalog"
	"tabletop/model/wire"
	"tabletop/sim"
)

// commitInParts commits a batch as Kudu did before 0.9 (KUDU-495): first the tablets of a new table
// and then the table; but first a table that is there and then its tablets, one by one, which are
// shown one by one. That one of these is not written counts as an impossibility.
func (d *ddl) commitInParts(p *sim.Proc, b *catalog.Batch,
	resp *wire.DDLResponse) *wire.DDLResponse {
	table, tablets := *b, &catalog.Batch{Tablets: b.Tablets}
	table.Tablets = nil
	if d.m.cat.tables[b.Tables[0].ID] == nil {
		if status := d.writePart(p, tablets); !status.OK() {
			return d.answer(status, 0, 0)
		}
		if resp = d.commit(p, &table, resp); resp.Status.OK() {
			d.m.publish(tablets)
		}
		return resp
	}
	if resp = d.commit(p, &table, resp); !resp.Status.OK() {
		return resp
	}
	for _, row := range tablets.Tablets {
		part := &catalog.Batch{Tablets: []*catalog.Tablet{row}}
		if status := d.writePart(p, part); !status.OK() {
			p.Crash("FATAL: a tablet of " + b.Tables[0].Name + " is not written: " +
				status.String())
		}
		d.m.publish(part)
	}
	return resp
}

func (d *ddl) writePart(p *sim.Proc, b *catalog.Batch) wire.Status {
	status := d.m.write(p, d.term, b)
	if status.OK() {
		p.At(PointReplicated)
	}
	return status
}
