package tserver

import (
	"errors"
	"maps"
	"slices"
	"time"

	"tabletop/model/client"
	"tabletop/model/raft"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Kudu's flags, with their defaults.
const (
	heartbeatInterval          = time.Second      // heartbeat_interval_ms
	heartbeatRPCTimeout        = 15 * time.Second // heartbeat_rpc_timeout_ms
	maxFailuresBeforeBackoff   = 3                // heartbeat_max_failures_before_backoff
	connectToMasterRPCDeadline = heartbeatRPCTimeout
)

// heartbeater reports to one master: always the same one, or whichever leads (Heartbeater).
type heartbeater struct {
	ts      *TServer
	masters []wire.ServerID // to search for the leader; nil if the master is fixed
	master  wire.ServerID   // NoServer: to be found
	last    wire.ServerID   // the master of the last connection

	seq   int64                   // of the next report
	dirty map[wire.TabletID]int64 // changes not acknowledged, and the report each belongs in

	// What the next heartbeat has to carry. Both are wanted until somebody says otherwise.
	register, full bool
	wasLeader      bool  // what the last answer said of the master
	reportedTerm   int64 // the master's term in which a full report was taken
	failures       int
	over           bool // its master is none any more
	triggered      bool // a change wants to be reported now
	wake           sim.Cond
}

func (ts *TServer) startHeartbeaters(masters []wire.ServerID) {
	if !ts.v.HeartbeatsToAll() {
		ts.startHeartbeater(&heartbeater{masters: masters, master: wire.NoServer})
		return
	}
	for _, m := range masters {
		ts.startHeartbeater(&heartbeater{master: m})
	}
	if ts.v.On(variant.KUDU2684) { // the list has the first one twice
		ts.startHeartbeater(&heartbeater{master: masters[0]})
	}
}

// heartbeatTo makes the masters that heartbeats go to those that the leader names; what others name
// is added. In Kudu that takes a restart with another --tserver_master_addrs.
func (ts *TServer) heartbeatTo(masters []wire.ServerID, leader bool) {
	for _, h := range ts.beats {
		if leader && !slices.ContainsFunc(masters, h.beatsTo) {
			h.over = true
			h.markDirty(0) // wakes it
		}
	}
	ts.beats = slices.DeleteFunc(ts.beats, func(h *heartbeater) bool { return h.over })
	for _, m := range masters {
		to := func(h *heartbeater) bool { return h.beatsTo(m) }
		if !slices.ContainsFunc(ts.beats, to) {
			ts.startHeartbeater(&heartbeater{master: m})
		}
	}
}

// beatsTo reports whether it reports to that master, or to one that had the address before: it
// knows its master by that.
func (h *heartbeater) beatsTo(m wire.ServerID) bool { return h.master.Node() == m.Node() }

func (ts *TServer) startHeartbeater(h *heartbeater) {
	h.ts, h.last, h.dirty = ts, wire.NoServer, map[wire.TabletID]int64{}
	h.register, h.full = true, true
	ts.beats = append(ts.beats, h)
	ts.node.Go("heartbeat", h.run)
}

func (h *heartbeater) markDirty(id wire.TabletID) {
	h.dirty[id] = h.seq
	h.triggered = true
	h.wake.Broadcast()
}

// run beats once an interval, at once when a tablet has become dirty or the last answer asked
// for something (Heartbeater::Thread::RunThread).
func (h *heartbeater) run(p *sim.Proc) {
	for !h.over {
		next := p.Now().Add(heartbeatInterval)
		patience := maxFailuresBeforeBackoff
		if h.ts.v.On(variant.BackoffOffByOne) {
			patience++
		}
		if (h.register || h.full) && h.failures < patience {
			next = p.Now()
		}
		for !h.triggered && p.Now() < next {
			h.wake.WaitUntil(p, "heartbeat interval", next)
		}
		h.triggered = false
		if h.over {
			return
		}
		if h.beat(p) {
			h.failures = 0
		} else {
			h.failures++
		}
	}
}

// beat sends one heartbeat and reports whether it was answered as it should be.
func (h *heartbeater) beat(p *sim.Proc) bool {
	if h.master == wire.NoServer && !h.connect(p) {
		return false
	}
	req := h.request()
	p.At(PointHeartbeat)
	m, err := p.Call(h.master.Node(), req, p.Now().Add(heartbeatRPCTimeout))
	if err != nil {
		if !errors.Is(err, sim.ErrTimedOut) || h.failures+1 == maxFailuresBeforeBackoff {
			h.disconnect()
		}
		return false
	}
	resp := m.(*wire.TSHeartbeatResponse)
	if resp.LaterStart > 0 {
		h.register = h.ts.startAfter(p, resp.LaterStart)
	}
	if !resp.Status.OK() {
		return false
	}
	h.register, h.full = resp.NeedsReregister, resp.NeedsFullReport
	if h.masters != nil && !resp.LeaderMaster {
		h.disconnect()
		return false
	}
	h.acknowledge(req.Report.Seq)
	h.lookForNewLeader(resp, req.Report.Full && !resp.NeedsReregister)
	if h.masters == nil {
		h.ts.heartbeatTo(resp.Masters, resp.LeaderMaster)
	}
	return true
}

// lookForNewLeader decides whether the next heartbeat carries a full report because the master
// has begun to lead: by the term that it leads in, or by comparing what the last two answers
// said of it, which misses what happened in between.
func (h *heartbeater) lookForNewLeader(resp *wire.TSHeartbeatResponse, sentFull bool) {
	v := h.ts.v
	began := resp.LeaderMaster && !h.wasLeader
	h.wasLeader = resp.LeaderMaster
	switch {
	case !resp.LeaderMaster:
	case v.FullReportByTerm():
		if sentFull {
			h.reportedTerm = resp.LeaderTerm
		}
		h.full = h.full || h.reportedTerm != resp.LeaderTerm
	case v.FullReportOnNewLeader() && h.masters == nil:
		h.full = h.full || began
	}
}

// request assembles what there is to say. A registration always comes with a full report.
func (h *heartbeater) request() *wire.TSHeartbeatRequest {
	ts := h.ts
	req := &wire.TSHeartbeatRequest{Server: ts.instance.ID, Incarnation: ts.instance.Stamp,
		Register: h.register, LiveTablets: ts.LiveTablets(),
		LiveByRange: ts.liveByRange(), LiveByDimension: ts.liveByDimension()}
	req.Report = wire.TabletReport{Full: h.full || h.register, Seq: h.seq}
	h.seq++
	if req.Report.Full {
		for _, id := range sim.Keys(ts.tablets) {
			req.Report.Tablets = append(req.Report.Tablets, ts.tablets[id].report())
		}
		return req
	}
	req.Report.Tablets = slices.Grow(req.Report.Tablets, len(h.dirty))
	for _, id := range sim.Keys(h.dirty) {
		if t := ts.tablets[id]; t != nil {
			req.Report.Tablets = append(req.Report.Tablets, t.report())
		} else {
			req.Report.Removed = append(req.Report.Removed, id)
		}
	}
	return req
}

// acknowledge clears the marks that an answered report covers, whatever the master did with it
// (TSTabletManager::MarkTabletReportAcknowledged).
func (h *heartbeater) acknowledge(seq int64) {
	maps.DeleteFunc(h.dirty, func(_ wire.TabletID, marked int64) bool { return marked <= seq })
}

// connect finds the leader master. Under the first solution of KUDU-1353, a leader other than
// the last one gets a full report.
func (h *heartbeater) connect(p *sim.Proc) bool {
	leader, all, _ := client.FindLeader(p, h.masters, p.Now().Add(connectToMasterRPCDeadline))
	h.master, h.masters = leader, all
	if leader == wire.NoServer {
		return false
	}
	if h.master != h.last && h.ts.v.FullReportOnNewLeader() {
		h.full = true
	}
	h.last = h.master
	return true
}

func (h *heartbeater) disconnect() {
	if h.masters != nil {
		h.master = wire.NoServer
	}
}

// leftoverInterval is how often what may be left over is reported. Kudu's
// tserver_send_tombstoned_tablets_report_inteval_secs is for tombstones only, and off.
const leftoverInterval = time.Minute

// reportLeftovers makes sure that what is left of a replica does not outlive its table: nobody
// tells a server that is no member any more, or was not yet one by the catalog.
func (ts *TServer) reportLeftovers(p *sim.Proc) {
	interval := leftoverInterval
	for ts.v.On(variant.ReportLeftovers) {
		p.Sleep("report of leftovers", interval)
		if ts.v.On(variant.KUDU3638) { // that it was reported is not noted
			interval = heartbeatInterval
		}
		for _, id := range sim.Keys(ts.tablets) {
			t := ts.tablets[id]
			if t.Data == wire.DataTombstoned || t.failed != "" || t.forsaken(p.Now()) {
				ts.markDirty(id)
			}
		}
	}
}

// forsaken reports whether the replica has heard no leader for long.
func (t *replica) forsaken(now sim.Time) bool {
	r, open := t.consensus.(*raft.Replica)
	return open && now.Sub(r.LastHeard()) >= leftoverInterval
}
