package checker

import (
	"fmt"

	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// raftJudge holds every replicated log to Raft's safety properties (Raft dissertation, figure
// 3.2), from what replicas announce and hold.
type raftJudge struct {
	j    *Judges
	logs map[wire.TabletID]*tabletLog
	last map[raft.Observed]int64 // index of the last entry applied since it was opened

	elections, appends, commits, applies *int
}

// tabletLog is what is known of one tablet's log.
type tabletLog struct {
	object  string
	leaders map[int64]wire.ServerID // by term
	entries map[wire.OpID]entryID
	states  map[int64]uint64 // sums of those that some replica has flushed, by index
	// committed is the agreed log: what some replica held for committed, by index from 1.
	committed []commitment
	highest   raft.Observed // the leader of the highest term so far
	term      int64
}

// commitment is a committed entry, and the term in which it was.
type commitment struct {
	entryID
	term int64
}

// entryID identifies an entry, its contents and its predecessor.
type entryID struct {
	op, previous wire.OpID
	contents     uint64
}

func watchRaft(j *Judges) *raftJudge {
	r := &raftJudge{j: j, logs: map[wire.TabletID]*tabletLog{}, last: map[raft.Observed]int64{},
		elections: j.counter(ElectionSafety), appends: j.counter(LogMatching),
		commits: j.counter(LeaderCompleteness), applies: j.counter(StateMachineSafety)}
	raft.Candidate.Subscribe(j.c.World, r.stands)
	raft.Elected.Subscribe(j.c.World, r.elected)
	raft.EntryAppended.Subscribe(j.c.World, r.appended)
	raft.EntryCommitted.Subscribe(j.c.World, r.committed)
	raft.EntryApplied.Subscribe(j.c.World, r.applied)
	sim.Sent.Subscribe(j.c.World, r.sent)
	raft.Flushed.Subscribe(j.c.World, func(e raft.StateEvent) { r.state(e, "flushes") })
	raft.Restored.Subscribe(j.c.World, func(e raft.StateEvent) {
		r.last[e.Replica] = e.Op.Index
		r.state(e, "restores")
	})
	return r
}

// broken reports a violation, unless nobody needs the tablet any more.
func (r *raftJudge) broken(by raft.Observed, v Violation) {
	if !r.j.fate.deleted[by.Tablet()] {
		r.j.report(v)
	}
}

func (r *raftJudge) log(id wire.TabletID) *tabletLog {
	l := r.logs[id]
	if l == nil {
		l = &tabletLog{object: objectOf(id), leaders: map[int64]wire.ServerID{},
			entries: map[wire.OpID]entryID{}, states: map[int64]uint64{}}
		r.logs[id] = l
	}
	return l
}

// stands checks that who begins a term does not go on leading: that term is not its own.
func (r *raftJudge) stands(e raft.ReplicaEvent) {
	*r.elections++
	if e.Replica.Role() == raft.Leader {
		r.broken(e.Replica, Violation{Oracle: ElectionSafety, Object: objectOf(e.Replica.Tablet()),
			Reason: "leader-stands", Detail: fmt.Sprintf("%s stands for term %d of %v as a leader",
				name(e.Replica), e.Term, e.Replica.Tablet())})
	}
}

// elected checks that the term has one leader and that it has everything committed so far. With
// equal logs up to equal entries, looking at the last committed one is enough; if the log has let
// it go, what the replica has flushed is judged instead.
func (r *raftJudge) elected(e raft.ReplicaEvent) {
	*r.elections++
	l := r.log(e.Replica.Tablet())
	self := e.Replica.Node()
	id := e.Replica.ID()
	if other, led := l.leaders[e.Term]; led && other != id {
		r.broken(e.Replica, Violation{Oracle: ElectionSafety, Object: l.object,
			Reason: "two-leaders",
			Detail: fmt.Sprintf("%s leads term %d of %v, which %s led already", self.Name(), e.Term,
				e.Replica.Tablet(), self.World().Node(other.Node()).Name())})
	}
	l.leaders[e.Term] = id
	if e.Term > l.term {
		l.term, l.highest = e.Term, e.Replica
	}
	r.complete(l, e.Replica, e.Term)
}

// complete checks that a leader holds the last entry that was committed in an earlier term. A
// candidate may learn late that it has won; what later leaders committed meanwhile it need not
// have.
func (r *raftJudge) complete(l *tabletLog, leader raft.Observed, term int64) {
	*r.commits++
	n := len(l.committed)
	for n > 0 && l.committed[n-1].term >= term {
		n--
	}
	if n == 0 || int64(n) < leader.LogStart().Index ||
		leader.OpAt(int64(n)) == l.committed[n-1].op {
		return
	}
	r.broken(leader, Violation{Oracle: LeaderCompleteness, Object: l.object,
		Reason: "entry-missing",
		Detail: fmt.Sprintf("%s leads term %d of %v without committed entry %v; it has %v there",
			leader.Node().Name(), term, leader.Tablet(), l.committed[n-1].op,
			leader.OpAt(int64(n)))})
}

// sent checks that who accepts what a leader sends says so in that leader's term: in a later one it
// may have voted for another, who does not know of it.
func (r *raftJudge) sent(e *sim.Envelope) {
	m, ok := e.Msg.(*wire.UpdateConsensusResponse)
	if !ok || m.Code != wire.OK || r.j.fate.deleted[m.Tablet] {
		return
	}
	*r.commits++
	l := r.log(m.Tablet)
	if id, led := l.leaders[m.Term]; led && id.Node() == e.To {
		return
	}
	r.j.report(Violation{Oracle: LeaderCompleteness, Object: l.object,
		Reason: "accepted-in-another-term", Detail: fmt.Sprintf(
			"%s accepts what %s sends of %v in term %d, which that has not won",
			r.j.c.World.Node(e.From).Name(), r.j.c.World.Node(e.To).Name(), m.Tablet, m.Term)})
}

// appended checks the induction step of log matching: an entry that stands in two logs has the
// same contents and the same predecessor in both.
func (r *raftJudge) appended(e raft.AppendedEvent) {
	*r.appends++
	l := r.log(e.Replica.Tablet())
	id := identify(e.Replica, e.Entry)
	if e.Replica.Role() == raft.Leader && l.leaders[e.Entry.Term] != e.Replica.ID() {
		r.broken(e.Replica, Violation{Oracle: ElectionSafety, Object: l.object,
			Reason: "not-elected",
			Detail: fmt.Sprintf("%s leads term %d of %v without having won it", name(e.Replica),
				e.Entry.Term, e.Replica.Tablet())})
	}
	if known, ok := l.entries[id.op]; ok && known != id {
		r.broken(e.Replica, Violation{Oracle: LogMatching, Object: l.object,
			Reason: "different-entries",
			Detail: fmt.Sprintf("%s appends %v after %v, another replica after %v", name(e.Replica),
				id.op, id.previous, known.previous)})
	}
	l.entries[id.op] = id
}

func identify(r raft.Observed, e wire.Entry) entryID {
	var d sim.Digest
	e.Fold(&d)
	return entryID{op: e.OpID, previous: r.OpAt(e.Index - 1), contents: d.Sum()}
}

func name(r raft.Observed) string { return r.Node().Name() }

// committed extends the agreed log by what a replica holds for committed, or compares.
func (r *raftJudge) committed(e raft.EntryEvent) {
	l := r.log(e.Replica.Tablet())
	index := e.Entry.Index
	if index <= int64(len(l.committed)) {
		r.agree(l, e.Replica, e.Entry.OpID)
		return
	}
	for i := int64(len(l.committed)) + 1; i <= index; i++ {
		l.committed = append(l.committed,
			commitment{l.entries[e.Replica.OpAt(i)], e.Replica.Term()})
	}
	r.j.durability.committed(e.Replica, e.Entry.OpID)
	if l.highest != nil && l.highest.Role() == raft.Leader {
		r.complete(l, l.highest, l.term)
	}
}

func (r *raftJudge) agree(l *tabletLog, replica raft.Observed, op wire.OpID) bool {
	*r.applies++
	if agreed := l.committed[op.Index-1].op; agreed != op {
		r.broken(replica, Violation{Oracle: StateMachineSafety, Object: l.object,
			Reason: "logs-diverge", Detail: fmt.Sprintf("%s commits %v of %v where %v is committed",
				name(replica), op, replica.Tablet(), agreed)})
		return false
	}
	return true
}

// state checks that replicas which have applied the same entries are in the same state: what one
// flushes or restores equals what every other has come to there, also by replaying.
func (r *raftJudge) state(e raft.StateEvent, does string) {
	l := r.log(e.Replica.Tablet())
	if e.Op.Index > int64(len(l.committed)) || !r.agree(l, e.Replica, e.Op) {
		return
	}
	if known, ok := l.states[e.Op.Index]; ok && known != e.Sum {
		r.broken(e.Replica, Violation{Oracle: StateMachineSafety, Object: l.object,
			Reason: "state-differs",
			Detail: fmt.Sprintf("%s %s another state of %v after %v than a replica has flushed",
				name(e.Replica), does, e.Replica.Tablet(), e.Op)})
	}
	l.states[e.Op.Index] = e.Sum
}

// applied checks that every replica applies the agreed log, from its beginning, or from what it has
// flushed, and without gaps.
func (r *raftJudge) applied(e raft.EntryEvent) {
	l := r.log(e.Replica.Tablet())
	if before := r.last[e.Replica]; e.Entry.Index != before+1 {
		r.broken(e.Replica, Violation{Oracle: StateMachineSafety, Object: l.object,
			Reason: "out-of-order",
			Detail: fmt.Sprintf("%s applies %v of %v after entry %d", name(e.Replica), e.Entry.OpID,
				e.Replica.Tablet(), before)})
	}
	r.last[e.Replica] = e.Entry.Index
	if e.Entry.Index > int64(len(l.committed)) {
		*r.applies++
		r.broken(e.Replica, Violation{Oracle: StateMachineSafety, Object: l.object,
			Reason: "applied-before-committed",
			Detail: fmt.Sprintf("%s applies %v of %v", name(e.Replica), e.Entry.OpID,
				e.Replica.Tablet())})
		return
	}
	if !r.agree(l, e.Replica, e.Entry.OpID) {
		return
	}
	if _, flushed := l.states[e.Entry.Index]; flushed {
		r.state(raft.StateEvent{Replica: e.Replica, Op: e.Entry.OpID, Sum: e.Replica.StateSum()},
			"comes to")
	}
	agreed := l.committed[e.Entry.Index-1]
	if agreed.contents != identify(e.Replica, e.Entry).contents {
		r.broken(e.Replica, Violation{Oracle: StateMachineSafety, Object: l.object,
			Reason: "contents-differ", Detail: fmt.Sprintf("%s applies %v of %v", name(e.Replica),
				e.Entry.OpID, e.Replica.Tablet())})
	}
}

// isCommitted reports whether some replica holds the entry at an index of a tablet for committed.
func (r *raftJudge) isCommitted(tablet wire.TabletID, index int64) bool {
	return index <= int64(len(r.log(tablet).committed))
}
