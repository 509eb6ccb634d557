package replicas

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/wire"
)

// Each bug breaks a promise in some small cluster, and without bugs none is broken in any.
func TestPromisesExhaustively(t *testing.T) {
	why, example := broken(Bugs{})
	require.Empty(t, why, example)
	for b, want := range map[Bugs]string{
		{EvictLeader: true}:                "the leader is evicted",
		{NoFailedNonVoterEviction: true}:   "no server is free",
		{AddWithoutMajority: true}:         "not committable",
		{VictimCounted: true}:              "not committable",
		{Rf1ReplaceLoop: true}:             "it does not end",
		{StepDownByDriver: true}:           "not restored",
		{EvictWithoutViabilityCheck: true}: "3-2-3: not committable",
		{LeaderNotViable: true}:            "3-2-3: not restored",
	} {
		why, example := broken(b)
		require.Equal(t, want, why, "%+v: %s", b, example)
	}
}

// broken returns a promise that does not hold in all small clusters, with an example.
func broken(b Bugs) (why, example string) {
	for s := range states {
		for variant := range 8 {
			c := newCluster(s, variant&1 > 0, variant&2 > 0, variant&4 > 0)
			why := c.settle(func(s State) Decision { return Decide343(s, b) })
			if why != "" {
				return why, fmt.Sprintf("%v, variant %03b: %v", s, variant, c.log)
			}
		}
		if n := s.count(); n.replace == 0 && n.nonVoters == 0 {
			c := newCluster(s, false, false, false)
			// Nobody evicts what is too many, and none of two.
			c.able = c.able && n.voters == s.Factor && n.voters > 2
			why := c.settle(func(s State) Decision { return decideWithLeader(s, b) })
			if why != "" {
				return "3-2-3: " + why, fmt.Sprintf("%v: %v", s, c.log)
			}
		}
	}
	return "", ""
}

// decideWithLeader joins what the tablet's leader and the leader master decide under 3-2-3.
func decideWithLeader(s State, b Bugs) Decision {
	viable := make([]bool, len(s.Health))
	for i, m := range s.Config.Members {
		viable[i] = s.Health[i] == wire.Healthy && m.ID != s.Leader
	}
	if d := EvictFailed(s, viable, b); d.Action != None {
		return d
	}
	return Decide323(s)
}

// states gives all tablets of up to five members: a leader that is well, and others. Their order
// does not count, but whether they come before the leader or behind it.
func states(yield func(State) bool) {
	kinds := []wire.Member{{}, {Replace: true}, {NonVoter: true}, {NonVoter: true, Promote: true}}
	var others func(s State, at wire.ServerID, left, from int) bool
	others = func(s State, at wire.ServerID, left, from int) bool {
		if left == 0 {
			return yield(s)
		}
		for k := from; k < 4*len(kinds); k++ {
			m := kinds[k/4]
			m.ID = at
			if !others(s.with(m, wire.Health(k%4)), at+1, left-1, k) {
				return false
			}
		}
		return true
	}
	for size := range 5 {
		for variant := range 12 {
			leader := wire.Member{ID: 10, Replace: variant&1 > 0}
			s := State{Leader: leader.ID, Factor: 1 + variant/4}.with(leader, wire.Healthy)
			first := leader.ID + 1
			if variant&2 > 0 {
				first = leader.ID - wire.ServerID(size)
			}
			if !others(s, first, size, 0) {
				return
			}
		}
	}
}

// with returns the state with a member added or changed.
func (s State) with(m wire.Member, h wire.Health) State {
	s = s.without(m.ID)
	s.Config = s.Config.With(m)
	s.Health = slices.Insert(s.Health, slices.Index(s.Config.Servers(), m.ID), h)
	return s
}

// without returns the state without a member, if it is one.
func (s State) without(id wire.ServerID) State {
	s.Health = slices.Clone(s.Health)
	if i := slices.Index(s.Config.Servers(), id); i >= 0 {
		s.Config = s.Config.Without(id)
		s.Health = slices.Delete(s.Health, i, i+1)
	}
	return s
}

