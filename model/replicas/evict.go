package replicas

import "tabletop/model/wire"

// toEvict returns the member that the tablet is better off without, if any. Those that failed for
// good go first, even if that leaves too few voters for a while and whether or not their server is
// in maintenance; at each step non-voters go before voters. Follows ShouldEvictReplica.
func (s State) toEvict(c census, b Bugs) (wire.ServerID, bool) {
	if !s.leaderHealthy() {
		return wire.NoServer, false
	}
	nonVoter, voter := c.evictsNonVoter(s.Factor, b), c.evictsVoter(s.Factor, b)
	switch {
	case nonVoter && c.lostNonVoter:
		return s.worst(true, b)
	case voter && c.lost:
		return s.worst(false, b)
	case nonVoter:
		return s.worst(true, b)
	case voter:
		return s.worst(false, b)
	}
	return wire.NoServer, false
}

// canCommitWithout reports whether most of the voters but one are healthy. Kudu counts that one too
// if it is healthy: where the rest are a leader and one of unknown health, all hangs on the latter.
func (s State) canCommitWithout(victim wire.ServerID) bool {
	voters, healthy := 0, 0
	for i, m := range s.Config.Members {
		if !m.NonVoter && m.ID != victim {
			voters++
			healthy += one(s.Health[i] == wire.Healthy)
		}
	}
	return healthy >= majority(voters)
}

// leaderHealthy: a leader that does not report itself healthy is not to be acted upon (KUDU-2335).
func (s State) leaderHealthy() bool {
	for i, m := range s.Config.Members {
		if m.ID == s.Leader {
			return s.Health[i] == wire.Healthy
		}
	}
	return false
}

// evictsNonVoter: none is needed any more, or one has failed and keeps a server from trying again.
func (c census) evictsNonVoter(factor int, b Bugs) bool {
	excess := c.viable >= factor && c.nonVoters > 0
	return (excess || c.failedNonVoter && !b.NoFailedNonVoterEviction) &&
		c.healthy >= majority(c.voters)
}

// evictsVoter: there is a reason, enough voters remain or one is lost anyway, and those that
// remain can commit the change.
func (c census) evictsVoter(factor int, b Bugs) bool {
	reason := c.viable > factor || c.failed || c.unknown && c.viable >= factor ||
		c.evictsReplaced(factor, b)
	return reason && (c.voters > factor || c.lost) && c.healthy >= majority(c.voters-1)
}

// evictsReplaced: a voter to be replaced has its replacement. If that voter is the leader alone,
// it has to step down first: any other would go in its place.
func (c census) evictsReplaced(factor int, b Bugs) bool {
	if c.replace == 0 || c.replace == 1 && c.leaderReplace && !b.Rf1ReplaceLoop {
		return false
	}
	tooMany := c.replace > factor || c.replace >= factor && c.viable > 0
	return c.healthy > factor || c.healthy >= factor && tooMany
}

// worst returns the non-voter, or the voter other than the leader, that is the least loss; of
// equals the one of the lowest id.
func (s State) worst(nonVoter bool, b Bugs) (wire.ServerID, bool) {
	victim, most := wire.NoServer, -1
	for i, m := range s.Config.Members {
		if m.NonVoter != nonVoter || m.ID == s.Leader && !b.EvictLeader {
			continue
		}
		if p := priority(m, s.Health[i]); p > most {
			victim, most = m.ID, p
		}
	}
	return victim, victim != wire.NoServer
}

// priority is how gladly a member is evicted.
func priority(m wire.Member, h wire.Health) int {
	p := map[wire.Health]int{wire.FailedUnrecoverable: 8, wire.Failed: 4, wire.HealthUnknown: 1}[h]
	if !m.NonVoter && m.Replace {
		p += 2
	}
	return p
}
