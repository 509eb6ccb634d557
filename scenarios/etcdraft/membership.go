package etcdraft

import (
	etcd "go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"

	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

var streamTransfer = sim.NewStream("etcdraft/transfer")

// Config implements raft.Consensus. It is the core's configuration too, at every instant.
func (r *Replica) Config() wire.RaftConfig { return r.config }

// Active implements raft.Consensus: to the core a configuration counts when it is applied.
func (r *Replica) Active() wire.RaftConfig { return r.Config() }

// pending reports whether the log holds a configuration that is not applied yet.
func (r *Replica) pending() bool { return r.log.changes(r.core.BasicStatus().Applied) }

// settled reports whether the core takes another configuration: a leader must have applied an entry
// of its own term, and every configuration before. Else it would put a NO_OP in its place.
func (r *Replica) settled() bool {
	applied := r.log.at(int64(r.core.BasicStatus().Applied))
	return applied.Term == r.term && !r.pending()
}

// ChangeConfig implements raft.Consensus.
func (r *Replica) ChangeConfig(p *sim.Proc, cas int64, changes []wire.PeerChange) wire.Code {
	had := r.Config()
	switch {
	case r.role != raft.Leader || r.closed:
		return wire.NotTheLeader
	case r.handingOver():
		return wire.ServiceUnavailable
	case !r.settled():
		return wire.IllegalState
	case cas != wire.NoCAS && cas != had.Index:
		return wire.CASFailed
	}
	next, ok := raft.Changed(had, r.cfg.Self, changes)
	if !ok {
		return wire.InvalidConfig
	}
	var e wire.Encoder
	e.Config(next)
	if _, err := r.Replicate(p, r.term, wire.ChangeConfig, e.Bytes()); err != nil {
		return wire.NotTheLeader
	}
	return wire.OK
}

// keepConfig brings the configuration of an entry that is about to be applied to the disk.
func (r *Replica) keepConfig(p *sim.Proc, e wire.Entry) {
	if c := raft.ConfigOf(e); c.Index > r.config.Index {
		r.store.SetConfig(c)
		r.writing++
		r.store.FlushMeta(p)
		r.writing--
		r.written.Broadcast()
	}
}

// commitConfig makes the configuration of an entry the committed one, here and in the core.
func (r *Replica) commitConfig(e wire.Entry) {
	had, next := r.config, raft.ConfigOf(e)
	if next.Index <= had.Index {
		return // the disk knows it from before a restart
	}
	r.config = next
	raft.ConfigCommitted.Publish(r.node.World(), r.event())
	if r.core == nil {
		return // it will begin with this one
	}
	for _, change := range difference(had, next) {
		r.core.ApplyConfChange(change)
	}
	r.sm.ConsensusChanged()
	r.react()
}

// difference returns what makes one configuration of another, in changes of one member. A member
// that does not vote is what the core calls a learner.
func difference(had, next wire.RaftConfig) []pb.ConfChange {
	var changes []pb.ConfChange
	for _, m := range next.Members {
		kind := pb.ConfChangeAddNode
		if m.NonVoter {
			kind = pb.ConfChangeAddLearnerNode
		}
		if old, found := had.Find(m.ID); !found || old.NonVoter != m.NonVoter {
			changes = append(changes, pb.ConfChange{Type: kind, NodeID: number(m.ID)})
		}
	}
	for _, m := range had.Members {
		if !next.Has(m.ID) {
			changes = append(changes,
				pb.ConfChange{Type: pb.ConfChangeRemoveNode, NodeID: number(m.ID)})
		}
	}
	return changes
}

// answered notes, as a leader, that a peer lives, and makes a voter of one that is to become one
// and has all that is committed.
func (r *Replica) answered(m pb.Message) {
	if r.role != raft.Leader || int64(m.Term) != r.term {
		return
	}
	id, c := server(m.From), r.Config()
	r.heardFrom[id] = r.node.Now()
	member, found := c.Find(id)
	if !found || !member.NonVoter || !member.Promote || !r.settled() || r.matched(id) < r.commit {
		return
	}
	change := wire.PeerChange{Kind: wire.ModifyPeer, Member: wire.Member{ID: id}}
	r.node.Go("promote a non-voter", func(p *sim.Proc) {
		r.ChangeConfig(p, c.Index, []wire.PeerChange{change})
	})
}

// matched returns up to where a peer's log is known to agree with the leader's.
func (r *Replica) matched(id wire.ServerID) (index int64) {
	r.core.WithProgress(func(peer uint64, _ etcd.ProgressType, pr tracker.Progress) {
		if server(peer) == id {
			index = int64(pr.Match)
		}
	})
	return index
}

// State implements raft.Consensus.
func (r *Replica) State() wire.ConsensusState {
	s := wire.ConsensusState{Term: r.term, Leader: r.leader, Config: r.Config(),
		Pending: r.pending()}
	if r.role == raft.Leader {
		for _, m := range s.Config.Members {
			s.Health = append(s.Health, r.healthOf(m.ID))
		}
	}
	return s
}

// healthOf judges a member by when it last answered: the core's messages have no time-out. The log
// is kept whole, so that nobody is ever too far behind.
func (r *Replica) healthOf(id wire.ServerID) wire.Health {
	heard, answered := r.heardFrom[id]
	silence := r.node.Now().Sub(max(heard, r.ledSince))
	switch {
	case id == r.cfg.Self || answered && silence < r.alive():
		return wire.Healthy
	case silence >= r.cfg.Timing.Unavailable:
		return wire.Failed
	}
	return wire.HealthUnknown
}

// TransferLeadership implements raft.Consensus. The core transfers to a certain server only: of
// any, it is one that is well and has most of the log.
func (r *Replica) TransferLeadership(successor wire.ServerID) wire.Code {
	switch {
	case r.role != raft.Leader || r.closed:
		return wire.NotTheLeader
	case r.handingOver():
		return wire.ServiceUnavailable
	case successor == wire.NoServer:
		successor = r.fittest()
	case !r.Config().IsVoter(successor):
		return wire.InvalidConfig
	}
	if successor == r.cfg.Self {
		return wire.OK
	}
	alive := r.alive()
	r.handover.Reset(r.node.Uniform(streamTransfer, alive*3/4, alive*5/4))
	r.core.TransferLeader(number(successor))
	r.react()
	return wire.OK
}

// fittest returns whom to hand leadership to: the leader itself if there is nobody else.
func (r *Replica) fittest() wire.ServerID {
	best, most := r.cfg.Self, int64(-1)
	for _, id := range r.Config().Voters() {
		match := r.matched(id)
		if r.healthOf(id) == wire.Healthy {
			match += r.LastLogged().Index + 1
		}
		if id != r.cfg.Self && match > most {
			best, most = id, match
		}
	}
	return best
}

// handingOver reports whether the core takes no proposals, since it transfers leadership.
func (r *Replica) handingOver() bool { return r.core.BasicStatus().LeadTransferee != etcd.None }

// endHandover gives a transfer up. The core would do it by its own ticks, which are not used; it
// does so too when told to transfer to itself.
func (r *Replica) endHandover() {
	r.core.TransferLeader(number(r.cfg.Self))
	r.react()
}
