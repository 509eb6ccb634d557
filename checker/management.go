package checker

import (
	"fmt"
	"time"

	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// management judges what leaders of tablets do about their replicas: they call none silent that
// speaks to them, and they make no change, unless somebody demands it, that those whom they hear
// cannot commit.
type management struct {
	j      *Judges
	looked *int
	heard  map[ear]sim.Time // when a leader last heard what a replica said of the tablet
	well   map[ear]sim.Time // and when that was to its liking
	// demanded is when somebody last told a leader to change the configuration, whatever it is.
	demanded map[seat]sim.Time
}

// ear is a leader's for one of its peers.
type ear struct {
	seat
	peer sim.NodeID
}

// silence is how long a leader that finds a replica well may not have heard it: a call that hangs
// (consensus_rpc_timeout_ms), by a clock that is wrong, and what the master takes to ask.
const silence = 60 * time.Second

// unread is how long an answer may lie at a program that is slow.
const unread = 200 * time.Millisecond

func watchManagement(j *Judges) {
	m := &management{j: j, looked: j.counter(ReplicaManagement), heard: map[ear]sim.Time{},
		well: map[ear]sim.Time{}, demanded: map[seat]sim.Time{}}
	w := j.c.World
	sim.Delivered.Subscribe(w, m.delivered)
	sim.Sent.Subscribe(w, m.sent)
	raft.Elected.Subscribe(w, func(e raft.ReplicaEvent) {
		for _, id := range e.Replica.Active().Servers() {
			at := ear{seat{e.Replica.Node().ID(), e.Replica.Tablet()}, id.Node()}
			delete(m.heard, at)
			m.well[at] = w.Now()
		}
	})
	raft.EntryAppended.Subscribe(w, m.appended)
}

func (m *management) delivered(e *sim.Envelope) {
	now := m.j.c.World.Now()
	switch msg := e.Msg.(type) {
	case *wire.UpdateConsensusResponse:
		at := ear{seat{e.To, msg.Tablet}, e.From}
		if msg.Code != wire.WrongServerUUID {
			m.heard[at] = now
		}
		if msg.Code == wire.OK {
			m.well[at] = now
		}
	case *wire.ChangeConfigRequest:
		if msg.CAS == wire.NoCAS {
			m.demanded[seat{e.To, msg.Tablet}] = now
		}
	}
}

// sent looks at what a leader tells the masters of its peers. Clocks may be 30 % wrong.
func (m *management) sent(e *sim.Envelope) {
	report, ok := e.Msg.(*wire.TSHeartbeatRequest)
	if !ok {
		return
	}
	now := m.j.c.World.Now()
	for i := range report.Report.Tablets {
		t := &report.Report.Tablets[i]
		for k, health := range t.State.Health {
			*m.looked++
			peer := t.State.Config.Members[k].ID
			heard, did := m.heard[ear{seat{e.From, t.Tablet}, peer.Node()}]
			ago := now.Sub(heard)
			if did && health == wire.Failed && ago >= unread && !m.j.fate.lost(peer) &&
				ago < m.j.c.Variants.FollowerUnavailable*7/10 {
				m.j.report(Violation{Oracle: ReplicaManagement, Object: "replica",
					Reason: "silent-though-heard", Detail: fmt.Sprintf(
						"%s reports that %s is silent in %v, and has heard it %v ago",
						m.name(e.From), m.name(peer.Node()), t.Tablet, ago)})
			}
		}
	}
}

// appended looks at a configuration that a leader begins. Of a voter that is new, as 3-2-3 adds
// them, nothing can have been heard.
func (m *management) appended(e raft.AppendedEvent) {
	r, own := e.Replica.(*raft.Replica) // another core's answers are not read here
	if !own || e.Entry.Type != wire.ChangeConfig || r.Role() != raft.Leader {
		return
	}
	*m.looked++
	at := seat{r.Node().ID(), r.Tablet()}
	now := m.j.c.World.Now()
	if demanded, did := m.demanded[at]; did && demanded == now {
		return
	}
	next := raft.ConfigOf(e.Entry)
	voters, hears := next.Voters(), 0
	for _, id := range voters {
		well, did := m.well[ear{at, id.Node()}]
		lately := now.Sub(well) < silence+m.j.c.Variants.FollowerUnavailable
		if id == r.ID() || !r.Config().Has(id) || did && lately {
			hears++
		}
	}
	if hears < raft.Majority(len(voters)) {
		m.j.report(Violation{Oracle: ReplicaManagement, Object: objectOf(r.Tablet()),
			Reason: "change-without-majority", Detail: fmt.Sprintf(
				"%s begins configuration %v of %v, and hears %d of its voters", name(r), next,
				r.Tablet(), hears)})
	}
}

func (m *management) name(id sim.NodeID) string { return m.j.c.World.Node(id).Name() }
