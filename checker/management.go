package checker

import (
	"fmt"
	"time"

	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/replicas"
	"tabletop/model/wire"
	"tabletop/sim"
)

// management judges what is done about the replicas of tablets: a leader calls none silent that
// speaks to it, and neither it nor a master wants a change, unless somebody demands it, that the
// voters who are there cannot commit.
type management struct {
	j      *Judges
	looked *int
	heard  map[ear]sim.Time // when a leader last heard what a replica said of the tablet
	told   map[seat]order   // what a leader was last told to change
	// asked is the last request to a replica, reach the last entry that it has said to have and as
	// many more as that brought; committed is up to where a leader holds its log for committed.
	asked     map[ear]asked
	reach     map[ear]int64
	committed map[raft.Observed]int64
	leaders   map[wire.TabletID]wire.ConsensusState // as the masters know them
	applied   int64                                 // index of the last entry that was learned from
}

// order is a request to change the configuration of an index.
type order struct {
	at  sim.Time
	cas int64
}

// ear is a leader's for one of its peers.
type ear struct {
	seat
	peer sim.NodeID
}

// asked is a leader's request to a peer. There is one at a time, so that the answer to another was
// meant for an earlier leadership.
type asked struct {
	call    uint64
	entries int64
}

// unread is how long an answer may lie at a program that is slow.
const unread = time.Second

func watchManagement(j *Judges) {
	m := &management{j: j, looked: j.counter(ReplicaManagement), heard: map[ear]sim.Time{},
		told: map[seat]order{}, asked: map[ear]asked{}, reach: map[ear]int64{},
		committed: map[raft.Observed]int64{}, leaders: map[wire.TabletID]wire.ConsensusState{}}
	w := j.c.World
	sim.Delivered.Subscribe(w, m.delivered)
	sim.Sent.Subscribe(w, m.sent)
	raft.Elected.Subscribe(w, func(e raft.ReplicaEvent) {
		for _, id := range e.Replica.Active().Servers() {
			at := ear{seat{e.Replica.Node().ID(), e.Replica.Tablet()}, id.Node()}
			delete(m.heard, at)
			delete(m.reach, at)
		}
	})
	master.ReplicasDecided.Subscribe(w, m.decided)
	raft.EntryCommitted.Subscribe(w, func(e raft.EntryEvent) {
		m.committed[e.Replica] = e.Entry.Index
	})
	raft.EvictionDecided.Subscribe(w, m.evicts)
	raft.EntryAppended.Subscribe(w, m.appended)
	master.Applied.Subscribe(w, m.learned)
}

// learned looks at what a master has written of a tablet's leader: one that leads in the term that
// the row speaks of is not forgotten.
func (m *management) learned(e master.AppliedEvent) {
	if e.Op.Index <= m.applied {
		return
	}
	m.applied = e.Op.Index
	for _, row := range e.Batch.Tablets {
		*m.looked++
		c := row.Consensus
		before, known := m.leaders[row.ID]
		m.leaders[row.ID] = c
		if !known || before.Term != c.Term || before.Leader == wire.NoServer ||
			c.Leader != wire.NoServer {
			continue
		}
		ts := m.j.c.TServerOn(before.Leader.Node())
		r := ts.Replica(row.ID)
		if ts.ID() == before.Leader && r != nil && r.Role() == raft.Leader && r.Term() == c.Term {
			m.j.report(Violation{Oracle: ReplicaManagement, Object: "tablet",
				Reason: "leader-forgotten", Detail: fmt.Sprintf(
					"%s, entry %v, knows no more that %s leads %v in term %d",
					e.Master.Node().Name(), e.Op, ts.Node().Name(), row.ID, c.Term)})
		}
	}
}

func (m *management) delivered(e *sim.Envelope) {
	now := m.j.c.World.Now()
	switch msg := e.Msg.(type) {
	case *wire.UpdateConsensusResponse:
		at := ear{seat{e.To, msg.Tablet}, e.From}
		if msg.Code != wire.WrongServerUUID && e.Awaited() && m.asked[at].call == e.CallID() {
			m.heard[at] = now
		}
		if msg.Code == wire.OK {
			m.reach[at] = msg.LastReceived.Index + m.asked[at].entries
		}
	case *wire.ChangeConfigRequest:
		m.told[seat{e.To, msg.Tablet}] = order{now, msg.CAS}
	}
}

