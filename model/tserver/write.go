package tserver

import (
	"slices"
	"time"

	"tabletop/model/raft"
	"tabletop/model/rows"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

var streamPrepare = sim.NewStream("tserver/prepare")

// prepareTime is how long a write waits for the one thread that prepares them: seldom long.
var prepareTime = sim.Latency{Min: 10 * time.Microsecond, Max: 200 * time.Microsecond,
	TailPPM: 20_000, TailMax: 50 * time.Millisecond}

// leading returns the replica of a tablet if it leads and has applied all that it inherited, so
// that it knows every answer to a request and every row there is, and the term that it leads in.
// Kudu serves as soon as its first entry is on its way, and holds the rows of inherited entries
// locked.
func (ts *TServer) leading(p *sim.Proc, id wire.TabletID) (*replica, int64, wire.Code) {
	r, code := ts.consensusOf(id)
	switch {
	case code != wire.OK:
		return nil, 0, code
	case r.Role() != raft.Leader:
		return nil, 0, wire.NotTheLeader
	}
	t, term := ts.tablets[id], r.Term()
	if t.servesIn == term {
		return t, term, wire.OK
	}
	if r.CaughtUp(p, term, p.Now().Add(catchUpTime)) != nil {
		return nil, 0, wire.ServiceUnavailable
	}
	t.servesIn = term
	return t, term, wire.OK
}

// catchUpTime is how long a request waits for a new leader to apply what it inherited.
const catchUpTime = time.Second

// write changes rows (TabletServiceImpl::Write). A request that was carried out before is answered
// as then; one that is on its way is joined (ResultTracker).
func (ts *TServer) write(p *sim.Proc, req *wire.WriteRequest) *wire.WriteResponse {
	ts.clock.update(req.Propagated)
	t, term, code := ts.leading(p, req.Tablet)
	if code != wire.OK {
		return &wire.WriteResponse{Status: wire.Err(code, "")}
	}
	if answer, found, stale := t.data.AnswerTo(req.Request); found {
		return &wire.WriteResponse{Rows: answer.Rows, Time: answer.Time}
	} else if stale {
		return &wire.WriteResponse{Status: wire.Err(wire.StaleRequest, "")}
	}
	f := t.flights[req.Request]
	if f == nil {
		f = &flight{}
		t.flights[req.Request] = f
		f.resp = t.carryOut(p, term, req)
		delete(t.flights, req.Request)
		f.landed.Broadcast()
	}
	for f.resp == nil {
		f.landed.Wait(p, "an earlier attempt of the same write")
	}
	return f.resp
}

// flight is a write on its way.
type flight struct {
	resp   *wire.WriteResponse // nil: not known yet
	landed sim.Cond
}

// carryOut prepares a write and replicates it, in the term in which it came in and in no other: an
// attempt elsewhere may have been carried out in between. While a new schema is on its way nothing
// is written.
func (t *replica) carryOut(p *sim.Proc, term int64, req *wire.WriteRequest) *wire.WriteResponse {
	refuse := func(c wire.Code, why string) *wire.WriteResponse {
		return &wire.WriteResponse{Status: wire.Err(c, why)}
	}
	consensus := t.consensus
	if !t.schemaLock.TryRLock() {
		return refuse(wire.ServiceUnavailable, "the schema is being altered")
	}
	defer t.schemaLock.RUnlock()
	if c := t.unknownColumn(req.Columns); c != "" {
		return refuse(t.unknown(p, term, req.Columns), c)
	}
	p.Sleep("prepare a write", prepareTime.Draw(t.ts.node.Draw(streamPrepare, 0)))
	w := rows.Write{Request: req.Request, First: req.First, Version: req.Version,
		Time: t.ts.clock.now(), Ops: req.Ops}
	if _, err := consensus.Replicate(p, term, wire.WriteOp, w.Encode()); err != nil {
		return refuse(wire.NotTheLeader, err.Error())
	}
	p.At(PointWritten)
	answer, found, _ := t.data.AnswerTo(req.Request)
	if !found { // the replica was given up, and is another one by now
		return refuse(wire.ServiceUnavailable, "")
	}
	return &wire.WriteResponse{Rows: answer.Rows, Time: answer.Time}
}

// unknownColumn returns a column that the tablet does not have; empty: it has all.
func (t *replica) unknownColumn(columns []string) string {
	for _, c := range columns {
		if !slices.ContainsFunc(t.schema, func(k wire.Column) bool { return k.Name == c }) {
			return c
		}
	}
	return ""
}

// unknown is how a leader refuses a request that names a column which the tablet does not have.
// With the defence it says so, like what it reads, only if a majority confirms it and when it has
// applied its log: a successor may have the column, or a follower may have reported it already.
func (t *replica) unknown(p *sim.Proc, term int64, columns []string) wire.Code {
	if !t.ts.v.On(variant.ConfirmedReads) {
		return wire.UnknownColumn
	}
	consensus, deadline := t.consensus, p.Now().Add(scannerMaxWait)
	if consensus.ConfirmLeadership(p, term, deadline) != nil {
		return wire.NotTheLeader
	}
	if consensus.CaughtUp(p, term, deadline) != nil || t.unknownColumn(columns) == "" {
		return wire.ServiceUnavailable
	}
	return wire.UnknownColumn
}

// applyRows carries out an entry of the log that changes rows.
func (t *replica) applyRows(e wire.Entry) {
	w := rows.DecodeWrite(e.Payload)
	t.ts.clock.update(w.Time)
	codes := t.data.Apply(w)
	t.applied.Broadcast()
	RowsApplied.Publish(t.ts.node.World(), RowsEvent{t.event(), e.OpID, w, codes})
}
