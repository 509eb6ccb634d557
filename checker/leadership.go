package checker

import (
	"fmt"
	"slices"

	"tabletop/model/master"
	"tabletop/model/wire"
	"tabletop/sim"
)

// leaderships holds masters to one leadership at a time: who says that it leads is ready to, what a
// request does is done in the leadership in which it came in, and no task outlives the one in which
// it was begun, once the next is ready.
type leaderships struct {
	j      *Judges
	looked *int
	began  map[wire.RequestID][]int64 // the terms in which attempts at a request came in
	tasks  map[sim.NodeID]int         // of a master, not ended
}

func watchLeaderships(j *Judges) {
	l := &leaderships{j: j, looked: j.counter(Leadership), began: map[wire.RequestID][]int64{},
		tasks: map[sim.NodeID]int{}}
	master.Began.Subscribe(j.c.World, func(e master.RequestEvent) {
		if terms := l.began[e.Request]; !slices.Contains(terms, e.Term) {
			l.began[e.Request] = append(terms, e.Term)
		}
	})
	master.Applied.Subscribe(j.c.World, l.applied)
	sim.Sent.Subscribe(j.c.World, l.sent)
	master.TaskStarted.Subscribe(j.c.World, func(e master.TaskEvent) {
		l.tasks[e.Master.Node().ID()]++
	})
	master.TaskEnded.Subscribe(j.c.World, func(e master.TaskEvent) {
		l.tasks[e.Master.Node().ID()]--
	})
	sim.NodeDown.Subscribe(j.c.World, func(e sim.NodeEvent) { delete(l.tasks, e.Node.ID()) })
	master.LeaderReady.Subscribe(j.c.World, l.ready)
}

// ready looks at a leader that begins to serve.
func (l *leaderships) ready(e master.LeaderEvent) {
	*l.looked++
	if n := l.tasks[e.Master.Node().ID()]; n > 0 {
		l.j.report(Violation{Oracle: Leadership, Object: "task", Reason: "outlives-leadership",
			Detail: fmt.Sprintf("%s is ready in term %d, and has %d tasks of an earlier one",
				e.Master.Node().Name(), e.Term, n)})
	}
}

// applied looks at the entry that carries out a request.
func (l *leaderships) applied(e master.AppliedEvent) {
	cause := e.Batch.Cause
	if cause == (wire.RequestID{}) {
		return
	}
	*l.looked++
	if terms, known := l.began[cause]; known && !slices.Contains(terms, e.Op.Term) {
		l.j.report(Violation{Oracle: Leadership, Object: "request", Reason: "another-term",
			Detail: fmt.Sprintf("request %v of %s came in in the terms %v, and is carried out by "+
				"entry %v", cause, l.j.durability.name(cause.Client.Node()), terms, e.Op)})
	}
}

// sent looks at a master that says it leads.
func (l *leaderships) sent(e *sim.Envelope) {
	m, ok := e.Msg.(*wire.ConnectResponse)
	if !ok || !m.Leader {
		return
	}
	*l.looked++
	if _, ready := l.j.c.MasterOn(e.From).Ready(); !ready {
		l.j.report(Violation{Oracle: Leadership, Object: "master", Reason: "not-ready",
			Detail: l.j.durability.name(e.From) + " says that it leads, and is not ready to"})
	}
}