// sent looks at what a leader tells the masters of its peers. Clocks may be 30 % wrong.
func (m *management) sent(e *sim.Envelope) {
	if req, ok := e.Msg.(*wire.UpdateConsensusRequest); ok {
		m.asked[ear{seat{e.From, req.Tablet}, e.To}] = asked{e.CallID(), int64(len(req.Entries))}
	}
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

// appended looks at a configuration that a leader begins: if it was told to, it is the one that was
// meant that it changes.
func (m *management) appended(e raft.AppendedEvent) {
	r := e.Replica
	if e.Entry.Type != wire.ChangeConfig || r.Role() != raft.Leader {
		return
	}
	at, now := seat{r.Node().ID(), r.Tablet()}, m.j.c.World.Now()
	if o, was := m.told[at]; was && o.at == now {
		if o.cas != wire.NoCAS && o.cas != r.Config().Index {
			m.j.report(Violation{Oracle: ReplicaManagement, Object: objectOf(r.Tablet()),
				Reason: "another-configuration", Detail: fmt.Sprintf(
					"%s was told to change configuration %d of %v, and changes %v", name(r), o.cas,
					r.Tablet(), r.Config())})
		}
		return
	}
	if _, own := r.(*raft.Replica); own { // another core's answers are not read here
		m.promotes(r, raft.ConfigOf(e.Entry))
	}
}

// promotes looks at a leader that makes a voter of a non-voter: that lacked no more than one
// request of what is committed.
func (m *management) promotes(r raft.Observed, next wire.RaftConfig) {
	for _, member := range next.Members {
		before, was := r.Config().Find(member.ID)
		if !was || !before.NonVoter || member.NonVoter {
			continue
		}
		at := ear{seat{r.Node().ID(), r.Tablet()}, member.ID.Node()}
		if m.reach[at] < m.committed[r] || m.reach[at] == 0 {
			m.j.report(Violation{Oracle: ReplicaManagement, Object: objectOf(r.Tablet()),
				Reason: "promoted-too-early", Detail: fmt.Sprintf(
					"%s makes a voter of %s, which lacks more than one request of %d entries of %v",
					name(r), m.name(member.ID.Node()), m.committed[r], r.Tablet())})
		}
	}
}

// evicts looks at a leader that drops a member by itself, under 3-2-3: most of the voters that it
// leaves must have answered well the last time, and more than one must be left.
func (m *management) evicts(e raft.EvictionEvent) {
	*m.looked++
	voters, well := 0, 0
	for i, member := range e.State.Config.Members {
		if member.NonVoter || member.ID == e.Victim {
			continue
		}
		voters++
		if e.Viable[i] || member.ID == e.State.Leader {
			well++
		}
	}
	if voters < 2 || well < raft.Majority(voters) {
		m.j.report(Violation{Oracle: ReplicaManagement, Object: objectOf(e.Replica.Tablet()),
			Reason: "decided-without-majority", Detail: fmt.Sprint(e)})
	}
}

// decided looks at what a master wants of a tablet's configuration: never without the leader, only
// what the voters that are well can commit, and not one more server for what failed on another that
// is kept. Under 3-2-3 the leader looks to that.
func (m *management) decided(e master.DecisionEvent) {
	*m.looked++
	c, d := e.State.Config, e.Decision
	bad := ""
	switch {
	case d.Action == replicas.Evict && d.Server == e.State.Leader:
		bad = "leader-evicted"
	case d.Action == replicas.AddNonVoter && keepsFailed(e.State):
		bad = "failed-kept"
	case d.Action == replicas.AddNonVoter && !mostWell(e.State, wire.NoServer),
		d.Action == replicas.Evict && !mostWell(e.State, d.Server):
		bad = "decided-without-majority"
	}
	if bad != "" {
		m.j.report(Violation{Oracle: ReplicaManagement, Object: "tablet", Reason: bad,
			Detail: fmt.Sprintf("%s wants %v of %v, which is %v, led by %s, and reported %v",
				e.Master.Node().Name(), d, e.Tablet, c, m.name(e.State.Leader.Node()),
				e.State.Health)})
	}
}

// keepsFailed reports whether there is a non-voter that failed, though its eviction could be
// committed: as long as it is there, its server is of no use.
func keepsFailed(s replicas.State) bool {
	leads, failed := false, false
	for i, member := range s.Config.Members {
		leads = leads || member.ID == s.Leader && s.Health[i] == wire.Healthy
		failed = failed || member.NonVoter &&
			(s.Health[i] == wire.Failed || s.Health[i] == wire.FailedUnrecoverable)
	}
	return leads && failed && mostWell(s, wire.NoServer)
}

// mostWell reports whether most of the voters but that one are said to be well.
func mostWell(s replicas.State, but wire.ServerID) bool {
	voters, well := 0, 0
	for i, member := range s.Config.Members {
		if member.NonVoter || member.ID == but {
			continue
		}
		voters++
		if s.Health[i] == wire.Healthy {
			well++
		}
	}
	return well >= raft.Majority(voters)
}

func (m *management) name(id sim.NodeID) string { return m.j.c.World.Node(id).Name() }