// cluster is a small world in which decisions are carried out. What failed at the beginning stays
// so, and a new replica becomes healthy and then a voter.
type cluster struct {
	State
	fails   bool                   // what is of unknown health at the beginning turns out to fail
	retried bool                   // the first copy to each server fails
	free    []wire.ServerID        // servers without a replica
	tried   map[wire.ServerID]bool // servers to which a copy was made
	able    bool                   // enough voters are healthy at the beginning
	log     []Decision
}

// firstFree is the first of the servers without a replica at the beginning.
const firstFree = 100

func newCluster(s State, fails, maintenance, retried bool) *cluster {
	s.Health = slices.Clone(s.Health)
	c := &cluster{State: s, fails: fails, retried: retried, tried: map[wire.ServerID]bool{}}
	for id := range wire.ServerID(s.Factor) {
		c.free = append(c.free, firstFree+id)
	}
	for i, m := range s.Config.Members {
		if maintenance && failed(s.Health[i]) {
			c.Ignore = append(c.Ignore, m.ID)
		}
	}
	n := s.count()
	c.able = n.healthy >= majority(n.voters)
	return c
}

// limit is more decisions than any tablet of five members needs.
const limit = 40

// settle takes decisions until nothing changes, and says what went wrong.
func (c *cluster) settle(decide func(State) Decision) string {
	for range limit {
		d := decide(c.State)
		c.log = append(c.log, d)
		if d.Action == Evict && d.Server == c.Leader {
			return "the leader is evicted"
		}
		if !c.committable(d) {
			return "not committable"
		}
		if !c.carryOut(d) && !c.pass() {
			if d.Action == AddNonVoter || d.Action == AddVoter {
				return "no server is free"
			}
			return c.judge()
		}
	}
	return "it does not end"
}

// committable reports whether a majority is healthy once the configuration has changed. The master
// adds voters without asking for one.
func (c *cluster) committable(d Decision) bool {
	if d.Action != AddNonVoter && d.Action != Evict {
		return true
	}
	voters, able := 0, 0
	for i, m := range c.Config.Members {
		if !m.NonVoter && (d.Action != Evict || m.ID != d.Server) {
			voters++
			able += one(c.Health[i] == wire.Healthy)
		}
	}
	return able >= majority(voters)
}

// carryOut does what was decided, and reports whether that changed anything.
func (c *cluster) carryOut(d Decision) bool {
	switch d.Action {
	case AddNonVoter:
		return c.add(wire.Member{NonVoter: true, Promote: true})
	case AddVoter:
		return c.add(wire.Member{})
	case Evict:
		c.evict(d.Server)
		return true
	case StepDown:
		return c.handOver()
	}
	return false
}

// judge says what is wrong at the end: there should be as many voters as wanted, all of them
// healthy and to stay.
func (c *cluster) judge() string {
	n := c.count()
	if c.able && len(c.Ignore) == 0 && (n.viable != c.Factor || len(c.Config.Members) != c.Factor) {
		return "not restored"
	}
	return ""
}

// pass lets time pass, and reports whether anything has changed.
func (c *cluster) pass() bool {
	changed := false
	for i, m := range c.Config.Members {
		switch {
		case c.Health[i] == wire.HealthUnknown:
			c.Health[i] = c.outcome(m.ID)
			changed = true
		case m.NonVoter && m.Promote && c.Health[i] == wire.Healthy:
			c.State = c.with(wire.Member{ID: m.ID}, wire.Healthy)
			return true
		}
	}
	return changed
}

// outcome is what the health of a replica turns out to be.
func (c *cluster) outcome(id wire.ServerID) wire.Health {
	known := id < firstFree || c.tried[id]
	c.tried[id] = true
	if id < firstFree && c.fails || !known && c.retried {
		return wire.Failed
	}
	return wire.Healthy
}

// add makes a replica on the next free server, if there is one.
func (c *cluster) add(m wire.Member) bool {
	if len(c.free) == 0 {
		return false
	}
	m.ID, c.free = c.free[0], c.free[1:]
	c.State = c.with(m, wire.HealthUnknown)
	return true
}

// evict drops a replica; a server that only failed at its first copy is free again.
func (c *cluster) evict(id wire.ServerID) {
	if id >= firstFree {
		c.free = append(c.free, id)
	}
	c.State = c.without(id)
}

