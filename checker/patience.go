package checker

import (
	"fmt"

	"tabletop/model/wire"
	"tabletop/sim"
)

// patience judges how clients deal with who does not answer, but for what another process of theirs
// asks meanwhile. A master may not lead any more, so they send it nothing else before it has told
// them that it does; of a tablet server they want nothing more of that tablet before they have
// tried another, or asked who has it.
type patience struct {
	j      *Judges
	looked *int
	asked  map[sim.NodeID]question                   // by client: the last, if it is not answered
	rows   map[sim.NodeID]map[wire.TabletID]question // likewise, by tablet
	calls  map[uint64]wire.TabletID                  // those of them that are under way
}

type question struct {
	to   sim.NodeID
	dest wire.ServerID // of a request for rows: a disk that was lost makes another server
	call sim.Call
}

func watchPatience(j *Judges) {
	c := &patience{j: j, looked: j.counter(Availability), asked: map[sim.NodeID]question{},
		rows: map[sim.NodeID]map[wire.TabletID]question{}, calls: map[uint64]wire.TabletID{}}
	sim.Sent.Subscribe(j.c.World, c.sent)
	sim.Delivered.Subscribe(j.c.World, c.delivered)
}

func (c *patience) sent(e *sim.Envelope) {
	switch m := e.Msg.(type) {
	case *wire.WriteRequest:
		c.rowsSent(e, m.Tablet, m.Dest)
		return
	case *wire.ScanRequest:
		c.rowsSent(e, m.Tablet, m.Dest)
		return
	case wire.DDL, *wire.GetTableSchemaRequest, *wire.ListTablesRequest,
		*wire.IsCreateTableDoneRequest, *wire.IsAlterTableDoneRequest:
	default:
		return
	}
	*c.looked++
	if last, found := c.asked[e.From]; found && last.to == e.To && !last.call.Open() {
		c.broken(e, "request", "to a master, another one without having looked for the leader")
	}
	c.asked[e.From] = question{to: e.To, call: e.Call()}
}

// rowsSent looks at a request for rows.
func (c *patience) rowsSent(e *sim.Envelope, tablet wire.TabletID, dest wire.ServerID) {
	*c.looked++
	asked := c.rows[e.From]
	if asked == nil {
		asked = map[wire.TabletID]question{}
		c.rows[e.From] = asked
	}
	if last, found := asked[tablet]; found && last.dest == dest && !last.call.Open() {
		c.broken(e, "rows", fmt.Sprintf("for rows of %v, another one without having tried another "+
			"or asked who has it", tablet))
	}
	asked[tablet] = question{e.To, dest, e.Call()}
	c.calls[e.CallID()] = tablet
}

func (c *patience) delivered(e *sim.Envelope) {
	switch e.Msg.(type) {
	case *wire.WriteResponse, *wire.ScanResponse:
		tablet := c.calls[e.CallID()]
		delete(c.calls, e.CallID())
		if e.Awaited() {
			delete(c.rows[e.To], tablet)
		}
		return
	case *wire.TableLocationsResponse:
		delete(c.rows, e.To)
	}
	if !e.Awaited() || c.asked[e.To].to != e.From {
		return
	}
	if m, connect := e.Msg.(*wire.ConnectResponse); !connect || m.Leader {
		delete(c.asked, e.To)
	}
}

func (c *patience) broken(e *sim.Envelope, object, what string) {
	w := c.j.c.World
	c.j.report(Violation{Oracle: Availability, Object: object, Reason: "sent-to-the-silent",
		Detail: fmt.Sprintf("%s sends %s, which has not answered its last request %s",
			w.Node(e.From).Name(), w.Node(e.To).Name(), what)})
}
