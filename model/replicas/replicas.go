// Package replicas decides what becomes of the replicas of a tablet: when the leader master adds
// one, evicts one, or asks the tablet's leader to step down. It is arithmetic only: no process,
// no time. Where a new replica goes is for package placement.
//
//tabletop:deterministic
package replicas

import (
	"fmt"
	"slices"

	"tabletop/model/variant"
	"tabletop/model/wire"
)

// State is what a decision about a tablet is made from: its committed configuration, with none
// pending, and what its leader reports of the members.
type State struct {
	Config wire.RaftConfig
	Health []wire.Health // of each member, in their order
	Leader wire.ServerID // of the tablet; NoServer: none is known
	Factor int           // voters that the table wants
	// Ignore lists the servers in maintenance: a replica that failed there is not replaced.
	Ignore []wire.ServerID
}

// Action is a change that a tablet is to undergo.
type Action uint8

// The actions. All but the last change the configuration.
const (
	None Action = iota
	AddNonVoter
	AddVoter
	Evict
	StepDown // the leader gives way, gracefully, so that it can be evicted
)

func (a Action) String() string {
	return [...]string{"none", "add-non-voter", "add-voter", "evict", "step-down"}[a]
}

// Decision is what to do about a tablet. The zero value is nothing.
type Decision struct {
	Action Action
	// Server is the member to evict or to step down. One to be added is for others to choose.
	Server wire.ServerID
}

func (d Decision) String() string {
	if d.Action == Evict || d.Action == StepDown {
		return fmt.Sprintf("%v %v", d.Action, d.Server)
	}
	return d.Action.String()
}

// Bugs are defects that replica management once had. The zero value is right behaviour.
type Bugs struct {
	// EvictLeader: the leader may be the one to be evicted, which it refuses (4d44c9fe7).
	EvictLeader bool
	// NoFailedNonVoterEviction: a non-voter that failed stays while the tablet needs one, and
	// each attempt occupies another server until none is free (2a6de8ea4).
	NoFailedNonVoterEviction bool
	// AddWithoutMajority: a replica is added although the change cannot commit (63025ef6d).
	AddWithoutMajority bool
	// Rf1ReplaceLoop: where only the leader is to be replaced, the replica that was added for it
	// is evicted again, for ever (KUDU-2443).
	Rf1ReplaceLoop bool
	// VictimCounted: a healthy voter is evicted though, without it, most of the rest are not known
	// to be well.
	VictimCounted bool
	// StepDownByDriver: the master does not ask a leader to step down that is to be replaced; who
	// has marked it may be gone (c667e360f).
	StepDownByDriver bool
	// EvictWithoutViabilityCheck: the leader evicts a follower that failed whatever the state of
	// the others (KUDU-2048).
	EvictWithoutViabilityCheck bool
	// LeaderNotViable: the leader, which does not talk to itself, finds itself not viable and
	// evicts nobody (KUDU-2230).
	LeaderNotViable bool
}

// BugsOf returns the defects of replica management that are on.
func BugsOf(v variant.Variants) Bugs {
	return Bugs{
		EvictLeader:                v.On(variant.EvictLeader),
		NoFailedNonVoterEviction:   v.On(variant.NoFailedNonVoterEviction),
		AddWithoutMajority:         v.On(variant.AddWithoutMajority),
		Rf1ReplaceLoop:             v.On(variant.KUDU2443),
		VictimCounted:              v.On(variant.VictimCounted),
		StepDownByDriver:           v.On(variant.StepDownByDriver),
		EvictWithoutViabilityCheck: v.On(variant.KUDU2048),
		LeaderNotViable:            v.On(variant.KUDU2230),
	}
}

// Decide343 is the leader master's decision where a replacement is prepared before an eviction.
// It is for a report of the tablet's own leader; without a leader, nothing is done. Follows the
// part of CatalogManager::ProcessTabletReport under raft_prepare_replacement_before_eviction.
func Decide343(s State, b Bugs) Decision {
	leader, found := s.Config.Find(s.Leader)
	if !found || leader.NonVoter {
		return Decision{}
	}
	c := s.count()
	if victim, found := s.toEvict(c, b); found {
		if !b.VictimCounted && !s.canCommitWithout(victim) {
			return Decision{} // until it is known how the others are
		}
		return Decision{Evict, victim}
	}
	if c.shouldAdd(s.Factor, b) {
		return Decision{Action: AddNonVoter}
	}
	// ShouldStepDownLeaderForReplacement
	if leader.Replace && c.healthy > s.Factor && !b.StepDownByDriver {
		return Decision{StepDown, s.Leader}
	}
	return Decision{}
}

