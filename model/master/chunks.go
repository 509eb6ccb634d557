package master

import (
	"tabletop/model/catalog"
	"tabletop/model/variant"
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
