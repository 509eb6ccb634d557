package master

import (
	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/sim"
)

// runBackground is the process that gives new tablets their replicas, every second or when a
// DDL wakes it (CatalogManagerBgTasks::Run).
func (m *Master) runBackground(p *sim.Proc) {
	for {
		m.bgWake.WaitUntil(p, "background work", p.Now().Add(bgTaskWait))
		if term, ok := m.enter(); ok {
			m.assignTablets(p, term)
			if m.v.On(variant.ResumeIntentions) {
				m.finishAlters(p, term)
			}
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
	if m.v.On(variant.KUDU450) {
		lockTablets(p, m.tabletsInCreation())
	}
	unlock := lockTablets(p, pending)
	defer unlock()
	var changes [][]*catalog.Tablet
	for _, t := range pending {
		row := t.row
		switch row.State {
		case catalog.TabletPreparing:
		case catalog.TabletCreating:
			row = m.newTablet(t.row.Table, t.row.Partition, t.row.Dimension)
		default: // it was dropped, or created, during the wait for its lock
			continue
		}
		next := m.assign(row, t.table.row)
		switch {
		case next == nil && m.v.On(variant.KUDU3452):
			return
		case next == nil: // the next pass tries again
		case t.row.State == catalog.TabletCreating:
			changes = append(changes, []*catalog.Tablet{t.row.In(catalog.TabletReplaced), next})
		default:
			changes = append(changes, []*catalog.Tablet{next})
		}
	}
	if m.v.On(variant.ReplaceBeforeCommit) {
		defer m.showReplacements(p, changes)()
	}
	m.writeChunks(p, term, m.chunks(changes), m.sendAssigned)
}

// sendAssigned tells tablet servers of tablets that were assigned to them, or replaced.
func (m *Master) sendAssigned(b *catalog.Batch) {
	for _, row := range b.Tablets {
		info := m.cat.tablets[row.ID]
		if row.State == catalog.TabletReplaced {
			info.abortTasks()
			if m.v.On(variant.NoDeleteOnReplace) {
				continue
			}
			for _, server := range row.Consensus.Config.Servers() {
				m.deleteReplica(info, server)
			}
			continue
		}
		info.createdAt = m.node.Now()
		for _, server := range row.Consensus.Config.Servers() {
			m.createReplica(info, server)
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
				now.Sub(t.createdAt) >= m.v.CreationTimeout:
			pending = append(pending, t)
		}
	}
	return pending
}

// tabletsInCreation lists the tablets that have servers and may still be created in time, by id.
func (m *Master) tabletsInCreation() []*tabletInfo {
	var list []*tabletInfo
	for _, id := range sim.Keys(m.cat.tablets) {
		t := m.cat.tablets[id]
		if !t.table.row.Gone() && t.row.State == catalog.TabletCreating &&
			m.node.Now().Sub(t.createdAt) < m.v.CreationTimeout {
			list = append(list, t)
		}
	}
	return list
}