// handOver makes another healthy voter the leader, if a majority can elect it.
func (c *cluster) handOver() bool {
	if n := c.count(); n.healthy < majority(n.voters) {
		return false
	}
	for i, m := range c.Config.Members {
		if !m.NonVoter && m.ID != c.Leader && c.Health[i] == wire.Healthy {
			c.Leader = m.ID
			return true
		}
	}
	return false
}

// Decide343 against the rules as facts: each count by itself, and the victim by comparison.
func TestDecide343AgainstTheObvious(t *testing.T) {
	t.Parallel()
	for s := range states {
		for i := range s.Health {
			s.Ignore = s.Config.Servers()[:i]
			require.Equal(t, obvious(s), Decide343(s, Bugs{}), "%v", s)
		}
	}
}

type member struct {
	wire.Member
	health wire.Health
	leader bool
	ignore bool
}

func obvious(s State) Decision {
	var all []member
	for i, m := range s.Config.Members {
		all = append(all, member{m, s.Health[i], m.ID == s.Leader, slices.Contains(s.Ignore, m.ID)})
	}
	in := func(of ...func(member) bool) (matching []member) {
		for _, m := range all {
			if !slices.ContainsFunc(of, func(f func(member) bool) bool { return !f(m) }) {
				matching = append(matching, m)
			}
		}
		return matching
	}
	n := func(of ...func(member) bool) int { return len(in(of...)) }
	others := func(m member) bool { return m.NonVoter }
	stays := func(m member) bool { return !m.Replace }
	voter := func(m member) bool { return !m.NonVoter }
	healthy := func(m member) bool { return m.health == wire.Healthy }
	unknown := func(m member) bool { return m.health == wire.HealthUnknown }
	bad := func(m member) bool { return m.health >= wire.Failed }
	lost := func(m member) bool { return m.health == wire.FailedUnrecoverable }
	marked := func(m member) bool { return m.Replace }
	leader := func(m member) bool { return m.leader }
	follower := func(m member) bool { return !m.leader }
	need := func(m member) bool { return m.Replace || bad(m) && !m.ignore }
	promoted := func(m member) bool { return m.Promote && (!bad(m) || m.ignore) }

	viable := n(voter, healthy, stays)
	leaderOnly := n(voter, marked) == 1 && n(leader, marked) == 1
	reasons := viable > s.Factor || n(voter, bad) > 0 ||
		viable >= s.Factor && n(voter, unknown) > 0 ||
		!leaderOnly && n(voter, marked) > 0 && (n(voter, healthy) > s.Factor ||
			n(voter, healthy) == s.Factor && n(voter, marked) >= s.Factor &&
				(viable > 0 || n(voter, marked) > s.Factor))
	fromVoters := reasons && (n(voter) > s.Factor || n(voter, lost) > 0) &&
		2*n(voter, healthy) > n(voter)-1
	fromOthers := (viable >= s.Factor && n(others) > 0 || n(others, bad) > 0) &&
		2*n(voter, healthy) > n(voter)

	weight := []int{wire.HealthUnknown: 1, wire.Failed: 4, wire.FailedUnrecoverable: 8}
	worth := func(m member) int { return weight[m.health] + 2*one(m.Replace) }
	worst := func(of []member) Decision {
		slices.SortStableFunc(of, func(a, b member) int { return worth(b) - worth(a) })
		return Decision{Evict, of[0].ID}
	}
	switch {
	case fromOthers && (n(others, lost) > 0 || n(voter, lost) == 0 || !fromVoters):
		return worst(in(others))
	case fromVoters:
		d := worst(in(voter, follower))
		left := func(m member) bool { return m.ID != d.Server }
		if 2*n(voter, left, healthy) <= n(voter, left) {
			return Decision{}
		}
		return d
	case s.Factor > n(voter)-n(voter, need)+n(others, promoted) &&
		2*n(voter, healthy) > n(voter):
		return Decision{Action: AddNonVoter}
	case n(leader, marked) > 0 && n(voter, healthy) > s.Factor:
		return Decision{StepDown, s.Leader}
	}
	return Decision{}
}
