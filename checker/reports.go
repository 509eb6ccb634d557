package checker

import (
	"fmt"

	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// fullReports judges that a tablet server which hears from a master that leads a term of which it
// has not told it everything does so with its next heartbeat: what others did in between the master
// may not know, nor ask for.
type fullReports struct {
	j       *Judges
	looked  *int
	calls   map[uint64]fullReport // heartbeats that are not answered
	told    map[beating]int64     // the term in which a full report was taken
	lacking map[beating]int64     // the term that was heard of since
}

type fullReport struct {
	beating
	full bool
}

func watchFullReports(j *Judges) {
	v := j.c.Variants
	if !v.FullReportByTerm() && !v.On(variant.L1) || v.AsksAfterLoad() {
		return // nobody promises it
	}
	r := &fullReports{j: j, looked: j.counter(Liveness), calls: map[uint64]fullReport{},
		told: map[beating]int64{}, lacking: map[beating]int64{}}
	sim.Sent.Subscribe(j.c.World, r.sent)
	sim.Delivered.Subscribe(j.c.World, r.answered)
}

func (r *fullReports) sent(e *sim.Envelope) {
	m, ok := e.Msg.(*wire.TSHeartbeatRequest)
	if !ok {
		return
	}
	at := beating{e.From, e.To, m.Incarnation}
	r.calls[e.CallID()] = fullReport{at, m.Report.Full}
	*r.looked++
	if term, lacks := r.lacking[at]; lacks && !m.Report.Full {
		w := r.j.c.World
		r.j.report(Violation{Oracle: Liveness, Object: "tserver", Reason: "no-full-report",
			Detail: fmt.Sprintf("%s has told %s everything in term %d, and knows that it leads in "+
				"term %d; it reports what is new only", w.Node(e.From).Name(), w.Node(e.To).Name(),
				r.told[at], term)})
	}
}

func (r *fullReports) answered(e *sim.Envelope) {
	m, ok := e.Msg.(*wire.TSHeartbeatResponse)
	if !ok {
		return
	}
	call, known := r.calls[e.CallID()]
	delete(r.calls, e.CallID())
	switch {
	case !known || !e.Awaited() || !m.Status.OK():
	case !m.LeaderMaster || m.NeedsReregister: // with which all is reported
		delete(r.lacking, call.beating)
	case call.full:
		r.told[call.beating] = m.LeaderTerm
		delete(r.lacking, call.beating)
	case r.told[call.beating] != m.LeaderTerm:
		r.lacking[call.beating] = m.LeaderTerm
	}
}
