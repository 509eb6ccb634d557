package raft

import (
	"time"

	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// leaderFailed is the failure detector: nothing was heard of a leader for too long. Follows
// ReportFailureDetectedTask.
func (r *Replica) leaderFailed() {
	if r.closed || r.role == Leader {
		return
	}
	if !r.isVoter() || r.quiescing() || r.persisting {
		r.snooze(r.cfg.Timing.minElectionTimeout())
		return
	}
	pre := r.cfg.PreElection && !r.alone() && !r.bug(variant.KUDU1365)
	r.node.Go("election", func(p *sim.Proc) { r.stand(p, pre, false) })
}

func (r *Replica) quiescing() bool { return r.cfg.Quiescing != nil && r.cfg.Quiescing() }

// StartElection implements Consensus. Follows the RunLeaderElection RPC: no pre-election, and
// voters are told to ignore a live leader.
func (r *Replica) StartElection() {
	if r.closed || r.role == Leader || !r.isVoter() {
		return
	}
	r.node.Go("election on demand", func(p *sim.Proc) { r.stand(p, false, true) })
}

// stand runs for leadership: a pre-election, if asked for, and then the election proper. One
// candidacy at a time (KUDU-2149): a failure that is detected meanwhile is taken up afterwards.
func (r *Replica) stand(p *sim.Proc, pre, demanded bool) {
	if demanded {
		r.elect(p, &wire.VoteRequest{IgnoreLiveLeader: true})
		return
	}
	if r.electing && !r.bug(variant.KUDU2155) {
		return
	}
	r.electing = true
	if !pre || r.elect(p, &wire.VoteRequest{PreElection: true}) {
		r.elect(p, &wire.VoteRequest{})
	}
	r.electing = false
	if r.cfg.FailureDetection && !r.detector.Set() {
		r.leaderFailed()
	}
}

// elect holds one election and reports whether it was won. Follows RaftConsensus::StartElection
// and DoElectionCallback.
func (r *Replica) elect(p *sim.Proc, req *wire.VoteRequest) bool {
	r.busy.Lock(p, "update lock")
	leads := r.role == Leader && !r.bug(variant.TermBumpWithoutStepDown)
	if r.closed || leads || !r.isVoter() {
		r.busy.Unlock()
		return false
	}
	timeout := r.electionTimeout()
	r.patience = timeout
	r.snooze(timeout)
	req.Tablet, req.Candidate = r.cfg.Tablet, r.self()
	req.Term = r.meta.Term + 1
	if !req.PreElection {
		if r.role == Leader {
			r.meta.setTerm(req.Term) // 5d82368da
		} else {
			r.adoptTerm(req.Term)
		}
		r.meta.vote(r.self())
		Candidate.Publish(r.node.World(), ReplicaEvent{r, req.Term})
		r.meta.flush(p)
	}
	req.LastLogged = r.log.last()
	stillOn := r.inElection(req)
	r.busy.Unlock()
	if !stillOn {
		return false
	}

	votes := &tally{yes: 1}
	won := r.gatherVotes(p, req, votes, p.Now().Add(timeout)) == Won
	if r.role != Leader {
		r.snooze(r.electionTimeout()) // or elections begin before others can end
	}
	switch {
	case !won:
		r.failedElections++
		if votes.highest > r.meta.Term && !r.closed {
			r.adoptTerm(votes.highest) // also after a pre-election
		}
	case r.inElection(req) && !req.PreElection:
		r.becomeLeader()
	}
	return won && r.inElection(req)
}

// inElection reports whether the election is still the replica's own.
func (r *Replica) inElection(req *wire.VoteRequest) bool {
	if r.closed {
		return false
	}
	if req.PreElection {
		leads := r.role == Leader && !r.bug(variant.TermBumpWithoutStepDown)
		return !leads && r.meta.Term == req.Term-1
	}
	return r.meta.Term == req.Term && r.meta.VotedFor == r.self()
}

// electionTimeout draws how long to wait before the next try; it grows with failed elections.
func (r *Replica) electionTimeout() time.Duration {
	t := r.cfg.Timing
	shortest := t.minElectionTimeout()
	longest := backoff(shortest, t.MaxElectionTimeout, r.failedElections)
	if r.bug(variant.KUDU744) {
		return longest
	}
	return r.node.Uniform(streamElection, shortest, longest)
}

// tally is an election being counted.
type tally struct {
	yes, no int
	highest int64 // the highest term of those who said no
	news    sim.Cond
}

// gatherVotes asks every other voter at once and waits until the election is decided, a later
// term shows, or the deadline. An error counts as a no (LeaderElection::VoteResponseRpcCallback).
func (r *Replica) gatherVotes(p *sim.Proc, req *wire.VoteRequest, votes *tally,
	deadline sim.Time) Outcome {
	voters := r.Active().Voters()
	for _, v := range voters {
		if v == r.self() {
			continue
		}
		r.node.Go("ask for a vote", func(p *sim.Proc) {
			if r.askVote(p, v, req, votes, deadline) {
				votes.yes++
			} else {
				votes.no++
			}
			votes.news.Broadcast()
		})
	}
	for {
		outcome := Count(len(voters), votes.yes, votes.no)
		if r.bug(variant.EvenSplitNotLost) && outcome == Lost && 2*votes.no <= len(voters) {
			if votes.yes+votes.no == len(voters) {
				p.Crash("FATAL: the vote is undecided after all have voted")
			}
			outcome = Undecided
		}
		if outcome != Undecided {
			return outcome
		}
		if votes.highest > req.Term || !r.inElection(req) {
			return Lost
		}
		if !votes.news.WaitUntil(p, "votes", deadline) {
			return Lost
		}
	}
}

func (r *Replica) askVote(p *sim.Proc, v wire.ServerID, req *wire.VoteRequest, votes *tally,
	deadline sim.Time) bool {
	mine := *req
	mine.Dest = v
	m, err := p.Call(v.Node(), &mine, deadline)
	resp, ok := m.(*wire.VoteResponse)
	if err != nil || !ok || r.closed {
		return false
	}
	if !resp.Granted {
		votes.highest = max(votes.highest, resp.Term)
	}
	return resp.Granted
}

// RequestVote implements Consensus. Follows RaftConsensus::RequestVote, in its order of checks, and
// RequestVoteRespondVoteGranted, also for pre-elections.
func (r *Replica) RequestVote(p *sim.Proc, req *wire.VoteRequest) *wire.VoteResponse {
	resp := &wire.VoteResponse{Tablet: req.Tablet, VoteTerm: req.Term, Candidate: req.Candidate,
		PreElection: req.PreElection}
	resp.Code = r.vote(p, req)
	resp.Granted = resp.Code == wire.OK
	resp.Term = r.meta.Term
	return resp
}

func (r *Replica) vote(p *sim.Proc, req *wire.VoteRequest) wire.Code {
	if !req.IgnoreLiveLeader && (r.role == Leader || p.Now() < r.withholdUntil) &&
		!r.bug(variant.KUDU562) {
		return wire.LeaderIsAlive // and the term stays as it is
	}
	if !r.busy.TryLock() {
		return wire.ConsensusBusy
	}
	defer r.busy.Unlock()
	if r.closed {
		return wire.TabletNotFound
	}
	ballot := Ballot{Term: r.meta.Term, VotedFor: r.meta.VotedFor, LastLogged: r.LastLogged()}
	if req.Term > ballot.Term {
		ballot.Term, ballot.VotedFor = req.Term, wire.NoServer
	}
	code := ballot.Decide(req)
	if !req.PreElection && req.Term > r.meta.Term && code != wire.InvalidTerm {
		r.adoptTerm(req.Term) // even when the answer is no
	}
	var patience time.Duration
	if code == wire.OK {
		patience = r.electionTimeout()
		r.snooze(patience) // while the vote is written
	}
	if req.PreElection || code == wire.InvalidTerm {
		return code
	}
	if code == wire.OK && r.meta.VotedFor != req.Candidate {
		r.meta.vote(req.Candidate)
	}
	if r.meta.dirty() {
		r.meta.flush(p)
	}
	if code == wire.OK && r.meta.Term != req.Term {
		return wire.InvalidTerm // another term began while the vote was written
	}
	if code == wire.OK && !r.bug(variant.KUDU1057) {
		r.snooze(patience) // and while the candidate becomes leader
	}
	return code
}
