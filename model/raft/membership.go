package raft

import (
	"errors"
	"slices"

	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Config implements Consensus.
func (r *Replica) Config() wire.RaftConfig { return r.config }

// Active implements Consensus: a configuration counts as soon as it is in the log (Raft
// dissertation 4.1).
func (r *Replica) Active() wire.RaftConfig {
	if r.pending != nil {
		return *r.pending
	}
	return r.config
}

// ChangeConfig implements Consensus. Follows RaftConsensus::BulkChangeConfig: one change at a time,
// and none before the leader has committed an entry of its own term, or majorities of two leaders
// might not meet (KUDU-872).
func (r *Replica) ChangeConfig(p *sim.Proc, cas int64, changes []wire.PeerChange) wire.Code {
	l := r.lead
	switch {
	case l == nil || r.closed:
		return wire.NotTheLeader
	case l.handingOver():
		return wire.ServiceUnavailable
	case r.pending != nil || r.commit < l.first && !r.bug(variant.KUDU872):
		return wire.IllegalState
	case cas != wire.NoCAS && cas != r.config.Index:
		return wire.CASFailed
	}
	next, ok := Changed(r.config, r.self(), changes)
	switch {
	case !ok:
		return wire.InvalidConfig
	case !l.carries(next) && !r.bug(variant.MajorityBehind):
		return wire.IllegalState
	}
	_, err := r.Replicate(p, l.term, wire.ChangeConfig, encodeConfig(next))
	switch {
	case err == nil:
		return wire.OK
	case errors.Is(err, ErrTimedOut):
		return wire.TimedOut
	}
	return wire.NotTheLeader
}

// carries reports whether, of a majority of that configuration's voters, nobody lacks what the log
// has let go, as far as is known. Who joins is copied.
func (l *leadership) carries(next wire.RaftConfig) bool {
	voters, able := next.Voters(), 0
	for _, id := range voters {
		f := l.peer(id)
		if f == nil || f.match >= l.r.log.base.Index || l.r.commit < l.first {
			able++
		}
	}
	return able >= Majority(len(voters))
}

// encodeConfig returns the payload of a change's entry; the index is the entry's own.
func encodeConfig(c wire.RaftConfig) []byte {
	var e wire.Encoder
	e.Config(c)
	return e.Bytes()
}

// ConfigOf returns the configuration that an entry brings; the entry is one of ChangeConfig.
func ConfigOf(e wire.Entry) wire.RaftConfig {
	d := wire.NewDecoder(e.Payload)
	c := d.Config()
	if !d.Done() {
		panic("raft: an entry holds no configuration")
	}
	c.Index = e.Index
	return c
}

// noteConfig takes a configuration that was appended.
func (r *Replica) noteConfig(e wire.Entry) {
	c := ConfigOf(e)
	r.pending = &c
	if r.lead != nil {
		r.lead.track()
	}
	r.changed()
}

// dropConfig goes back to the configuration before if the entry that brought the pending one is
// no longer in the log (KUDU-1338).
func (r *Replica) dropConfig(index int64) {
	if r.pending != nil && r.pending.Index >= index && !r.bug(variant.KUDU1338) {
		r.pending = nil
		r.findPending()
		r.changed()
	}
}

// commitConfig makes a configuration the committed one.
func (r *Replica) commitConfig(e wire.Entry) {
	c := ConfigOf(e)
	if c.Index <= r.config.Index {
		return // the disk knows it from before a restart
	}
	if r.meta.Config.Index < c.Index {
		r.meta.setConfig(c)
	}
	r.config = c
	if r.pending != nil && r.pending.Index <= c.Index {
		r.pending = nil
	}
	ConfigCommitted.Publish(r.node.World(), ReplicaEvent{r, r.meta.Term})
	r.changed()
}

// keepConfig brings the configuration of an entry that is about to be applied to the disk, before
// anybody can be told of it.
func (r *Replica) keepConfig(p *sim.Proc, e wire.Entry) {
	if c := ConfigOf(e); c.Index > r.meta.Config.Index {
		r.meta.setConfig(c)
		r.meta.flush(p)
	}
}

// Beyond reports whether the log holds a configuration that follows the one of that index,
// committed or not, and then not of a term before the given one: the leader of that very term may
// have appended it after it told that there was none. One that follows another entry in its place
// was left by a leader that had lost.
func (r *Replica) Beyond(index, since int64) bool {
	if r.config.Index > index {
		return true
	}
	follows := index <= r.commit || slices.ContainsFunc(r.log.entries, func(e logged) bool {
		return e.Index == index && e.Type == wire.ChangeConfig
	})
	return r.pending != nil && r.pending.Index > index && follows &&
		r.OpAt(r.pending.Index).Term >= since
}

// findPending looks in the log for a configuration beyond the committed one.
func (r *Replica) findPending() {
	for _, e := range r.log.entries {
		if e.Type == wire.ChangeConfig && e.Index > r.config.Index {
			c := ConfigOf(e.Entry)
			r.pending = &c
		}
	}
}

// promote makes a voter of a non-voter that is to become one, when its log is as good as the
// leader's: at its second answer or later, it lacked no more than one batch of what is committed
// (PeerMessageQueue::PromoteIfNeeded; KUDU-2443).
func (l *leadership) promote(f *peer, batch int) {
	r := l.r
	m, member := r.Active().Find(f.id)
	if !member || !m.NonVoter || !m.Promote || f.behind || r.pending != nil ||
		r.commit < l.first || f.match == 0 || f.match+int64(batch) < r.commit {
		return
	}
	cas := r.config.Index
	change := wire.PeerChange{Kind: wire.ModifyPeer, Member: wire.Member{ID: f.id}}
	r.node.Go("promote a non-voter", func(p *sim.Proc) {
		r.ChangeConfig(p, cas, []wire.PeerChange{change})
	})
}

// startCopy tells a member that has no replica to copy the leader's (Peer::StartTabletCopy).
func (l *leadership) startCopy(p *sim.Proc, f *peer) {
	req := &wire.StartTabletCopyRequest{Dest: f.id, Tablet: l.r.cfg.Tablet, Source: l.r.self(),
		Term: l.term}
	p.Call(f.id.Node(), req, p.Now().Add(l.r.cfg.Timing.RPC))
}
