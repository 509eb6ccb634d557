package raft

import (
	"slices"
	"time"

	"tabletop/model/wire"
)

// Majority returns how many of n voters are more than half.
func Majority(n int) int { return n/2 + 1 }

// UpToDate reports whether a log that ends at candidate may lead a voter whose log ends at local
// (Raft dissertation 3.6.1, the election restriction).
func UpToDate(candidate, local wire.OpID) bool {
	if candidate.Term != local.Term {
		return candidate.Term > local.Term
	}
	return candidate.Index >= local.Index
}

// Ballot is what a voter knows when it is asked for its vote.
type Ballot struct {
	Term       int64
	VotedFor   wire.ServerID // in Term; NoServer: nobody yet
	LastLogged wire.OpID
}

// Decide answers a request for a vote: OK to grant it, or why not. Follows
// RaftConsensus::RequestVote, checks 5 to 7 and 9; whether a live leader stands against the
// election is the caller's to check first.
func (b Ballot) Decide(req *wire.VoteRequest) wire.Code {
	switch {
	case req.Term < b.Term:
		return wire.InvalidTerm
	case req.Term == b.Term && b.VotedFor == req.Candidate && !req.PreElection:
		return wire.OK
	case req.Term == b.Term && b.VotedFor != wire.NoServer:
		return wire.AlreadyVoted
	case !UpToDate(req.LastLogged, b.LastLogged):
		return wire.LastOpIDTooOld
	}
	return wire.OK
}

// Outcome is what the votes counted so far say.
type Outcome uint8

// The outcomes of an election.
const (
	Undecided Outcome = iota
	Won
	Lost
)

// Count decides an election among the given number of voters. It is lost as soon as it cannot
// be won any more, so that an even split ends it (e8187c01c).
func Count(voters, yes, no int) Outcome {
	switch {
	case yes >= Majority(voters):
		return Won
	case voters-no < Majority(voters):
		return Lost
	}
	return Undecided
}

// Committed returns the highest index that a majority of the voters have, given the last
// durable index of each; it does not look at terms.
func Committed(durable []int64) int64 {
	var room [8]int64 // enough for most, so that nothing is allocated
	sorted := append(room[:0], durable...)
	slices.Sort(sorted)
	return sorted[len(sorted)-Majority(len(sorted))]
}

// Changed returns a configuration after changes, all at one instant, or false if they cannot be
// made: who is added must be new, who is changed or removed must be there, every change must change
// something, the leader neither leaves nor gives up its vote, some voter stays, and the voters
// become one more, or one less, at most. Follows RaftConsensus::BulkChangeConfig.
func Changed(c wire.RaftConfig, leader wire.ServerID, changes []wire.PeerChange) (wire.RaftConfig,
	bool) {
	next, moved := c, 0
	for i, change := range changes {
		had, found := c.Find(change.ID)
		again := slices.ContainsFunc(changes[:i], func(o wire.PeerChange) bool {
			return o.ID == change.ID
		})
		if again || found == (change.Kind == wire.AddPeer) {
			return c, false
		}
		switch change.Kind {
		case wire.RemovePeer:
			next = next.Without(change.ID)
		case wire.ModifyPeer:
			if change.Member == had {
				return c, false
			}
			next = next.With(change.Member)
		default:
			next = next.With(change.Member)
		}
		if c.IsVoter(change.ID) != next.IsVoter(change.ID) {
			moved++
		}
	}
	ok := len(changes) > 0 && moved <= 1 && next.IsVoter(leader)
	return next, ok
}

// backoff returns the longest election timeout after f failed elections: the shortest times
// 1.5 to the power f+1, within the limit (LeaderElectionExpBackoffDeltaUnlocked).
func backoff(shortest, limit time.Duration, f int) time.Duration {
	d := shortest
	for range f + 1 {
		if d >= limit {
			break
		}
		d = d * 3 / 2
	}
	return min(d, max(limit, shortest))
}
