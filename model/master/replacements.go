package master

import (
	"tabletop/model/catalog"
	"tabletop/sim"
)

// showReplacements attaches tablets to their tables in the place of those that took too long to
// create, as Kudu did before 0.9 (59ff89dbc): before they are written. The function that it returns
// takes back those that were not, and leaves the table with neither.
func (m *Master) showReplacements(p *sim.Proc, changes [][]*catalog.Tablet) (end func()) {
	var shown []*tabletInfo
	for _, rows := range changes {
		if len(rows) < 2 {
			continue
		}
		m.cat.tablets[rows[0].ID].detach()
		next := m.cat.addTablet(rows[1].In(catalog.TabletPreparing))
		next.lock.Lock(p, "lock of "+next.row.ID.String())
		shown = append(shown, next)
	}
	return func() {
		for _, next := range shown {
			if next.row.State == catalog.TabletPreparing {
				next.detach()
				delete(m.cat.tablets, next.row.ID)
			}
			next.lock.Unlock()
		}
	}
}
