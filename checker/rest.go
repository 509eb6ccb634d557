package checker

import (
	"fmt"
	"time"

	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// rest listens to a cluster that has nothing to do: what it says then is heartbeats, all of the
// same size. Anything else comes now and then, but not about every second: leftovers are reported
// once a minute, and an election without a fault is rare.
type rest struct {
	j      *Judges
	looked *int
	began  sim.Time
	heard  map[saying]int
}

// saying is what one node asks of another.
type saying struct {
	kind     *sim.Kind
	from, to sim.NodeID
}

// Rest is how long to listen, and tooOften how often one node may then say the same to another, if
// that is no heartbeat. A server whose disk was damaged may never take what it is told.
const (
	Rest     = 6 * time.Second
	tooOften = 5
	expiring = 2 * time.Second // what it takes to delete the replicas of a table
)

// BeginRest tells that the cluster has nothing left to do. Without masters nobody brings about
// rest, and where a table wants more replicas than there are servers left, they never stop trying.
func (j *Judges) BeginRest() {
	if j.MayStandStill() {
		return
	}
	if store := j.c.Catalog(); store != nil {
		for _, id := range sim.Keys(store.Tables) {
			if t := store.Tables[id]; !t.Gone() && t.Replicas > j.fate.tservers(t) {
				return
			}
		}
	}
	r := &rest{j: j, looked: j.counter(Quiescence), began: j.c.World.Now(), heard: map[saying]int{}}
	sim.Delivered.Subscribe(j.c.World, func(e *sim.Envelope) {
		if !e.Response && !j.fate.damaged[e.To] && j.c.World.Now() >= r.began {
			r.said(e)
		}
	})
	master.Applied.Subscribe(j.c.World, r.applied)
}

// applied lets the masters carry out what was due at that time: that a table which was dropped with
// a reserve is gone.
func (r *rest) applied(e master.AppliedEvent) {
	if len(e.Batch.Tables) > 0 {
		r.began = r.j.c.World.Now().Add(expiring)
	}
}

func (r *rest) said(e *sim.Envelope) {
	*r.looked++
	if vote, ok := e.Msg.(*wire.VoteRequest); beats(e.Msg) || ok && !r.j.fate.able(vote.Tablet) {
		return
	}
	at := saying{e.Msg.Kind(), e.From, e.To}
	if r.heard[at]++; r.heard[at] >= tooOften {
		w := r.j.c.World
		r.j.report(Violation{Oracle: Quiescence, Object: "cluster", Reason: "no-rest",
			Detail: fmt.Sprintf("%v after everything was done, %s sends %s the %dth %v: %v",
				w.Now().Sub(r.began), w.Node(e.From).Name(), w.Node(e.To).Name(), r.heard[at],
				at.kind, e.Msg)})
	}
}

// beats reports whether a message is a heartbeat and no more, or part of a copy, which takes as
// long as it takes. Of another core's it is not known.
func beats(msg sim.Message) bool {
	switch m := msg.(type) {
	case *wire.FetchDataRequest:
		return true
	case *wire.UpdateConsensusRequest:
		return len(m.Entries) == 0
	case *wire.TSHeartbeatRequest:
		return !m.Register && !m.Report.Full && len(m.Report.Tablets)+len(m.Report.Removed) == 0
	}
	_, foreign := msg.(raft.Foreign)
	return foreign
}
