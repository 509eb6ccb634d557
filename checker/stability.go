package checker

import (
	"fmt"
	"time"

	"tabletop/model/raft"
	"tabletop/model/tserver"
	"tabletop/model/wire"
	"tabletop/sim"
)

// stability judges that a leader who does its work goes on leading: who hears a leader votes for
// nobody else, who has given its vote away waits for what comes of it, and nobody begins a term
// while a majority hears a leader. Elections that somebody demanded are exempt.
type stability struct {
	j      *Judges
	looked *int
	heard  map[seat]hearing
	voted  map[seat]vote
	asked  map[seat]ask // the last election of a replica
	stood  map[seat]candidacy
	synced map[sim.NodeID]sim.Time // when something last reached a disk
	terms  map[wire.TabletID]*termsOf
	waited map[wire.TabletID]wait
}

// wait is how long a candidate would wait before it stands again.
type wait struct {
	node sim.NodeID
	d    time.Duration
}

// seat is where a replica of a tablet is.
type seat struct {
	node   sim.NodeID
	tablet wire.TabletID
}

// hearing is how long a replica has been hearing the leader of a term, without a gap.
type hearing struct {
	term        int64
	since, last sim.Time
}

// termsOf is what was seen of a tablet's elections.
type termsOf struct {
	leader      raft.Observed // of the highest term that somebody led
	incarnation int           // of its node, then
	term        int64         // the highest that somebody stood for
	demanded    map[ballot]bool
	vain        int      // terms in a row that nobody has led
	begun       sim.Time // when somebody first stood for the highest one
	first       sim.NodeID
	split       bool  // another stood for it at the same time
	led         int64 // the highest that somebody won
	inStep      int   // terms in a row in which two stood at the same time, and nobody won
}

// ballot is an election.
type ballot struct {
	term      int64
	candidate wire.ServerID
}

// vote is when a replica last gave its vote away, and how often its program had been slow then.
type vote struct {
	at     sim.Time
	slowed int
}

// candidacy is when a replica began to stand for election, whom it asks, and whether it waited
// until something was on disk: a vote, perhaps, that had not been given when the candidacy was due.
type candidacy struct {
	at     sim.Time
	waited bool
	voters []wire.ServerID
}

// ask is when a replica began to ask for votes.
type ask struct {
	term int64
	pre  bool
	at   sim.Time
}

// A leader is heard of every 500 ms, 25 % around that, and votes are withheld for 1.5 s; clocks may
// be 30 % wrong. An election lasts 20 s at most, and what it was given may be as old.
const (
	heardLately  = time.Second
	heardForLong = 30 * time.Second
	// vainTerms in a row without a leader are too many where a pre-election goes before each: in
	// 4,000 storms under ideal there were 3 in a row 12 times, 4 once, and never more.
	vainTerms = 7
	// stepTerms in a row in which two stood within sameTime are too many where they wait for random
	// times: in 6,000 storms under ideal there were 2 in a row 22 times, in some 30,000 4 once.
	stepTerms = 5
	sameTime  = 150 * time.Millisecond
)

func watchStability(j *Judges) {
	s := &stability{j: j, looked: j.counter(LeaderStability), heard: map[seat]hearing{},
		voted: map[seat]vote{}, asked: map[seat]ask{}, stood: map[seat]candidacy{},
		synced: map[sim.NodeID]sim.Time{},
		terms:  map[wire.TabletID]*termsOf{}, waited: map[wire.TabletID]wait{}}
	w := j.c.World
	sim.Sent.Subscribe(w, s.sent)
	forget := func(at seat) { // a replica that is opened remembers nothing
		delete(s.heard, at)
		delete(s.voted, at)
		delete(s.asked, at)
	}
	raft.Booted.Subscribe(w, func(e raft.ReplicaEvent) {
		forget(seat{e.Replica.Node().ID(), e.Replica.Tablet()})
	})
	tserver.TabletTombstoned.Subscribe(w, func(e tserver.TombstoneEvent) {
		forget(seat{e.TServer.Node().ID(), e.Tablet})
	})
	sim.Synced.Subscribe(w, func(e sim.SyncEvent) { s.synced[e.Node.ID()] = w.Now() })
	raft.Candidate.Subscribe(w, func(e raft.ReplicaEvent) {
		at := seat{e.Replica.Node().ID(), e.Replica.Tablet()}
		stood := s.begun(at.node)
		stood.voters = e.Replica.Active().Voters()
		s.stood[at] = stood
		s.waits(e.Replica)
	})
	raft.Elected.Subscribe(w, func(e raft.ReplicaEvent) {
		t := s.of(e.Replica.Tablet())
		t.vain, t.led = 0, max(t.led, e.Term)
		if t.leader == nil || e.Term >= t.leader.Term() {
			t.leader, t.incarnation = e.Replica, e.Replica.Node().Incarnation()
		}
	})
}

