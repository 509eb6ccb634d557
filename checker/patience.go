package checker

import (
	"fmt"

	"tabletop/model/wire"
	"tabletop/sim"
)

// patience judges how clients deal with a master that does not answer: it may not lead any more, so
// they send it nothing else before it has told them that it does, but for what another process of
// theirs asks meanwhile.
type patience struct {
	j      *Judges
	looked *int
	asked  map[sim.NodeID]question // by client: the last, if it is not answered
}

type question struct {
	to   sim.NodeID
	call sim.Call
}

func watchPatience(j *Judges) {
	c := &patience{j: j, looked: j.counter(Availability), asked: map[sim.NodeID]question{}}
	sim.Sent.Subscribe(j.c.World, c.sent)
	sim.Delivered.Subscribe(j.c.World, c.delivered)
}

func (c *patience) sent(e *sim.Envelope) {
	switch e.Msg.(type) {
	case wire.DDL, *wire.GetTableSchemaRequest, *wire.ListTablesRequest,
		*wire.IsCreateTableDoneRequest, *wire.IsAlterTableDoneRequest:
	default:
		return
	}
	*c.looked++
	if last, found := c.asked[e.From]; found && last.to == e.To && !last.call.Open() {
		w := c.j.c.World
		c.j.report(Violation{Oracle: Availability, Object: "request", Reason: "sent-to-the-silent",
			Detail: fmt.Sprintf("%s sends %s, which has not answered its last request, another "+
				"one without having looked for the leader", w.Node(e.From).Name(),
				w.Node(e.To).Name())})
	}
	c.asked[e.From] = question{e.To, e.Call()}
}

func (c *patience) delivered(e *sim.Envelope) {
	if !e.Awaited() || c.asked[e.To].to != e.From {
		return
	}
	if m, connect := e.Msg.(*wire.ConnectResponse); !connect || m.Leader {
		delete(c.asked, e.To)
	}
}