// Decide323 is the leader master's decision where the tablet's leader has evicted what failed: it
// makes up the number of voters, and looks at nobody's health. It is for a report that changed
// the consensus state.
func Decide323(s State) Decision {
	if len(s.Config.Voters()) < s.Factor {
		return Decision{Action: AddVoter}
	}
	return Decision{}
}

// EvictFailed is the decision of a tablet's leader where it evicts by itself: the first member
// that failed and that the others can spare. A member is viable if its last exchange with the
// leader went well within consensus_rpc_timeout_ms and it has what a majority has; viable is in
// the order of the members, and nobody asks the leader about itself. The masters' own tablet does
// without this. Follows PeerMessageQueue::SafeToEvictUnlocked.
func EvictFailed(s State, viable []bool, b Bugs) Decision {
	for i, m := range s.Config.Members {
		if m.ID != s.Leader && failed(s.Health[i]) && s.canSpare(i, viable, b) {
			return Decision{Evict, m.ID}
		}
	}
	return Decision{}
}

// canSpare reports whether the others can do without the member at that place.
func (s State) canSpare(victim int, viable []bool, b Bugs) bool {
	remain, able := 0, 0
	for i, m := range s.Config.Members {
		if m.NonVoter || i == victim {
			continue
		}
		remain++
		if m.ID == s.Leader && !b.LeaderNotViable || m.ID != s.Leader && viable[i] {
			able++
		}
	}
	return remain > 1 && (b.EvictWithoutViabilityCheck || able >= majority(remain))
}

// census counts the members of a configuration by what matters to decisions.
type census struct {
	voters, healthy int // of voters
	viable          int // healthy voters that are not to be replaced
	replace         int // voters that are to be replaced
	leaderReplace   bool
	failed, unknown bool // some voter other than the leader
	lost            bool // some voter other than the leader, unrecoverably
	lacking         int  // voters that need another in their place
	nonVoters       int
	coming          int // non-voters that are to be promoted
	failedNonVoter  bool
	lostNonVoter    bool // unrecoverably
}

func (s State) count() census {
	var c census
	for i, m := range s.Config.Members {
		h, ignored := s.Health[i], slices.Contains(s.Ignore, m.ID)
		if m.NonVoter {
			c.countNonVoter(m, h, ignored)
			continue
		}
		c.voters++
		c.healthy += one(h == wire.Healthy)
		c.viable += one(h == wire.Healthy && !m.Replace)
		c.replace += one(m.Replace)
		c.lacking += one(m.Replace || failed(h) && !ignored)
		if m.ID == s.Leader {
			c.leaderReplace = m.Replace
			continue
		}
		c.failed = c.failed || failed(h)
		c.lost = c.lost || h == wire.FailedUnrecoverable
		c.unknown = c.unknown || h == wire.HealthUnknown
	}
	return c
}

// countNonVoter: a new replica is of unknown health, and counts as one to come.
func (c *census) countNonVoter(m wire.Member, h wire.Health, ignored bool) {
	c.nonVoters++
	c.coming += one(m.Promote && (!failed(h) || ignored))
	c.failedNonVoter = c.failedNonVoter || failed(h)
	c.lostNonVoter = c.lostNonVoter || h == wire.FailedUnrecoverable
}

// shouldAdd: too few voters are there to stay or on their way, and enough are there to commit.
// Follows ShouldAddReplica.
func (c census) shouldAdd(factor int, b Bugs) bool {
	return factor > c.voters-c.lacking+c.coming &&
		(b.AddWithoutMajority || c.healthy >= majority(c.voters))
}

func failed(h wire.Health) bool { return h == wire.Failed || h == wire.FailedUnrecoverable }

func majority(voters int) int { return voters/2 + 1 }

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
