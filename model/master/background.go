package master

import (
	"tabletop/model/catalog"
	"tabletop/model/placement"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

var streamPlace = sim.NewStream("master/placement")

// runBackground is the process that gives new tablets their replicas, every second or when a
// DDL wakes it (CatalogManagerBgTasks::Run).
func (m *Master) runBackground(p *sim.Proc) {
	for {
		m.bgWake.WaitUntil(p, "background work", p.Now().Add(bgTaskWait))
		if term, ok := m.enter(); ok {
			m.assignTablets(p, term)
			if m.v.On(variant.KUDU3344) {
				m.purgeMetadata(p, term)
			}
			m.leave()
		}
	}
}

// assignTablets chooses servers for tablets that have none, and replaces tablets whose creation
// takes too long by new ones. One write, with the locks of all these tablets held. Follows
// CatalogManager::ProcessPendingAssignments.
func (m *Master) assignTablets(p *sim.Proc, term int64) {
	pending := m.pendingTablets(p.Now())
	if len(pending) == 0 {
		return
	}
	unlock := lockTablets(p, pending)
	defer unlock()
	b := &catalog.Batch{}
	var replaced []*tabletInfo
	for _, t := range pending {
		switch t.row.State {
		case catalog.TabletPreparing:
			if row := m.assign(t.row, t.table); row != nil {
				b.Tablets = append(b.Tablets, row)
			}
		case catalog.TabletCreating:
			next := m.assign(m.newTablet(t.row.Table, t.row.Partition), t.table)
			if next != nil {
				b.Tablets = append(b.Tablets, t.row.In(catalog.TabletReplaced), next)
				replaced = append(replaced, t)
			}
		}
	}
	if !m.writeAndPublish(p, term, b).OK() {
		return
	}
	for _, t := range replaced {
		t.abortTasks()
		if m.v.On(variant.NoDeleteOnReplace) {
			continue
		}
		for _, server := range t.row.Consensus.Config.Servers() {
			m.deleteReplica(t, server)
		}
	}
	for _, row := range b.Tablets {
		if info := m.cat.tablets[row.ID]; row.State == catalog.TabletCreating {
			info.createdAt = p.Now()
			for _, server := range row.Consensus.Config.Servers() {
				m.createReplica(info, server)
			}
		}
	}
}

// pendingTablets lists the tablets of tables that need replicas, by id.
func (m *Master) pendingTablets(now sim.Time) []*tabletInfo {
	var pending []*tabletInfo
	for _, id := range sim.Keys(m.cat.tablets) {
		t := m.cat.tablets[id]
		switch {
		case t.table.row.Gone():
		case t.row.State == catalog.TabletPreparing,
			t.row.State == catalog.TabletCreating &&
				now.Sub(t.createdAt) >= tabletCreationTimeout:
			pending = append(pending, t)
		}
	}
	return pending
}

// assign returns the row with replicas chosen, or nil if there are too few servers; then the
// next pass tries again.
func (m *Master) assign(row *catalog.Tablet, table *tableInfo) *catalog.Tablet {
	servers := placement.Select(m.placeable(), table.row.Replicas, m.drawPlace)
	if servers == nil {
		return nil
	}
	for _, id := range servers {
		m.ts.descriptors[id].noteCreation(m.node.Now())
	}
	next := row.In(catalog.TabletCreating)
	next.Consensus = wire.ConsensusState{Leader: wire.NoServer, Config: wire.NewConfig(servers...)}
	return next
}

func (m *Master) drawPlace(n int) int {
	return int(sim.Below(m.node.Draw(streamPlace, 0), uint64(n)))
}
