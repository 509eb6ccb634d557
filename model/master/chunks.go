package master

import (
	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// chunks splits rows of tablets into batches that each fit into an entry. The rows of one change
// stay together. Follows SysCatalogTable::ChunkedWrite (3a30cc226).
func (m *Master) chunks(changes [][]*catalog.Tablet) []*catalog.Batch {
	last := &catalog.Batch{}
	all := []*catalog.Batch{last}
	for _, rows := range changes {
		had := len(last.Tablets)
		last.Tablets = append(last.Tablets, rows...)
		if had > 0 && !m.v.On(variant.KUDU3016) && len(last.Encode()) > m.v.MaxMessage {
			last.Tablets = last.Tablets[:had:had]
			last = &catalog.Batch{Tablets: rows}
			all = append(all, last)
		}
	}
	return all
}

// writeChunks writes batches one after the other, up to the first that fails, and makes each
// visible as soon as it is applied. With the hazard L8 they are shown when all are written: if the
// second fails, this leader goes on without the first, which the master tablet has.
func (m *Master) writeChunks(p *sim.Proc, term int64, batches []*catalog.Batch,
	shown func(*catalog.Batch)) wire.Status {
	var written []*catalog.Batch
	for i, b := range batches {
		if !b.Empty() {
			if s := m.write(p, term, b); !s.OK() {
				return s
			}
			written = append(written, b)
		}
		if m.v.On(variant.L8) && i+1 < len(batches) {
			continue
		}
		for _, b := range written {
			m.publish(b)
			shown(b)
		}
		written = nil
	}
	return wire.Status{}
}
