package checker

import (
	"fmt"
	"slices"
	"time"

	"tabletop/model/raft"
	"tabletop/model/tserver"
	"tabletop/model/wire"
	"tabletop/sim"
)

// quiescence judges that nothing is done again and again: a leader does not send what the same
// replica has acknowledged in the same term, and no tablet is copied without end.
type quiescence struct {
	j      *Judges
	looked *int
	links  map[ear]shipping
	opened map[seat]int // how often a replica was opened or given up
	copies map[wire.TabletID]int
	asked  map[sim.NodeID]int // how often clients asked something of a server
}

// shipping is what a leader sends to one of its peers.
type shipping struct {
	term        int64
	opened      int
	call        uint64 // the last request
	sent, acked int64  // its last entry, and the last one acknowledged
	empty       int    // how often it was told the same, and no entry, since then
	since       sim.Time
	asked       int // by then, of the leader
}

// maxEmpty is how often a replica may be told the same within a time, beside once for everything
// that clients asked its leader, which may wait for a majority to confirm it. A heartbeat comes
// twice a second.
const (
	maxEmpty    = 100
	emptyWithin = 20 * time.Second
)

// maxCopies is how often the replicas of one tablet may be copied in a run. 1,500 storms under
// ideal, of an earlier generator, made 8 copies at most, and 20,000 of the next one never 40;
// replica management that turns in a circle makes hundreds.
const maxCopies = 40

func watchQuiescence(j *Judges) {
	q := &quiescence{j: j, looked: j.counter(Quiescence), links: map[ear]shipping{},
		opened: map[seat]int{}, copies: map[wire.TabletID]int{}, asked: map[sim.NodeID]int{}}
	w := j.c.World
	sim.Sent.Subscribe(w, func(e *sim.Envelope) {
		m, ok := e.Msg.(*wire.UpdateConsensusRequest)
		if ok && m.Dest == j.c.ServerOn(e.To) { // and not another that was in its place
			q.ships(ear{seat{e.From, m.Tablet}, e.To}, e.CallID(), m)
		}
	})
	sim.Delivered.Subscribe(w, func(e *sim.Envelope) {
		if slices.Contains(j.c.ClientNodes(), e.From) {
			q.asked[e.To]++
		}
		if m, ok := e.Msg.(*wire.UpdateConsensusResponse); ok && m.Code == wire.OK {
			at := ear{seat{e.To, m.Tablet}, e.From}
			if l := q.links[at]; l.term == m.Term && e.Awaited() && e.CallID() == l.call {
				l.acked = max(l.acked, l.sent)
				q.links[at] = l
			}
		}
	})
	raft.Booted.Subscribe(w, func(e raft.ReplicaEvent) {
		q.opened[seat{e.Replica.Node().ID(), e.Replica.Tablet()}]++
	})
	tserver.TabletTombstoned.Subscribe(w, func(e tserver.TombstoneEvent) {
		q.opened[seat{e.TServer.Node().ID(), e.Tablet}]++
	})
	tserver.CopyStarted.Subscribe(w, q.copied)
}

// ships looks at what a leader sends.
func (q *quiescence) ships(at ear, call uint64, m *wire.UpdateConsensusRequest) {
	l, opened := q.links[at], q.opened[seat{at.peer, m.Tablet}]
	if l.term != m.Term || l.opened != opened {
		l = shipping{term: m.Term, opened: opened}
	}
	now := q.j.c.World.Now()
	if len(m.Entries) > 0 || l.sent != m.Preceding.Index || now.Sub(l.since) > emptyWithin {
		l.empty, l.since, l.asked = 0, now, q.asked[at.node]
	}
	if l.empty++; l.empty > maxEmpty+q.asked[at.node]-l.asked {
		q.report(at, m, "told-again", "the same over and over")
	}
	l.call = call
	l.sent = m.Preceding.Index
	if n := len(m.Entries); n > 0 {
		*q.looked++
		l.sent = m.Entries[n-1].Index
		if l.sent <= l.acked {
			q.report(at, m, "sent-again", "what that has acknowledged")
		}
	}
	q.links[at] = l
}

func (q *quiescence) report(at ear, m *wire.UpdateConsensusRequest, reason, what string) {
	w := q.j.c.World
	q.j.report(Violation{Oracle: Quiescence, Object: objectOf(m.Tablet), Reason: reason,
		Detail: fmt.Sprintf("%s tells %s %s: %v", w.Node(at.node).Name(), w.Node(at.peer).Name(),
			what, m)})
}

// copied counts the copies of a tablet.
func (q *quiescence) copied(e tserver.CopyEvent) {
	*q.looked++
	if q.copies[e.Tablet]++; q.copies[e.Tablet] > maxCopies {
		q.j.report(Violation{Oracle: Quiescence, Object: "tablet", Reason: "copied-without-end",
			Detail: fmt.Sprintf("%s begins copy %d of %v", e.TServer.Node().Name(),
				q.copies[e.Tablet], e.Tablet)})
	}
}
