package checker

import (
	"fmt"
	"slices"
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
	// unsettled: without any fault something was begun, and this rest proves nothing.
	unsettled bool
}

// saying is what one node asks of another; if it is a task of a master or a report, about one
// tablet. A master that was deposed tries each of its tasks once more, perhaps all at about the
// same time, and a server that gives up what is left of many tablets reports each.
type saying struct {
	kind     *sim.Kind
	from, to sim.NodeID
	tablet   wire.TabletID
}

// Rest is how long to listen, and tooOften how often one node may then say the same to another, if
// that is no heartbeat. A server whose disk was damaged may never take what it is told.
const (
	Rest     = 6 * time.Second
	tooOften = 5
	expiring = 2 * time.Second // what it takes to delete the replicas of a table
)

// Rests is how often a cluster may begin to rest. An election because a disk was slow, or a call of
// a master that was deposed long ago, begins something anew without any fault. A rest in which that
// happens proves nothing, but the last one does.
const Rests = 3

// BeginRest tells that the cluster has nothing left to do, for the last time or not. What it
// returns reports whether anything has unsettled it since.
func (j *Judges) BeginRest(last bool) (unsettled func() bool) {
	w := j.c.World
	r := &rest{j: j, looked: j.counter(Quiescence), began: w.Now(), heard: map[saying]int{}}
	unsettled = func() bool { return r.unsettled }
	if j.restless() {
		return unsettled
	}
	sim.Delivered.Subscribe(w, func(e *sim.Envelope) {
		if !e.Response && !j.fate.damaged[e.To] && w.Now() >= r.began && !r.unsettled {
			r.said(e)
		}
	})
	master.Applied.Subscribe(w, r.applied)
	if !last {
		unsettle := func(raft.ReplicaEvent) { r.unsettled = true }
		raft.Elected.Subscribe(w, unsettle)
		raft.ConfigCommitted.Subscribe(w, unsettle)
	}
	return unsettled
}

// restless reports whether faults have made rest impossible: without masters nobody brings it
// about, and where a table wants more replicas than there are servers left, they never stop trying.
func (j *Judges) restless() bool {
	store := j.c.Catalog()
	return j.MayStandStill() || store != nil && slices.ContainsFunc(sim.Keys(store.Tables),
		func(id wire.TableID) bool {
			t := store.Tables[id]
			return !t.Gone() && t.Replicas > j.fate.tservers(t)
		})
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
	at := saying{e.Msg.Kind(), e.From, e.To, taskOn(e.Msg)}
	if r.heard[at]++; r.heard[at] >= tooOften {
		w := r.j.c.World
		r.j.report(Violation{Oracle: Quiescence, Object: "cluster", Reason: "no-rest",
			Detail: fmt.Sprintf("%v after everything was done, %s sends %s the %dth %v: %v",
				w.Now().Sub(r.began), w.Node(e.From).Name(), w.Node(e.To).Name(), r.heard[at],
				at.kind, e.Msg)})
	}
}

// taskOn returns the tablet that a task of a master is about, or the first that a report is.
func taskOn(msg sim.Message) (tablet wire.TabletID) {
	switch m := msg.(type) {
	case *wire.TSHeartbeatRequest:
		for _, r := range m.Report.Tablets {
			return r.Tablet
		}
		for _, id := range m.Report.Removed {
			return id
		}
	case *wire.CreateTabletRequest:
		tablet = m.Tablet
	case *wire.AlterSchemaRequest:
		tablet = m.Tablet
	case *wire.DeleteTabletRequest:
		tablet = m.Tablet
	case *wire.ChangeConfigRequest:
		tablet = m.Tablet
	case *wire.LeaderStepDownRequest:
		tablet = m.Tablet
	}
	return tablet
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
