package checker

import (
	"fmt"
	"slices"

	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/tserver"
	"tabletop/model/wire"
)

// memberships holds leaders and masters to what keeps majorities together: a configuration is
// changed only in a term in which its leader has committed something, and no member gives its
// replica up for a master who thinks of an earlier configuration.
type memberships struct {
	j      *Judges
	looked *int
	// led is the term in which a replica last held an entry of that very term for committed.
	led map[raft.Observed]int64
	// brought is the entry that has brought the latest committed configuration, if one has. Another
	// of the same index, of a leader that lost, brought nothing.
	brought map[wire.TabletID]wire.OpID
	// overtaken are the entries by which replicas that were given up are members, though they were
	// not committed then.
	overtaken map[hosted]wire.OpID
	// gone are the tablets that the catalog says are no more.
	gone map[wire.TabletID]bool
}

func watchMemberships(j *Judges) {
	m := &memberships{j: j, looked: j.counter(Configuration), led: map[raft.Observed]int64{},
		brought: map[wire.TabletID]wire.OpID{}, overtaken: map[hosted]wire.OpID{},
		gone: map[wire.TabletID]bool{}}
	raft.EntryCommitted.Subscribe(j.c.World, func(e raft.EntryEvent) {
		if e.Entry.Term == e.Replica.Term() {
			m.led[e.Replica] = e.Entry.Term
		}
	})
	raft.EntryAppended.Subscribe(j.c.World, m.appended)
	raft.Booted.Subscribe(j.c.World, m.note)
	raft.ConfigCommitted.Subscribe(j.c.World, m.committed)
	tserver.TabletTombstoned.Subscribe(j.c.World, m.tombstoned)
	tserver.TabletDeleted.Subscribe(j.c.World, m.deleted)
	master.Applied.Subscribe(j.c.World, func(e master.AppliedEvent) {
		for _, row := range e.Batch.Tablets {
			m.gone[row.ID] = m.gone[row.ID] || row.Gone()
		}
	})
}

// deleted looks at a replica that is given up for good: the catalog has said before that its tablet
// is no more.
func (m *memberships) deleted(e tserver.TabletEvent) {
	*m.looked++
	if !m.gone[e.Tablet] {
		m.j.report(Violation{Oracle: Configuration, Object: "tablet", Reason: "deleted-in-use",
			Detail: fmt.Sprintf("%s deletes its replica of %v, which the catalog says there is",
				e.TServer.Node().Name(), e.Tablet)})
	}
}

// appended looks at who changes a configuration. etcd's core has a rule of its own.
func (m *memberships) appended(e raft.AppendedEvent) {
	r, own := e.Replica.(*raft.Replica)
	if !own || e.Entry.Type != wire.ChangeConfig || r.Role() != raft.Leader {
		return
	}
	*m.looked++
	m.carried(r, raft.ConfigOf(e.Entry))
	if m.led[r] != r.Term() {
		m.j.report(Violation{Oracle: Configuration, Object: objectOf(r.Tablet()),
			Reason: "before-own-commit", Detail: fmt.Sprintf(
				"%s changes the configuration of %v in term %d, in which it has committed nothing",
				name(r), r.Tablet(), r.Term())})
	}
}

// carried looks at the configuration that a leader begins: most of its voters can have what they
// lack from the log.
func (m *memberships) carried(r *raft.Replica, next wire.RaftConfig) {
	voters := next.Voters()
	var behind []wire.ServerID
	before := m.j.fate.configs[r.Tablet()]
	for _, id := range voters {
		if before.Has(id) && m.behind(r, id) { // who is new gets a copy
			behind = append(behind, id)
		}
	}
	if len(voters)-len(behind) < raft.Majority(len(voters)) {
		m.j.report(Violation{Oracle: Configuration, Object: objectOf(r.Tablet()),
			Reason: "majority-behind", Detail: fmt.Sprintf("%s begins the configuration %v of %v, "+
				"and the log lacks what %v need", name(r), next, r.Tablet(), behind)})
	}
}

// behind reports whether the log of a leader no longer holds what follows that of a voter.
func (m *memberships) behind(r *raft.Replica, voter wire.ServerID) bool {
	if slices.Contains(r.Behind(), voter) {
		return true
	}
	if r.Tablet() == wire.SysCatalog {
		return false
	}
	ts := m.j.c.TServerOn(voter.Node())
	replica, open := ts.Replica(r.Tablet()).(raft.Observed)
	return open && ts.ID() == voter && replica.LastLogged().Index < r.LogStart().Index
}

// tombstoned looks at a replica that was given up on a master's order.
func (m *memberships) tombstoned(e tserver.TombstoneEvent) {
	*m.looked++
	who := hosted{e.Tablet, e.TServer.ID()}
	delete(m.overtaken, who)
	if !e.Master || !e.Active.Has(who.server) {
		return
	}
	latest := m.j.fate.configs[e.Tablet].Index
	switch {
	case e.Active.Index > latest:
		m.overtaken[who] = e.Pending
	case e.Active.Index == latest && (e.Pending == wire.OpID{} || e.Pending == m.brought[e.Tablet]):
		m.givenUp(who, e.Active)
	}
}

// note takes note of the entry that has brought a committed configuration.
func (m *memberships) note(e raft.ReplicaEvent) {
	id := e.Replica.Tablet()
	if op := e.Replica.OpAt(e.Replica.Config().Index); op.Index > m.brought[id].Index {
		m.brought[id] = op
	}
}

// committed looks for those who have given up what they had acknowledged.
func (m *memberships) committed(e raft.ReplicaEvent) {
	m.note(e)
	now := e.Replica.Config()
	for _, member := range now.Members {
		who := hosted{e.Replica.Tablet(), member.ID}
		if held, was := m.overtaken[who]; was && held == e.Replica.OpAt(now.Index) {
			m.givenUp(who, now)
		}
	}
}

func (m *memberships) givenUp(who hosted, config wire.RaftConfig) {
	m.j.report(Violation{Oracle: Configuration, Object: "tablet", Reason: "member-given-up",
		Detail: fmt.Sprintf("%s gives its replica of %v up for a master; it is a member of %v",
			m.j.c.World.Node(who.server.Node()).Name(), who.tablet, config)})
}
