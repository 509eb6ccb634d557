package master

import (
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
	resp.Masters = m.masters()
	term, leads := m.enter()
	if leads {
		defer m.leave()
		resp.LeaderMaster, resp.LeaderTerm = true, term
	} else if !m.v.HeartbeatsToAll() {
		return resp
	}
	if req.Register {
		resp.Status = m.register(req.Server, req.Incarnation)
	}
	d := m.ts.descriptors[req.Server]
	if !resp.Status.OK() {
		if d != nil && d.incarnation > req.Incarnation {
			resp.LaterStart = d.incarnation
		}
		return resp
	}
	takesReport := leads || m.v.FollowersKeepReports()
	if d == nil || d.incarnation != req.Incarnation {
		resp.NeedsReregister, resp.NeedsFullReport = true, takesReport
		return resp // and the report of this heartbeat is dropped
	}
	wasAvailable := d.available(p.Now())
	d.lastHeartbeat, d.liveTablets, d.liveByRange = p.Now(), req.LiveTablets, req.LiveByRange
	d.liveByDimension = req.LiveByDimension
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
