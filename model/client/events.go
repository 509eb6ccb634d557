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
)

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
