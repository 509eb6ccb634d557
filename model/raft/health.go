package raft

import (
	"tabletop/model/replicas"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// health is what a leader knows of how a peer is (PeerMessageQueue::TrackedPeer).
type health struct {
	heardAt sim.Time // when it last said something of the tablet, or the leadership began
	ok      bool     // the last exchange went well
	// behind: the log no longer holds what it lacks. failed: its replica cannot be opened.
	behind, failed bool
	last           wire.Health
}

// examine notes how an exchange with a peer went. Any answer of the tablet itself, even a refusal,
// tells that the peer is there, also while it is being copied (KUDU-2020); that another server
// answers in its place does not (KUDU-1613).
func (l *leadership) examine(f *peer, resp *wire.UpdateConsensusResponse, err error) {
	f.ok = err == nil && resp != nil && resp.Code == wire.OK
	if err == nil && resp != nil {
		elsewhere := resp.Code == wire.WrongServerUUID && !l.r.bug(variant.KUDU1613)
		copying := resp.Code == wire.TabletNotRunning && l.r.bug(variant.KUDU2020)
		lost := f.behind && l.r.bug(variant.KUDU2367)
		if !elsewhere && !copying && !lost {
			f.heardAt = l.r.node.Now()
		}
		f.failed = resp.Code == wire.TabletFailed && !l.r.bug(variant.KUDU1407)
	}
	if now := l.healthOf(f); now != f.last {
		f.last = now
		l.r.changed() // the leader master wants to know at once
	}
	if f.last >= wire.Failed && l.r.cfg.EvictFailed {
		l.evictFailed()
	}
}

// healthOf follows PeerMessageQueue::PeerHealthStatus. That a peer cannot be helped is said first:
// one that is merely silent may come back, and is not evicted before it is replaced (KUDU-2367).
func (l *leadership) healthOf(f *peer) wire.Health {
	silent := l.r.node.Now().Sub(f.heardAt) >= l.r.cfg.Timing.Unavailable
	switch {
	case (f.behind || f.failed) && !(silent && l.r.bug(variant.KUDU2367)):
		return wire.FailedUnrecoverable
	case silent:
		return wire.Failed
	case f.ok:
		return wire.Healthy
	}
	return wire.HealthUnknown
}

// State implements Consensus.
func (r *Replica) State() wire.ConsensusState {
	s := wire.ConsensusState{Term: r.meta.Term, Leader: r.leader, Config: r.config,
		Pending: r.pending != nil}
	if r.lead == nil {
		return s
	}
	s.Settled = r.commit >= r.lead.first
	for _, m := range s.Config.Members {
		h := wire.Healthy // the leader itself
		if f := r.lead.peer(m.ID); f != nil {
			h = f.last // and no later view, whose end nobody would be told of
		} else if m.ID != r.self() {
			h = wire.HealthUnknown
		}
		s.Health = append(s.Health, h)
	}
	return s
}

// evictFailed drops a peer that failed if the others can spare it (PeerManager, under 3-2-3).
func (l *leadership) evictFailed() {
	r := l.r
	if r.pending != nil || r.commit < l.first {
		return
	}
	c := r.State()
	s := replicas.State{Config: c.Config, Health: c.Health, Leader: r.self()}
	viable := make([]bool, len(c.Config.Members))
	for i, m := range c.Config.Members {
		f := l.peer(m.ID)
		viable[i] = f != nil && f.ok && f.match >= r.commit
	}
	d := replicas.EvictFailed(s, viable, replicas.BugsOf(r.cfg.Variants))
	if d.Action != replicas.Evict {
		return
	}
	EvictionDecided.Publish(r.node.World(), EvictionEvent{r, s, viable, d.Server})
	change := wire.PeerChange{Kind: wire.RemovePeer, Member: wire.Member{ID: d.Server}}
	r.node.Go("evict a failed follower", func(p *sim.Proc) {
		r.ChangeConfig(p, c.Config.Index, []wire.PeerChange{change})
	})
}
