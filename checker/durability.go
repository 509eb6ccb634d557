package checker

import (
	"fmt"
	"slices"

	"tabletop/model/raft"
	"tabletop/model/tserver"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// durability holds every message to "durable before visible". It does not believe what replicas
// say of their disks: it reads the bytes that a loss of power would leave.
type durability struct {
	j       *Judges
	looked  *int
	disks   map[sim.NodeID][]*durableView
	exempt  map[wire.RequestID]bool // requests without an effect, in profiles that do not log them
	highest int64                   // index of the last committed entry of the master tablet
}

func watchDurability(j *Judges) *durability {
	d := &durability{j: j, looked: j.counter(DurableBeforeVisible),
		disks: map[sim.NodeID][]*durableView{}, exempt: map[wire.RequestID]bool{}}
	if !j.c.Variants.SyncsAlways() {
		j.silent[DurableBeforeVisible] = "nothing is synced before it is visible, by choice"
		return d
	}
	raft.Booted.Subscribe(j.c.World, d.booted)
	raft.Flushed.Subscribe(j.c.World, func(e raft.StateEvent) {
		d.view(e.Replica.Node().ID(), e.Replica.Tablet()).readFlushed()
	})
	sim.Synced.Subscribe(j.c.World, d.synced)
	sim.DiskDamaged.Subscribe(j.c.World, func(e sim.SyncEvent) {
		for _, v := range d.disks[e.Node.ID()] {
			v.damaged(e.File)
		}
	})
	sim.Sent.Subscribe(j.c.World, d.sent)
	tserver.TabletTombstoned.Subscribe(j.c.World, func(e tserver.TombstoneEvent) {
		d.tombstoned(e.TServer.Node().ID(), e.Tablet)
	})
	tserver.TabletDeleted.Subscribe(j.c.World, func(e tserver.TabletEvent) {
		if v := d.view(e.TServer.Node().ID(), e.Tablet); v != nil {
			v.deleted = true
		}
	})
	tserver.TabletFailed.Subscribe(j.c.World, d.failed)
	tserver.CopyEnded.Subscribe(j.c.World, func(e tserver.CopyEvent) {
		d.tombstoned(e.TServer.Node().ID(), e.Tablet)
	})
	return d
}

// booted looks at the disk anew: the last loss of power may have left more than was sure.
func (d *durability) booted(e raft.ReplicaEvent) {
	id := e.Replica.Node().ID()
	v := viewOf(e.Replica)
	if old := d.view(id, e.Replica.Tablet()); old != nil && old.forgottenBy(e.Replica,
		d.j.fate.damaged[id]) {
		d.broken(e.Replica.Tablet(), "forgotten", "%s comes back with the log of %v up to entry "+
			"%d, and its disk held %d", id, e.Replica.Tablet(), e.Replica.LastLogged().Index,
			old.last())
	}
	d.disks[id] = append(slices.DeleteFunc(d.disks[id], func(old *durableView) bool {
		return old.replica.Dir() == v.replica.Dir()
	}), v)
}

// tombstoned expects no entries of a replica that was given up, nor of one that was only just
// copied: it has promised nothing yet.
func (d *durability) tombstoned(n sim.NodeID, tablet wire.TabletID) {
	if v := d.view(n, tablet); v != nil {
		v.forget()
		v.buried = true
	}
}

// failed looks at a replica that cannot be opened: its disk must have been damaged. What was copied
// there was judged at its source.
func (d *durability) failed(e tserver.FailureEvent) {
	*d.looked++
	if n := e.TServer.Node().ID(); !d.j.fate.damaged[n] {
		d.broken(e.Tablet, "lost-by-sound-disk", "%s cannot open its replica of %v: %s", n,
			e.Tablet, e.Reason)
	}
}

func (d *durability) view(n sim.NodeID, tablet wire.TabletID) *durableView {
	for _, v := range d.disks[n] {
		if v.replica.Tablet() == tablet {
			return v
		}
	}
	return nil
}

// synced brings the views of a node up to date.
func (d *durability) synced(e sim.SyncEvent) {
	for _, v := range d.disks[e.Node.ID()] {
		if v.deleted {
			continue
		}
		v.synced(e.File)
		if v.broke != "" && !d.j.fate.damaged[e.Node.ID()] {
			d.broken(v.replica.Tablet(), "promise-forgotten", "%s has of %v %s", e.Node.ID(),
				v.replica.Tablet(), v.broke)
		}
		v.broke = ""
	}
}

// sent looks at a message that leaves a node, and at what it promises.
func (d *durability) sent(e *sim.Envelope) {
	if d.j.fate.damaged[e.From] { // what it promised may be lost, and is not judged
		return
	}
	msg := e.Msg
	if foreign, ok := msg.(raft.Foreign); ok {
		msg = foreign.Promise()
	}
	switch m := msg.(type) {
	case *wire.VoteResponse:
		if m.Granted && !m.PreElection {
			d.vote(e.From, m.Tablet, m.Candidate, m.VoteTerm, "vote")
		}
	case *wire.VoteRequest:
		if !m.PreElection {
			d.vote(e.From, m.Tablet, m.Candidate, m.Term, "candidacy")
		}
	case *wire.UpdateConsensusResponse:
		if m.Code == wire.OK {
			d.acknowledgement(e.From, m)
		}
	case *wire.AlterTableRequest:
		if len(m.Steps) == 0 && m.NewName == "" {
			d.exempt[m.Request] = true
		}
	case *wire.DDLResponse:
		if d.restsOnEntry(m) {
			d.answer(e.From, m)
		}
	}
}

// restsOnEntry reports whether an answer promises that there is an entry. Where answers are kept,
// every one that says something of the catalog does: what is refused must not take effect later.
func (d *durability) restsOnEntry(m *wire.DDLResponse) bool {
	if d.j.c.Variants.Asking(nil).On(variant.ExactlyOnceDDL) {
		return m.Status.Code.Class() != wire.Environment
	}
	return m.Status.OK() && !d.exempt[m.Request]
}

func (d *durability) vote(from sim.NodeID, tablet wire.TabletID, candidate wire.ServerID,
	term int64, what string) {
	*d.looked++
	v := d.view(from, tablet)
	if v != nil && v.votedFor(candidate, term) {
		return
	}
	d.broken(tablet, what+"-not-synced", "%s sends a %s for %s in term %d of %v; its disk has %v",
		from, what, d.name(candidate.Node()), term, tablet, metaOf(v))
}

// acknowledgement checks that the entries are durable, and so is the term: a follower that forgets
// it would take entries, or vote, in an older one.
func (d *durability) acknowledgement(from sim.NodeID, m *wire.UpdateConsensusResponse) {
	*d.looked++
	v := d.view(from, m.Tablet)
	if v != nil && v.has(m.LastReceived) && v.meta.Term >= m.Term {
		return
	}
	d.broken(m.Tablet, "acknowledgement-not-synced",
		"%s acknowledges entry %v of %v in term %d; its disk does not hold both, it has %v", from,
		m.LastReceived, m.Tablet, m.Term, metaOf(v))
}

// answer checks that the entry with a request's effect is committed, and so was found on a majority
// of the masters' disks.
func (d *durability) answer(from sim.NodeID, m *wire.DDLResponse) {
	*d.looked++
	op, ok := d.j.effects.entryOf(m.Request)
	if ok && op.Index <= d.highest {
		return
	}
	d.broken(wire.SysCatalog, "answer-not-committed",
		"%s answers request %v before a majority of the masters hold its entry", from, m.Request)
}

// committed checks that an entry which a replica holds for committed is durable on a majority of
// the voters, by the configuration that counts there.
func (d *durability) committed(r raft.Observed, op wire.OpID) {
	if d.j.silent[DurableBeforeVisible] != "" {
		return
	}
	*d.looked++
	if r.Tablet() == wire.SysCatalog {
		d.highest = max(d.highest, op.Index)
	}
	if d.onMajority(r.Tablet(), r.Active().Voters(), op) {
		return
	}
	d.broken(r.Tablet(), "commit-not-durable",
		"%s commits entry %v of %v, which a majority of the disks do not hold", r.Node().ID(), op,
		r.Tablet())
}

func (d *durability) onMajority(tablet wire.TabletID, voters []wire.ServerID, op wire.OpID) bool {
	have := 0
	for _, id := range voters {
		v := d.view(id.Node(), tablet)
		if d.j.fate.damaged[id.Node()] || v != nil && (v.buried || v.has(op)) {
			have++ // it had it when it said so
		}
	}
	return have >= raft.Majority(len(voters))
}

func (d *durability) broken(tablet wire.TabletID, reason, format string, from sim.NodeID,
	args ...any) {
	object := "tablet"
	if tablet == wire.SysCatalog {
		object = "master-tablet"
	}
	d.j.report(Violation{Oracle: DurableBeforeVisible, Object: object, Reason: reason,
		Detail: fmt.Sprintf(format, append([]any{d.name(from)}, args...)...)})
}

func (d *durability) name(id sim.NodeID) string { return d.j.c.World.Node(id).Name() }

func metaOf(v *durableView) string {
	if v == nil {
		return "no replica"
	}
	return fmt.Sprintf("term %d", v.meta.Term)
}
