package master

import (
	"slices"

	"tabletop/model/catalog"
	"tabletop/model/wire"
	"tabletop/sim"
)

// repartition adds to the batch the tablets that come and go with the ranges of a table, whose lock
// the caller has. It returns those that go, and the function that unlocks what it has locked.
func (m *Master) repartition(p *sim.Proc, t *tableInfo, c catalog.RangeChange,
	b *catalog.Batch) (dropped []*tabletInfo, unlock func()) {
	unlock = func() {}
	if len(c.Dropped) > 0 {
		dropped, unlock = t.lockAllTablets(p)
		dropped = slices.DeleteFunc(dropped, func(tablet *tabletInfo) bool {
			return !slices.Contains(c.Dropped, tablet.row.Partition.Range)
		})
	}
	for _, tablet := range dropped {
		b.Tablets = append(b.Tablets, tablet.row.In(catalog.TabletDeleted))
	}
	partitions := b.Tables[0].Partitions
	for _, r := range c.Added {
		partitions.Ranges = []wire.Range{r.Range}
		for _, partition := range partitions.Partitions() {
			b.Tablets = append(b.Tablets, m.newTablet(t.row.ID, partition, r.Dimension))
		}
	}
	return dropped, unlock
}

// repartitioned does what is left to do once tablets have come and gone. An alter that waited for
// none but dropped tablets ends here: no report would end it before the next.
func (m *Master) repartitioned(p *sim.Proc, term int64, t *tableInfo, dropped []*tabletInfo) {
	for _, tablet := range dropped {
		tablet.abortTasks()
	}
	m.deleteReplicas(dropped)
	m.bgWake.Broadcast()
	m.finishAlter(p, term, t)
}
