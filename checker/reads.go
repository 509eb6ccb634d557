package checker

import (
	"fmt"

	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// reads judges that a master which was deposed answers nothing from its catalog: what it is asked
// after a later leader has committed something, it does not know.
type reads struct {
	j      *Judges
	looked *int
	asked  map[uint64]int64 // by call: the latest term that had committed when it came in
	term   int64            // the latest that has
}

func watchReads(j *Judges) {
	r := &reads{j: j, looked: j.counter(Leadership), asked: map[uint64]int64{}}
	w := j.c.World
	raft.EntryCommitted.Subscribe(w, func(e raft.EntryEvent) {
		if e.Replica.Tablet() == wire.SysCatalog {
			r.term = max(r.term, e.Entry.Term)
		}
	})
	sim.Delivered.Subscribe(w, func(e *sim.Envelope) {
		switch e.Msg.(type) {
		case *wire.GetTableSchemaRequest, *wire.ListTablesRequest, *wire.IsCreateTableDoneRequest,
			*wire.IsAlterTableDoneRequest:
			r.asked[e.CallID()] = r.term
		}
	})
	sim.Sent.Subscribe(w, r.sent)
}

func (r *reads) sent(e *sim.Envelope) {
	var status wire.Status
	switch m := e.Msg.(type) {
	case *wire.TableSchemaResponse:
		status = m.Status
	case *wire.ListTablesResponse:
		status = m.Status
	case *wire.DoneResponse:
		status = m.Status
	default:
		return
	}
	later := r.asked[e.CallID()]
	delete(r.asked, e.CallID())
	by := r.j.c.MasterOn(e.From)
	term, ready := by.Ready()
	if !ready || status.Code == wire.NotTheLeader {
		return
	}
	*r.looked++
	if term < later {
		r.j.report(Violation{Oracle: Leadership, Object: "master", Reason: "answers-though-deposed",
			Detail: fmt.Sprintf("%s, which leads in term %d, answers %s what it was asked after "+
				"the leader of term %d had committed something", by.Node().Name(), term,
				r.j.c.World.Node(e.To).Name(), later)})
	}
}
