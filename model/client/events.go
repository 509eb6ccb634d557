package client

import (
	"fmt"

	"tabletop/model/wire"
	"tabletop/sim"
)

// What clients tell observers.
var (
	// Called tells that an operation has begun.
	Called = sim.NewTopic[OpEvent]("op-called")
	// Answered tells what the client learned of an operation.
	Answered = sim.NewTopic[OpEvent]("op-answered")
	// Done tells that a client was told that its create or alter is complete, or, by the status,
	// that the table is gone.
	Done = sim.NewTopic[OpEvent]("op-done")
	// RowsCalled tells that a client is about to write rows of one tablet.
	RowsCalled = sim.NewTopic[RowCall]("rows-called")
	// RowsReturned tells what it learned of that, or of a scan of one tablet.
	RowsReturned = sim.NewTopic[RowCall]("rows-returned")
)

// RowCall is the part of an operation on rows that one tablet answers.
type RowCall struct {
	Client   *Client
	Op       Op
	Table    wire.TableID // that was opened
	Version  int64        // of its schema then
	Tablet   wire.TabletID
	Request  wire.RequestID // of a write
	Ops      []wire.RowOp   // likewise
	Observed wire.Timestamp // the latest that the client had seen before a scan
	Called   sim.Time
	Status   wire.Status
	Unknown  bool           // a write may or may not have been carried out, and may yet
	Codes    []wire.Code    // of a write, by row
	Rows     []wire.Row     // of a scan
	Time     wire.Timestamp // of the write, or of what the scan shows

	sent bool
}

// answer notes what a write was answered in the end.
func (r *RowCall) answer(resp *wire.WriteResponse) {
	r.Status, r.Codes, r.Time = resp.Status, resp.Rows, resp.Time
	r.Unknown = r.sent && !r.Status.OK()
}

// Fold implements sim.Event.
func (r RowCall) Fold(d *sim.Digest) {
	d.Uint64(uint64(r.Op.ID))
	d.Uint64(uint64(r.Tablet))
	d.Int(r.Request.Seq)
	d.Uint64(uint64(r.Status.Code))
	d.Bool(r.Unknown)
	for _, c := range r.Codes {
		d.Uint64(uint64(c))
	}
	for _, row := range r.Rows {
		d.Int(row.Value)
	}
	d.Int(int64(r.Time))
}

func (r RowCall) String() string {
	return fmt.Sprintf("%s op %d: %v of %v: %v %v%v", r.Client.node.Name(), r.Op.ID, r.Op,
		r.Tablet, r.Status, r.Codes, r.Rows)
}

// OpEvent tells how far an operation has come.
type OpEvent struct {
	Client  *Client
	Op      Op
	Request wire.RequestID
	Outcome *Outcome // nil in Called; in Done, Version is that of the poll
	// PollCalled is when the question was sent that Done is the answer to.
	PollCalled sim.Time
}

// Node returns the node of the client.
func (e OpEvent) Node() *sim.Node { return e.Client.node }

// Fold implements sim.Event.
func (e OpEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Op.ID))
	d.Int(e.Request.Seq)
	if e.Outcome == nil {
		return
	}
	d.Uint64(uint64(e.Outcome.Status.Code))
	d.Bool(e.Outcome.Unknown)
	d.Uint64(uint64(e.Outcome.Table))
	d.Int(e.Outcome.Version)
	e.Outcome.Schema.Fold(d)
	for _, t := range e.Outcome.Tables {
		d.String(t.Name)
		d.Uint64(uint64(t.ID))
	}
}

func (e OpEvent) String() string {
	text := fmt.Sprintf("%s op %d: %v", e.Client.node.Name(), e.Op.ID, e.Op)
	if e.Outcome != nil {
		text += " -> " + e.Outcome.String()
	}
	return text
}
