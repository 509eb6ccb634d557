package tserver

import (
	"time"

	"tabletop/model/raft"
	"tabletop/model/rows"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// scannerMaxWait is how long a scan waits for its snapshot (scanner_max_wait_ms).
const scannerMaxWait = time.Second

// scan tells the rows of a tablet (TabletServiceImpl::Scan). One that a leader serves sees all that
// was acknowledged before it came in; with the defence a majority confirms that, without it the
// leader believes it.
func (ts *TServer) scan(p *sim.Proc, req *wire.ScanRequest) *wire.ScanResponse {
	refuse := func(c wire.Code) *wire.ScanResponse {
		return &wire.ScanResponse{Status: wire.Err(c, "")}
	}
	ts.clock.update(req.Propagated)
	r, code := ts.consensusOf(req.Tablet)
	if code != wire.OK {
		return refuse(code)
	}
	t, term := ts.tablets[req.Tablet], int64(0)
	if req.LeaderOnly || r.Role() == raft.Leader {
		if t, term, code = ts.leading(p, req.Tablet); code != wire.OK {
			return refuse(code)
		}
	}
	if t.unknownColumn(req.Columns) != "" {
		if req.LeaderOnly {
			return refuse(t.unknown(p, term, req.Columns))
		}
		return refuse(wire.UnknownColumn)
	}
	if ts.v.On(variant.KUDU2463) && t.restored > 0 && !t.replayed {
		return &wire.ScanResponse{Snapshot: t.restored}
	}
	if req.Mode == wire.ReadLatest {
		if req.LeaderOnly && ts.v.On(variant.ConfirmedReads) &&
			t.consensus.ConfirmLeadership(p, term, p.Now().Add(scannerMaxWait)) != nil {
			return refuse(wire.NotTheLeader)
		}
		return &wire.ScanResponse{Rows: t.data.Latest(), Snapshot: t.data.Last()}
	}
	at, code := t.snapshot(p, term, req)
	if code != wire.OK {
		return refuse(code)
	}
	return &wire.ScanResponse{Rows: t.data.At(at), Snapshot: at}
}

// snapshot chooses the timestamp to read at, if the client has not, and waits until nothing can be
// written up to it any more: an entry of that time or later is applied. A leader appends one if
// need be, so that its successors know of it. Follows PickAndVerifyTimestamp and
// HandleScanAtSnapshot.
func (t *replica) snapshot(p *sim.Proc, term int64, req *wire.ScanRequest) (wire.Timestamp,
	wire.Code) {
	at := req.Snapshot
	switch {
	case at == 0 && req.Mode == wire.ReadYourWrites:
		at = max(req.Propagated+1, t.data.Last())
	case at == 0:
		at = t.ts.clock.now()
	}
	t.ts.clock.update(at)
	if term != 0 {
		return at, t.vouch(p, term, at)
	}
	deadline := p.Now().Add(scannerMaxWait)
	for t.data.Last() < at {
		if t.consensus == nil || !t.applied.WaitUntil(p, "the time of a snapshot", deadline) {
			return 0, wire.Throttled
		}
	}
	return at, wire.OK
}

// vouch makes sure that a leader has applied all that was ever to be written up to a time. With the
// defect it takes its own clock for that, of which its successor knows nothing.
func (t *replica) vouch(p *sim.Proc, term int64, at wire.Timestamp) wire.Code {
	var err error
	switch {
	case t.ts.v.On(variant.SafeTime):
		err = t.consensus.CaughtUp(p, term, p.Now().Add(scannerMaxWait))
	case t.data.Last() < at:
		w := rows.Write{Time: t.ts.clock.now()}
		_, err = t.consensus.Replicate(p, term, wire.WriteOp, w.Encode())
	}
	if err != nil {
		return wire.NotTheLeader
	}
	return wire.OK
}
