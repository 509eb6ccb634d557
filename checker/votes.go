package checker

import (
	"fmt"

	"tabletop/model/raft"
	"tabletop/model/tserver"
	"tabletop/model/wire"
	"tabletop/sim"
)

// votes judges who votes for whom, tombstones too: once in a term, and for a candidate only whose
// log is at least as good as the voter's, or was when that was given up (Raft dissertation 3.6.1).
type votes struct {
	j      *Judges
	looked *int
	asked  map[uint64]wire.OpID // where the candidate's log ends, by call
	given  map[box]wire.ServerID
	logs   map[hosted]raft.Observed
	ended  map[hosted]wire.OpID // where the logs of tombstones ended
}

// box is where a voter throws its vote of a term.
type box struct {
	hosted
	term int64
}

func watchVotes(j *Judges) {
	v := &votes{j: j, looked: j.counter(ElectionSafety), asked: map[uint64]wire.OpID{},
		given: map[box]wire.ServerID{}, logs: map[hosted]raft.Observed{},
		ended: map[hosted]wire.OpID{}}
	raft.Booted.Subscribe(j.c.World, func(e raft.ReplicaEvent) {
		who := hosted{e.Replica.Tablet(), e.Replica.ID()}
		v.logs[who] = e.Replica
		delete(v.ended, who)
	})
	tserver.TabletTombstoned.Subscribe(j.c.World, func(e tserver.TombstoneEvent) {
		who := hosted{e.Tablet, e.TServer.ID()}
		if r := v.logs[who]; r != nil {
			v.ended[who] = r.LastLogged()
			delete(v.logs, who)
			v.remembers(e, r.LastLogged())
		}
	})
	tserver.TabletDeleted.Subscribe(j.c.World, func(e tserver.TabletEvent) {
		delete(v.logs, hosted{e.Tablet, e.TServer.ID()})
	})
	sim.Delivered.Subscribe(j.c.World, func(e *sim.Envelope) {
		if m, ok := e.Msg.(*wire.VoteRequest); ok {
			v.asked[e.CallID()] = m.LastLogged
		}
	})
	sim.Sent.Subscribe(j.c.World, func(e *sim.Envelope) {
		if m, ok := e.Msg.(*wire.VoteResponse); ok {
			if m.Granted && !j.fate.damaged[e.From] {
				v.votes(hosted{m.Tablet, j.c.ServerOn(e.From)}, m, v.asked[e.CallID()])
			}
			delete(v.asked, e.CallID())
		}
	})
}

// remembers checks that a tombstone knows where its log ended.
func (v *votes) remembers(e tserver.TombstoneEvent, end wire.OpID) {
	*v.looked++
	n := e.TServer.Node()
	if e.LastLogged != end && !v.j.fate.damaged[n.ID()] {
		v.j.report(Violation{Oracle: ElectionSafety, Object: "tablet", Reason: "log-forgotten",
			Detail: fmt.Sprintf("%s gives up its replica of %v, with a log to %v, and remembers %v",
				n.Name(), e.Tablet, end, e.LastLogged)})
	}
}

func (v *votes) votes(who hosted, m *wire.VoteResponse, candidates wire.OpID) {
	*v.looked++
	own, tombstone := v.ended[who]
	if r := v.logs[who]; r != nil {
		own = r.LastLogged()
	} else if !tombstone {
		return
	}
	if candidates.Term < own.Term ||
		candidates.Term == own.Term && candidates.Index < own.Index {
		v.report(who, m, "worse-log", fmt.Sprintf("whose log ends at %v, and its own at %v",
			candidates, own))
	}
	if m.PreElection {
		return
	}
	in := box{who, m.VoteTerm}
	if other, voted := v.given[in]; voted && other != m.Candidate {
		v.report(who, m, "voted-twice", "after it did for "+v.name(other))
	}
	v.given[in] = m.Candidate
}

func (v *votes) report(who hosted, m *wire.VoteResponse, reason, what string) {
	v.j.report(Violation{Oracle: ElectionSafety, Object: objectOf(m.Tablet), Reason: reason,
		Detail: fmt.Sprintf("%s votes for %s in term %d of %v, %s", v.name(who.server),
			v.name(m.Candidate), m.VoteTerm, m.Tablet, what)})
}

func (v *votes) name(id wire.ServerID) string { return v.j.c.World.Node(id.Node()).Name() }
