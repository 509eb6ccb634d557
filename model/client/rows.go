package client

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

const (
	// rowsTimeout is how long an operation on rows may take: longer than a call to a master that is
	// gone. In Kudu the program sets it for writes; scans take 30 s unless told.
	rowsTimeout = 15 * time.Second
	// scanTryTimeout is how long one replica may take to answer a scan, if others are left.
	scanTryTimeout = 3 * time.Second
)

// doRows carries out an operation on the rows of a table.
func (c *Client) doRows(p *sim.Proc, op Op) Outcome {
	deadline := p.Now().Add(cmp.Or(op.Timeout, rowsTimeout))
	t, status := c.open(p, op.Name, deadline)
	if !status.OK() {
		return Outcome{Status: status, Master: wire.NoServer}
	}
	out := Outcome{Table: t.id, Version: t.version, Master: wire.NoServer}
	if out.Status = c.locate(p, t, deadline); out.Status.OK() {
		if op.Kind == Scan {
			c.scanTable(p, op, t, deadline, &out)
		} else {
			c.writeTable(p, op, t, deadline, &out)
		}
	}
	if code := out.Status.Code; code == wire.UnknownColumn || code == wire.TableNotFound {
		delete(c.tables, op.Name) // the program opens it again
	}
	return out
}

// batch is what of a write goes to one tablet, in one request.
type batch struct {
	RowCall
	tablet *location
	out    Outcome
}

// writeTable sends the rows of a write to their tablets, at once, and waits for all
// (Batcher). It is atomic in each tablet and not over all of them.
func (c *Client) writeTable(p *sim.Proc, op Op, t *openTable, deadline sim.Time, out *Outcome) {
	var batches []*batch
	for _, o := range op.rowOps() {
		l := t.tabletOf(o.Key)
		if l == nil {
			out.Status = wire.Err(wire.NotCovered, "")
			continue
		}
		i := slices.IndexFunc(batches, func(b *batch) bool { return b.tablet == l })
		if i < 0 {
			i = len(batches)
			batches = append(batches, &batch{tablet: l, RowCall: RowCall{Client: c, Op: op,
				Table: t.id, Version: t.version, Tablet: l.Tablet, Request: c.nextWrite()}})
		}
		batches[i].Ops = append(batches[i].Ops, o)
	}
	pending := len(batches)
	var news sim.Cond
	if !out.Status.OK() && pending > 0 && c.v.On(variant.LookupFailureStopsBatch) {
		news.Wait(p, "rows whose tablets are known to be sent")
	}
	for _, b := range batches {
		cause := p.ForkCause()
		p.Node().Go("write", func(p *sim.Proc) {
			p.InheritCause(cause)
			c.writeTablet(p, t, b, deadline)
			pending--
			news.Broadcast()
		})
	}
	for pending > 0 {
		news.Wait(p, "all tablets to be written")
	}
	for _, b := range batches {
		out.Unknown = out.Unknown || b.out.Unknown
		if out.Status.OK() {
			out.Status = b.out.Status
		}
		if b.Status.OK() {
			out.Written += len(b.Ops)
		}
	}
}

// nextWrite numbers a request and keeps it among those that are not finished.
func (c *Client) nextWrite() wire.RequestID {
	c.writeSeq++
	c.writing = append(c.writing, c.writeSeq)
	return wire.RequestID{Client: wire.ServerID(c.node.ID()), Seq: c.writeSeq}
}

// writeTablet sends a request until it is answered for good, always as the same one (WriteRpc).
func (c *Client) writeTablet(p *sim.Proc, t *openTable, b *batch, deadline sim.Time) {
	b.Called = c.node.World().Now()
	RowsCalled.Publish(c.node.World(), b.RowCall)
	for n := 1; ; n++ {
		resp, done := c.tryWrite(p, t, b, deadline)
		if done {
			b.answer(resp)
			break
		}
		c.pause(p, n, deadline)
	}
	c.writing = slices.DeleteFunc(c.writing, func(s int64) bool { return s == b.Request.Seq })
	b.out = Outcome{Status: b.Status, Unknown: b.Unknown}
	for i, code := range b.Codes {
		if code != wire.OK && b.out.Status.OK() {
			b.out.Status = wire.Err(code, b.Ops[i].String())
		}
	}
	RowsReturned.Publish(c.node.World(), b.RowCall)
}

// tryWrite makes one attempt. A request that was ever sent may have been carried out unless a
// server says otherwise.
func (c *Client) tryWrite(p *sim.Proc, t *openTable, b *batch,
	deadline sim.Time) (resp *wire.WriteResponse, done bool) {
	to, status := c.leaderOf(p, t, b.tablet, deadline)
	if to == wire.NoServer {
		return &wire.WriteResponse{Status: status}, !status.OK()
	}
	b.sent = true
	m, err := p.Call(to.Node(), &wire.WriteRequest{Dest: to, Tablet: b.Tablet, Request: b.Request,
		First: c.writing[0], Version: t.version, Columns: t.columns, Ops: b.Ops,
		Propagated: c.observed}, deadline)
	if err != nil {
		c.unreachable(b.tablet, to, err)
		return &wire.WriteResponse{Status: wire.Err(wire.TimedOut, "")}, p.Now() >= deadline
	}
	resp = m.(*wire.WriteResponse)
	c.observed = max(c.observed, resp.Time)
	return resp, c.settled(b.tablet, to, resp.Status.Code) || p.Now() >= deadline
}