func (s *stability) of(id wire.TabletID) *termsOf {
	t := s.terms[id]
	if t == nil {
		t = &termsOf{demanded: map[ballot]bool{}}
		s.terms[id] = t
	}
	return t
}

func (s *stability) sent(e *sim.Envelope) {
	switch m := e.Msg.(type) {
	case *wire.UpdateConsensusResponse:
		if m.Code == wire.OK || m.Code == wire.PrecedingEntryDidntMatch {
			s.hears(seat{e.From, m.Tablet}, m.Term)
		}
	case *wire.VoteRequest:
		if m.IgnoreLiveLeader {
			s.of(m.Tablet).demanded[ballot{m.Term, m.Candidate}] = true
			return
		}
		s.asks(seat{e.From, m.Tablet}, m)
		if !m.PreElection {
			s.stands(seat{e.From, m.Tablet}, m)
		}
	case *wire.VoteResponse:
		if m.Granted {
			s.votes(seat{e.From, m.Tablet}, m)
		}
	}
}

func (s *stability) hears(at seat, term int64) {
	now := s.j.c.World.Now()
	h, known := s.heard[at]
	if !known || h.term != term || now.Sub(h.last) >= heardLately {
		h = hearing{term: term, since: now}
	}
	h.last = now
	s.heard[at] = h
}

func (s *stability) begun(node sim.NodeID) candidacy {
	now := s.j.c.World.Now()
	return candidacy{at: now, waited: s.synced[node] == now}
}

// waits looks at how long a candidate gives itself: not just as long as another before it, or they
// would stand at the same time for ever. Another core's patience is not known here.
func (s *stability) waits(o raft.Observed) {
	r, own := o.(*raft.Replica)
	if !own {
		return
	}
	*s.looked++
	now, last := wait{r.Node().ID(), r.Patience()}, s.waited[r.Tablet()]
	s.waited[r.Tablet()] = now
	if last.d == now.d && last.node != now.node {
		s.report(r.Tablet(), "waits-in-step", fmt.Sprintf("%s, like %s before, would wait for %v "+
			"before it stands for %v again", name(r), s.name(last.node), now.d, r.Tablet()))
	}
}

// asks looks at the beginning of a candidacy, of which this is a request, perhaps not the first.
func (s *stability) asks(at seat, m *wire.VoteRequest) {
	c := s.begun(at.node)
	if !m.PreElection {
		c = s.stood[at] // its own vote had to be written
	}
	now := c.at
	last, before := s.asked[at]
	again := before && now.Sub(last.at) < heardLately
	if again && last.term == m.Term && last.pre == m.PreElection {
		return
	}
	s.asked[at] = ask{m.Term, m.PreElection, s.j.c.World.Now()}
	if before && last.pre && !m.PreElection {
		return // what it asked for was granted
	}
	*s.looked++
	if again {
		s.report(at.tablet, "stands-at-once", fmt.Sprintf(
			"%s asks for votes in term %d of %v %v after it did in term %d", s.name(at.node),
			m.Term, m.Tablet, now.Sub(last.at), last.term))
	}
	voted, did := s.voted[at]
	slow := s.j.c.World.Node(at.node).Slowed() > voted.slowed
	if ago := now.Sub(voted.at); did && !slow && !c.waited && ago < heardLately {
		s.report(at.tablet, "stands-after-vote", fmt.Sprintf(
			"%s asks for votes in term %d of %v, and voted %v ago", s.name(at.node), m.Term,
			m.Tablet, ago))
	}
}

