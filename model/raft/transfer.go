package raft

import (
	"time"

	"tabletop/model/wire"
	"tabletop/sim"
)

// handover is a transfer of leadership under way. Until it ends the leader takes no new entries, so
// that a successor can have all there are.
type handover struct {
	successor wire.ServerID // NoServer: any
	until     sim.Time
	called    bool // a successor was told to stand for election
}

var streamTransfer = sim.NewStream("raft/transfer")

// TransferLeadership implements Consensus. Follows RaftConsensus::TransferLeadership, mode
// GRACEFUL. The period ends after the shortest election timeout, 25 % around it.
func (r *Replica) TransferLeadership(successor wire.ServerID) wire.Code {
	l := r.lead
	switch {
	case l == nil || r.closed:
		return wire.NotTheLeader
	case l.handingOver():
		return wire.ServiceUnavailable
	case successor == r.self():
		return wire.OK
	case successor != wire.NoServer && !r.Active().IsVoter(successor):
		return wire.InvalidConfig
	}
	d := r.cfg.Timing.minElectionTimeout()
	l.handover = &handover{successor: successor,
		until: r.node.Now().Add(r.node.Uniform(streamTransfer, d*3/4, d*5/4))}
	for _, f := range l.peers {
		l.offer(f, false)
	}
	l.wake()
	return wire.OK
}

func (l *leadership) handingOver() bool {
	return l.handover != nil && l.r.node.Now() < l.handover.until
}

// offer hands leadership to a voter that has the whole log, if a transfer is under way, or if this
// server wants to lead no more. Follows PeerMessageQueue::TransferLeadershipIfNeeded.
func (l *leadership) offer(f *peer, quiescing bool) {
	wanted := l.handingOver() && !l.handover.called &&
		(l.handover.successor == wire.NoServer || l.handover.successor == f.id)
	if !wanted && !l.r.quiescing() || quiescing || f.match != l.r.log.lastIndex() ||
		!l.r.Active().IsVoter(f.id) {
		return
	}
	if wanted {
		l.handover.called = true
	}
	req := &wire.RunLeaderElectionRequest{Dest: f.id, Tablet: l.r.cfg.Tablet}
	l.r.node.Go("call for a successor", func(p *sim.Proc) {
		p.Call(f.id.Node(), req, p.Now().Add(time.Second))
	})
}
