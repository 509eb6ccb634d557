package checker

import (
	"fmt"
	"time"

	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// management judges what leaders of tablets do about their replicas: they call none silent that
// speaks to them, and they make no change, unless somebody demands it, that those whom they hear
// cannot commit.
type management struct {
	j      *Judges
	looked *int
	heard  map[ear]sim.Time  // when a leader last heard what a replica said of the tablet
	told   map[seat]sim.Time // when a leader was last told to change the configuration
	down   map[sim.NodeID]ending
	// well is when a master was last told by a tablet's leader that most voters are healthy.
	well map[seat]sim.Time
}

// ending is when a program ended, and whether its machine was there to refuse calls.
type ending struct {
	at      sim.Time
	refuses bool
}

// ear is a leader's for one of its peers.
type ear struct {
	seat
	peer sim.NodeID
}

// A leader knows that a voter is gone when a call that hangs has timed out
// (consensus_rpc_timeout_ms), by a clock that is wrong, or when the next calls are refused.
const (
	hangsFor   = 40 * time.Second
	refusesFor = 5 * time.Second
)

// handled is how long a master may take over a report, with others waiting.
const handled = 5 * time.Second

// unread is how long an answer may lie at a program that is slow.
const unread = 200 * time.Millisecond

func watchManagement(j *Judges) {
	m := &management{j: j, looked: j.counter(ReplicaManagement), heard: map[ear]sim.Time{},
		told: map[seat]sim.Time{}, down: map[sim.NodeID]ending{}, well: map[seat]sim.Time{}}
	w := j.c.World
	sim.Delivered.Subscribe(w, m.delivered)
	sim.Sent.Subscribe(w, m.sent)
	raft.Elected.Subscribe(w, func(e raft.ReplicaEvent) {
		for _, id := range e.Replica.Active().Servers() {
			delete(m.heard, ear{seat{e.Replica.Node().ID(), e.Replica.Tablet()}, id.Node()})
		}
	})
	sim.NodeDown.Subscribe(w, func(e sim.NodeEvent) {
		m.down[e.Node.ID()] = ending{w.Now(), e.Reason == "killed"}
	})
	sim.NodeUp.Subscribe(w, func(e sim.NodeEvent) { delete(m.down, e.Node.ID()) })
	master.TaskStarted.Subscribe(w, m.adds)
	raft.EntryAppended.Subscribe(w, m.appended)
}

func (m *management) delivered(e *sim.Envelope) {
	now := m.j.c.World.Now()
	switch msg := e.Msg.(type) {
	case *wire.UpdateConsensusResponse:
		if msg.Code != wire.WrongServerUUID {
			m.heard[ear{seat{e.To, msg.Tablet}, e.From}] = now
		}
	case *wire.ChangeConfigRequest:
		m.told[seat{e.To, msg.Tablet}] = now
	case *wire.TSHeartbeatRequest:
		for i := range msg.Report.Tablets {
			t := &msg.Report.Tablets[i]
			if t.State.Leader == msg.Server && mostWell(t.State) {
				m.well[seat{e.To, t.Tablet}] = now
			}
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

// appended looks at a configuration that a leader begins of itself: the voters that it leaves must
// be there to commit it.
func (m *management) appended(e raft.AppendedEvent) {
	r := e.Replica
	if e.Entry.Type != wire.ChangeConfig || r.Role() != raft.Leader ||
		r.Tablet() == wire.SysCatalog { // where only people remove anybody
		return
	}
	at, now := seat{r.Node().ID(), r.Tablet()}, m.j.c.World.Now()
	if told, was := m.told[at]; was && told == now {
		return
	}
	*m.looked++
	next := raft.ConfigOf(e.Entry)
	voters, there := next.Voters(), 0
	for _, id := range voters {
		end, ended := m.down[id.Node()]
		ago := now.Sub(end.at)
		gone := ended && (ago >= hangsFor || end.refuses && ago >= refusesFor)
		if !gone || id == r.ID() {
			there++
		}
	}
	if there < raft.Majority(len(voters)) {
		m.j.report(Violation{Oracle: ReplicaManagement, Object: objectOf(r.Tablet()),
			Reason: "change-without-majority", Detail: fmt.Sprintf(
				"%s begins configuration %v of %v, of whose voters %d have been there lately",
				name(r), next, r.Tablet(), there)})
	}
}

// adds looks at a master that wants another replica before one is evicted: most voters must be
// well, or that cannot be committed.
func (m *management) adds(e master.TaskEvent) {
	if e.Task.Name != "AddReplica" || m.j.c.Variants.Replacement != variant.Replace343 {
		return
	}
	*m.looked++
	well, was := m.well[seat{e.Master.Node().ID(), e.Task.Tablet}]
	if ago := m.j.c.World.Now().Sub(well); !was || ago >= handled {
		m.j.report(Violation{Oracle: ReplicaManagement, Object: "tablet",
			Reason: "added-without-majority", Detail: fmt.Sprintf(
				"%s wants another replica of %v, most of whose voters have not been well for %v",
				e.Master.Node().Name(), e.Task.Tablet, ago)})
	}
}

func mostWell(s wire.ConsensusState) bool {
	voters, well := s.Config.Voters(), 0
	for _, id := range voters {
		if s.HealthOf(id) == wire.Healthy {
			well++
		}
	}
	return well >= raft.Majority(len(voters))
}

func (m *management) name(id sim.NodeID) string { return m.j.c.World.Node(id).Name() }
