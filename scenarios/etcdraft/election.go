package etcdraft

import (
	"time"

	etcd "go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"

	"tabletop/model/raft"
	"tabletop/sim"
)

var (
	streamDetector  = sim.NewStream("etcdraft/failure-detector")
	streamElection  = sim.NewStream("etcdraft/election-timeout")
	streamHeartbeat = sim.NewStream("etcdraft/heartbeat")
)

// forced is what the core marks requests for votes with when somebody demanded the election.
const forced = "CampaignTransfer"

// alive returns how long a leader is believed to live after it was heard.
func (r *Replica) alive() time.Duration {
	shortest, _ := r.cfg.Timing.ElectionTimeouts(0)
	return shortest
}

// armDetector starts the failure detector, as model/raft does.
func (r *Replica) armDetector() {
	voters := r.Active().Voters()
	switch alive := r.alive(); {
	case len(voters) == 1 && voters[0] == r.cfg.Self:
		r.snooze(0)
	case r.term == 0:
		r.snooze(r.node.Uniform(streamDetector, 0, r.cfg.Timing.Heartbeat))
	default:
		r.snooze(r.node.Uniform(streamDetector, alive*3/4, alive*5/4))
	}
}

// snooze puts the failure detector off.
func (r *Replica) snooze(d time.Duration) {
	if r.cfg.FailureDetection && !r.closed {
		r.detector.Reset(d)
	}
}

// snoozeLonger puts it off for as long as an election may take.
func (r *Replica) snoozeLonger() {
	shortest, longest := r.cfg.Timing.ElectionTimeouts(r.failedElections)
	r.snooze(r.node.Uniform(streamElection, shortest, longest))
}

// leaderFailed is the failure detector: nothing was heard of a leader for too long, or an
// election did not end. The core does not stand if it is no voter.
func (r *Replica) leaderFailed() {
	if r.closed || r.role == raft.Leader {
		return
	}
	r.snoozeLonger()
	r.failedElections++ // until a leader is heard
	must(r.core.Campaign())
	r.react()
}

// StartElection implements raft.Consensus: it campaigns as if a leader had handed over to it,
// which is the core's way to make voters ignore a live leader. Only a follower can, so that a
// candidate gives up its term first.
func (r *Replica) StartElection() {
	if r.closed || r.role == raft.Leader {
		return
	}
	if r.state != etcd.StateFollower {
		r.nextTerm()
	}
	r.snoozeLonger()
	r.step(pb.Message{Type: pb.MsgTimeoutNow, From: number(r.cfg.Self), To: number(r.cfg.Self)})
}

// StepDown implements raft.Consensus. The core has no such command.
func (r *Replica) StepDown() bool {
	if r.role != raft.Leader {
		return false
	}
	r.nextTerm()
	r.snooze(2 * r.alive())
	return true
}

// nextTerm makes the replica a follower of the next term, by what a peer in it would answer.
func (r *Replica) nextTerm() {
	r.step(pb.Message{Type: pb.MsgHeartbeatResp, From: number(r.cfg.Self),
		To: number(r.cfg.Self), Term: uint64(r.term) + 1})
}

// withholds reports whether a request for a vote is ignored because a leader lives.
func (r *Replica) withholds(m pb.Message) bool {
	return string(m.Context) != forced &&
		(r.role == raft.Leader || r.node.Now() < r.withholdUntil)
}

// answersOldLeader tells a leader of an earlier term that it is over, and reports whether the
// message came from one. The core does that with pre-votes only: without them it relies on votes
// that depose leaders, which are withheld here.
func (r *Replica) answersOldLeader(m pb.Message) bool {
	if r.cfg.PreElection || int64(m.Term) >= r.term {
		return false
	}
	r.send(pb.Message{Type: pb.MsgAppResp, From: number(r.cfg.Self), To: m.From,
		Term: uint64(r.term)})
	return true
}

// heard notes that the leader of the present term lives.
func (r *Replica) heard(m pb.Message) {
	if int64(m.Term) != r.term || r.role == raft.Leader {
		return
	}
	r.failedElections = 0
	r.withholdUntil = r.node.Now().Add(r.alive())
	r.snooze(r.alive())
}

// beat is a tick of the core: a leader's heartbeat, 25 % around the interval.
func (r *Replica) beat() {
	if r.role != raft.Leader {
		return
	}
	r.core.Tick()
	r.react()
	r.beatLater()
}

func (r *Replica) beatLater() {
	d := r.cfg.Timing.Heartbeat
	r.heartbeat.Reset(r.node.Uniform(streamHeartbeat, d*3/4, d*5/4))
}
