package master

import (
	"slices"

	"tabletop/model/catalog"
	"tabletop/model/wire"
	"tabletop/sim"
)

// heartbeat serves a tablet server. Follows MasterServiceImpl::TSHeartbeat: register or look up,
// refresh, and, as the leader, take the report.
func (m *Master) heartbeat(p *sim.Proc, req *wire.TSHeartbeatRequest) *wire.TSHeartbeatResponse {
	resp := &wire.TSHeartbeatResponse{}
	if m.consensus == nil {
		resp.Status = wire.Err(wire.CatalogManagerNotInitialized, "")
		return resp
	}
	term, leads := m.enter()
	if leads {
		defer m.leave()
		resp.LeaderMaster, resp.LeaderTerm = true, term
	} else if !m.v.HeartbeatsToAll() {
		return resp
	}
	if req.Register && !m.register(req.Server, req.UUID, req.Incarnation) {
		resp.Status = wire.Err(wire.UnknownError, "a later start of the server has registered")
		return resp
	}
	d := m.ts.descriptors[req.Server]
	takesReport := leads || m.v.FollowersKeepReports()
	if d == nil || d.uuid != req.UUID || d.incarnation != req.Incarnation {
		resp.NeedsReregister, resp.NeedsFullReport = true, takesReport
		return resp // and the report of this heartbeat is dropped
	}
	wasAvailable := d.available(p.Now())
	d.lastHeartbeat, d.liveTablets = p.Now(), req.LiveTablets
	if !wasAvailable {
		m.news.Broadcast()
	}
	if takesReport {
		resp.Status = m.takeReport(p, term, leads, d, &req.Report)
		resp.NeedsFullReport = !d.hasFullReport
	}
	return resp
}

// takeReport processes a report if it is of use.
func (m *Master) takeReport(p *sim.Proc, term int64, leads bool, d *tsDescriptor,
	report *wire.TabletReport) wire.Status {
	if !report.Full && !d.hasFullReport {
		return wire.Status{} // a full one is asked for
	}
	if leads && m.v.PersistsTServers() {
		if s := m.persistTServer(p, term, d.id); !s.OK() {
			return s
		}
	}
	if leads {
		if s := m.processReport(p, term, d.id, report); !s.OK() {
			return s
		}
	} else {
		m.noteFollowerReport(d.id, report)
	}
	d.hasFullReport = d.hasFullReport || report.Full
	Reported.Publish(m.node.World(), ReportEvent{TServerEvent{m, d.id}, report.Full,
		report.Tablets})
	return wire.Status{}
}

// processReport compares a report with the catalog. Everything that changes is one write, with
// the reported tablets locked; then schema versions are counted and tasks are sent. Follows
// CatalogManager::ProcessTabletReport.
func (m *Master) processReport(p *sim.Proc, term int64, from wire.ServerID,
	report *wire.TabletReport) wire.Status {
	known := m.knownTablets(report)
	unlock := lockTablets(p, known)
	b := &catalog.Batch{}
	var lagging, current []*wire.ReportedTablet
	for i := range report.Tablets {
		r := &report.Tablets[i]
		t := m.cat.tablets[r.Tablet]
		switch {
		case t == nil: // never deleted: the master may be stale (42b65b039)
		case t.row.Gone() || !t.table.row.Live():
			m.deleteReplica(t, from)
		case !r.Running:
		default:
			row := m.compare(t, from, r)
			if row != t.row {
				b.Tablets = append(b.Tablets, row)
			}
			if r.SchemaVersion != t.table.row.Version {
				lagging = append(lagging, r)
			}
			current = append(current, r)
		}
	}
	status := m.writeAndPublish(p, term, b)
	unlock()
	if !status.OK() {
		return status
	}
	for _, r := range current {
		m.noteSchemaVersion(p, term, m.cat.tablets[r.Tablet], r.SchemaVersion)
	}
	for _, r := range lagging {
		if t := m.cat.tablets[r.Tablet]; t.table.row.Live() && !t.row.Gone() {
			m.alterTablet(t, true)
		}
	}
	for _, id := range report.Removed {
		delete(m.softMaps[id], from)
	}
	return wire.Status{}
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

// compare returns the row of a tablet after a report of one of its replicas.
func (m *Master) compare(t *tabletInfo, from wire.ServerID,
	r *wire.ReportedTablet) *catalog.Tablet {
	row := t.row.Learn(from, r.State)
	m.noteReplica(from, r, row != t.row)
	leaderKnown := slices.Contains(r.State.Voters, r.State.Leader)
	if row.State == catalog.TabletCreating && leaderKnown {
		row = row.In(catalog.TabletRunning)
	}
	return row
}

// noteSchemaVersion counts a reported version and ends the alter when every tablet has some
// replica at the latest one. A failure to write that is repaired by a later report only. Follows
// CatalogManager::HandleTabletSchemaVersionReport.
func (m *Master) noteSchemaVersion(p *sim.Proc, term int64, tablet *tabletInfo, version int64) {
	tablet.reported = max(tablet.reported, version)
	t := tablet.table
	if !t.everyTabletHasLatest() {
		return
	}
	t.lock.Lock(p, "lock of table "+t.row.Name)
	defer t.lock.Unlock()
	if !t.everyTabletHasLatest() {
		return
	}
	b := &catalog.Batch{Tables: []*catalog.Table{t.row.Finished()}}
	m.writeAndPublish(p, term, b)
}

// everyTabletHasLatest reports whether an alter is open and could end.
func (t *tableInfo) everyTabletHasLatest() bool {
	if t.row.State != catalog.TableAltering {
		return false
	}
	for _, tablet := range t.tablets {
		if tablet.reported < t.row.Version {
			return false
		}
	}
	return true
}