// stands looks at the first request of an election proper.
func (s *stability) stands(at seat, m *wire.VoteRequest) {
	t, now := s.of(m.Tablet), s.stood[at].at
	if m.Term == t.term && t.first != at.node && now.Sub(t.begun) < sameTime {
		t.split = true
	}
	if m.Term <= t.term {
		return
	}
	if t.inStep++; !t.split || t.led == t.term {
		t.inStep = 0
	}
	t.term, t.begun, t.first, t.split = m.Term, now, at.node, false
	t.vain++
	if !s.j.c.Variants.PreElection {
		return
	}
	if t.vain >= vainTerms {
		s.report(m.Tablet, "terms-in-vain", fmt.Sprintf(
			"%s begins term %d of %v, the %dth in a row that nobody has led", s.name(at.node),
			m.Term, m.Tablet, t.vain))
	}
	if t.inStep >= stepTerms {
		s.report(m.Tablet, "in-step", fmt.Sprintf(
			"%s begins term %d of %v after %d in which others stood at the same time",
			s.name(at.node), m.Term, m.Tablet, t.inStep))
	}
	// Members that were evicted and not told may be a majority among themselves.
	if s.leads(t) && t.leader.Node().ID() != at.node && s.hear(t.leader, s.stood[at].voters) {
		s.report(m.Tablet, "term-in-vain", fmt.Sprintf(
			"%s begins term %d of %v, though a majority has heard %s for %v", s.name(at.node),
			m.Term, m.Tablet, t.leader.Node().Name(), heardForLong))
	}
}

// leads reports whether a majority has been hearing the leader for long.
func (s *stability) leads(t *termsOf) bool {
	leader := t.leader
	if leader == nil || !leader.Node().Alive() || leader.Role() != raft.Leader ||
		leader.Node().Incarnation() != t.incarnation {
		return false
	}
	return s.hear(leader, leader.Active().Voters())
}

// hear reports whether a majority of some voters has been hearing the leader for long.
func (s *stability) hear(leader raft.Observed, voters []wire.ServerID) bool {
	now, hear := s.j.c.World.Now(), 0
	for _, id := range voters {
		h, known := s.heard[seat{id.Node(), leader.Tablet()}]
		if id == leader.ID() || known && h.term == leader.Term() &&
			now.Sub(h.last) < heardLately && now.Sub(h.since) >= heardForLong {
			hear++
		}
	}
	return hear >= raft.Majority(len(voters))
}

// votes looks at a vote that is given, also before an election.
func (s *stability) votes(at seat, m *wire.VoteResponse) {
	*s.looked++
	now := s.j.c.World.Now()
	if !m.PreElection {
		s.voted[at] = vote{now, s.j.c.World.Node(at.node).Slowed()}
	}
	demanded := s.of(m.Tablet).demanded[ballot{m.VoteTerm, m.Candidate}]
	h, known := s.heard[at]
	if known && now.Sub(h.last) < heardLately && !(demanded && !m.PreElection) {
		s.report(m.Tablet, "vote-against-leader", fmt.Sprintf(
			"%s votes for %s in term %d of %v, %v after it heard the leader of term %d",
			s.name(at.node), s.name(m.Candidate.Node()), m.VoteTerm, m.Tablet, now.Sub(h.last),
			h.term))
	}
}

func (s *stability) name(id sim.NodeID) string { return s.j.c.World.Node(id).Name() }

func (s *stability) report(tablet wire.TabletID, reason, detail string) {
	s.j.report(Violation{Oracle: LeaderStability, Object: objectOf(tablet), Reason: reason,
		Detail: detail})
}