// leaderOf returns the replica to try next. After all were tried the master is asked again; an
// error of the status ends the attempts.
func (c *Client) leaderOf(p *sim.Proc, t *openTable, l *location,
	deadline sim.Time) (wire.ServerID, wire.Status) {
	if p.Now() >= deadline {
		return wire.NoServer, wire.Err(wire.TimedOut, "")
	}
	if to := l.pickLeader(); to != wire.NoServer {
		return to, wire.Status{}
	}
	return wire.NoServer, c.locateAgain(p, t, l, deadline)
}

// locateAgain asks the master who has replicas of a tablet now. A tablet that is gone is an error.
func (c *Client) locateAgain(p *sim.Proc, t *openTable, l *location,
	deadline sim.Time) wire.Status {
	t.tablets = nil
	if s := c.locate(p, t, deadline); !s.OK() {
		return s
	}
	if !slices.Contains(t.tablets, l) {
		return wire.Err(wire.TabletNotFound, "")
	}
	return wire.Status{}
}

// unreachable notes that a server gave no answer.
func (c *Client) unreachable(l *location, to wire.ServerID, err error) {
	if !c.v.On(variant.KUDU1034) || !errors.Is(err, sim.ErrTimedOut) {
		l.failed = append(l.failed, to)
	}
}

// settled notes what an answer says of a replica, and reports whether it is the last.
func (c *Client) settled(l *location, from wire.ServerID, code wire.Code) bool {
	switch {
	case code == wire.ServiceUnavailable,
		code == wire.TabletNotFound && c.v.On(variant.KUDU1054): // the same again
	case code == wire.NotTheLeader:
		l.follows = append(l.follows, from)
	case slices.Contains(elsewhere, code):
		l.failed = append(l.failed, from)
	default:
		return true
	}
	return false
}

// elsewhere lists the answers after which another replica is tried.
var elsewhere = []wire.Code{wire.TabletNotFound, wire.TabletNotRunning, wire.TabletFailed,
	wire.WrongServerUUID, wire.Throttled}

// scanTable reads one tablet after another. The first one that is read at a snapshot chooses its
// time for all.
func (c *Client) scanTable(p *sim.Proc, op Op, t *openTable, deadline sim.Time, out *Outcome) {
	out.Rows = []wire.Row{}
	var at wire.Timestamp
	for _, l := range slices.Clone(t.tablets) {
		b := &batch{tablet: l, RowCall: RowCall{Client: c, Op: op, Table: t.id,
			Version: t.version, Tablet: l.Tablet, Observed: c.observed,
			Called: c.node.World().Now()}}
		resp := c.scanTablet(p, t, b, at, deadline)
		b.Status, b.Rows, b.Time = resp.Status, resp.Rows, resp.Snapshot
		RowsReturned.Publish(c.node.World(), b.RowCall)
		if out.Status = resp.Status; !out.Status.OK() {
			return
		}
		out.Rows = append(out.Rows, resp.Rows...)
		c.observed = max(c.observed, resp.Snapshot)
		if op.Mode != wire.ReadLatest {
			at = resp.Snapshot
		}
	}
}

func (c *Client) scanTablet(p *sim.Proc, t *openTable, b *batch, at wire.Timestamp,
	deadline sim.Time) *wire.ScanResponse {
	l := b.tablet
	for n := 1; p.Now() < deadline; n++ {
		to := l.pickLeader()
		if b.Op.AnyReplica {
			to = c.pickAny(l)
		}
		if to == wire.NoServer {
			if s := c.locateAgain(p, t, l, deadline); !s.OK() {
				return &wire.ScanResponse{Status: s}
			}
			c.pause(p, n, deadline)
			continue
		}
		m, err := p.Call(to.Node(), &wire.ScanRequest{Dest: to, Tablet: b.Tablet,
			Columns: t.columns, Mode: b.Op.Mode, Snapshot: at, LeaderOnly: !b.Op.AnyReplica,
			Propagated: c.observed}, min(deadline, p.Now().Add(scanTryTimeout)))
		if err != nil {
			c.unreachable(l, to, err)
			if !errors.Is(err, sim.ErrTimedOut) {
				c.pause(p, n, deadline)
			}
			continue
		}
		if resp := m.(*wire.ScanResponse); c.settled(l, to, resp.Status.Code) {
			return resp
		}
		c.pause(p, n, deadline)
	}
	return &wire.ScanResponse{Status: wire.Err(wire.TimedOut, "")}
}
