package master

import (
	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// processReport compares a report with the catalog. Everything that changes is one write, or few,
// with the reported tablets locked; then schema versions are counted and tasks are sent. Follows
// CatalogManager::ProcessTabletReport.
func (m *Master) processReport(p *sim.Proc, term int64, from wire.ServerID,
	report *wire.TabletReport) wire.Status {
	known := m.knownTablets(report)
	unlock := lockTablets(p, known)
	if report.Full && m.v.On(variant.KUDU849) {
		m.forgetReplicas(from)
	}
	var rows []*catalog.Tablet
	var current []compared
	for i := range report.Tablets {
		r := &report.Tablets[i]
		t := m.cat.tablets[r.Tablet]
		if t != nil && !t.row.Gone() && !t.table.row.Gone() && r.Running {
			current = append(current, compared{r, t, t.row})
			rows = append(rows, m.compare(t, from, r))
		}
	}
	status := m.writeReported(p, term, rows)
	unlock()
	if !status.OK() {
		return status
	}
	for _, c := range current {
		s := m.noteSchemaVersion(p, term, c.tablet, c.report.SchemaVersion)
		if !s.OK() {
			status = s // so that it is reported again; Kudu only logs it
		}
	}
	for i := range report.Tablets {
		m.discard(from, &report.Tablets[i])
	}
	for _, c := range current {
		if t := c.tablet; !t.table.row.Gone() && !t.row.Gone() {
			m.tombstoneEvicted(t, c.before)
			m.manageReplicas(p, t, from, c.report, !c.before.Equal(t.row))
			if c.report.SchemaVersion != t.table.row.Version {
				m.alterTablet(t, true)
			}
		}
	}
	for _, id := range report.Removed {
		delete(m.softMaps[id], from)
	}
	return status
}

// compared is a reported replica, its tablet, and the row before the report was taken.
type compared struct {
	report *wire.ReportedTablet
	tablet *tabletInfo
	before *catalog.Tablet
}

// writeReported makes the rows that a report has changed those of the catalog: one write for all
// that fit into one, and none if nothing has changed (KUDU-1125). If a write fails, later reports
// bring what was to come after it.
func (m *Master) writeReported(p *sim.Proc, term int64, rows []*catalog.Tablet) wire.Status {
	batches, changes := []*catalog.Batch{}, [][]*catalog.Tablet{}
	for _, row := range rows {
		if one := []*catalog.Tablet{row}; m.v.On(variant.KUDU1125) {
			batches = append(batches, &catalog.Batch{Tablets: one})
		} else if row != m.cat.tablets[row.ID].row {
			changes = append(changes, one)
		}
	}
	return m.writeChunks(p, term, append(batches, m.chunks(changes)...), func(*catalog.Batch) {})
}

func (m *Master) knownTablets(report *wire.TabletReport) []*tabletInfo {
	var known []*tabletInfo
	for i := range report.Tablets {
		if t := m.cat.tablets[report.Tablets[i].Tablet]; t != nil {
			known = append(known, t)
		}
	}
	return known
}

// discard tells the reporter to give up a replica that the catalog says nobody needs: its tablet is
// gone, or it was evicted, which the reporter may not have heard of. A tablet that is not known is
// left alone: this master may be deposed, and the tablet newer than all it knows (42b65b039). Kudu
// spares a replica that knows the very configuration which it is not in: a copy that was under way
// during an eviction, or for an addition that was aborted, stays. That the index is the same does
// not do: of a tablet's creation (-1) a master that was deposed may have another view, and perhaps
// has chosen nobody yet.
func (m *Master) discard(from wire.ServerID, r *wire.ReportedTablet) {
	t := m.cat.tablets[r.Tablet]
	switch {
	case t == nil:
		if m.v.On(variant.DeleteUnknownTablets) {
			m.deleteUnknown(r.Tablet, from)
		}
		return
	case t.row.Gone() || t.table.row.Gone():
		m.deleteReplica(t, from)
		return
	case m.v.On(variant.KUDU933), r.Failed && m.v.On(variant.KUDU2138):
		return
	}
	known, theirs := t.row.Consensus.Config, r.State.Config
	buried := r.Data == wire.DataTombstoned && !m.v.On(variant.KUDU2114)
	if !buried && len(known.Members) > 0 && !known.Has(from) &&
		(theirs.Index < known.Index || theirs.Equal(known)) {
		m.tombstoneReplica(t, from, known.Index)
	}
}

// compare returns the row of a tablet after a report of one of its replicas.
func (m *Master) compare(t *tabletInfo, from wire.ServerID,
	r *wire.ReportedTablet) *catalog.Tablet {
	row := t.row.Learn(from, r.State, catalog.BugsOf(m.v))
	m.noteReplica(from, r, row != t.row)
	leaderKnown := r.State.Config.Has(r.State.Leader)
	if row.State == catalog.TabletCreating && leaderKnown {
		row = row.In(catalog.TabletRunning)
	}
	if r.State.Settled && !r.State.Pending && r.State.Term >= t.vouched.Term {
		t.vouched = wire.OpID{Term: r.State.Term, Index: r.State.Config.Index}
	}
	return row
}

// noteSchemaVersion counts a reported version and ends the alter when every tablet has some
// replica at the latest one. Follows CatalogManager::HandleTabletSchemaVersionReport.
func (m *Master) noteSchemaVersion(p *sim.Proc, term int64, tablet *tabletInfo,
	version int64) wire.Status {
	tablet.reported = max(tablet.reported, version)
	t := tablet.table
	if !m.mayFinish(t) {
		return wire.Status{}
	}
	t.lock.Lock(p, "lock of table "+t.row.Name)
	defer t.lock.Unlock()
	return m.finishAlter(p, term, t)
}

// finishAlter ends the alter of a table, whose lock the caller has, if it can end.
func (m *Master) finishAlter(p *sim.Proc, term int64, t *tableInfo) wire.Status {
	if !m.mayFinish(t) {
		return wire.Status{}
	}
	b := &catalog.Batch{Tables: []*catalog.Table{t.row.Finished()}}
	return m.writeAndPublish(p, term, b)
}

// finishAlters ends the alters that a write which failed has left open: nobody may report what this
// leader has heard already.
func (m *Master) finishAlters(p *sim.Proc, term int64) {
	for _, id := range sim.Keys(m.cat.tables) {
		if t := m.cat.tables[id]; m.mayFinish(t) {
			t.lock.Lock(p, "lock of table "+t.row.Name)
			m.finishAlter(p, term, t)
			t.lock.Unlock()
		}
	}
}

// mayFinish reports whether an alter is open and could end: tablets that it has added run, and all
// have its schema.
func (m *Master) mayFinish(t *tableInfo) bool {
	if t.row.State != catalog.TableAltering {
		return false
	}
	for _, tablet := range t.tablets {
		runs := tablet.row.State == catalog.TabletRunning || m.v.On(variant.AlterDoneByVersion)
		if !runs || tablet.reported < t.row.Version {
			return false
		}
	}
	return true
}
