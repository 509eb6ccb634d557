package scenarios

import (
	"fmt"
	"time"

	"tabletop/model/client"
	"tabletop/model/raft"
)

// What the acts of scripts want of the masters when leaderships change.

// oneLeads wants one master to lead and serve, and the others to follow it.
func oneLeads(s *stage) string {
	leader := s.leader()
	if leader == nil {
		return "no master leads"
	}
	for _, m := range s.r.c.Masters {
		if m == leader || !m.Node().Alive() {
			continue
		}
		c := m.Consensus()
		if c == nil || c.Role() == raft.Leader || c.Leader() != leader.ID() {
			return fmt.Sprintf("%s does not follow %s", m.Node().Name(), leader.Node().Name())
		}
	}
	return ""
}

// reigned wants that many leaderships of the masters to have become ready, no more.
func reigned(n int) condition {
	return func(s *stage) string {
		if len(s.reigns) != n {
			return fmt.Sprintf("there were %d leaderships of the masters, not %d", len(s.reigns), n)
		}
		return ""
	}
}

// latest holds a condition against the latest leadership of the masters.
func latest(want func(*stage, reign) string) condition {
	return func(s *stage) string {
		if len(s.reigns) == 0 {
			return "no master has led"
		}
		return want(s, s.reigns[len(s.reigns)-1])
	}
}

// knewAll wants the latest leader master to have known, when it was ready, every tablet server that
// ran.
var knewAll = latest(func(s *stage, r reign) string {
	s.tell("%s knew %d of %d tablet servers when it was ready", r.master, r.known, r.running)
	if r.known < r.running {
		return r.master + " did not know all tablet servers"
	}
	return ""
})

// rebuilt wants the caches of the latest leader master to have been, when it was ready, what its
// master tablet had: that many tables and tablets, with those that are no more.
func rebuilt(tables, tablets int) condition {
	return latest(func(s *stage, r reign) string {
		s.tell("%s had %d tables and %d tablets in its caches when it was ready", r.master,
			r.tables, r.tablets)
		switch {
		case r.differs != "":
			return fmt.Sprintf("%s did not have %s as the master tablet has it", r.master,
				r.differs)
		case r.tables != tables || r.tablets != tablets:
			return fmt.Sprintf("these are not %d tables and %d tablets", tables, tablets)
		}
		return ""
	})
}

// outdated wants the caches of a master, which does not lead, to differ from what the leader has.
func outdated(name string) condition {
	return func(s *stage) string {
		m := s.r.c.MasterOn(s.node(name).ID())
		differs := cachesDiffer(m, s.r.c.Catalog())
		if differs == "" || s.leader() == m {
			return name + " has the leader's caches"
		}
		s.tell("the caches of %s are of its own time: they have not what became of %s", name,
			differs)
		return ""
	}
}

// turnedAway wants that master to have told a client that it does not lead since the last such
// look.
func turnedAway(name string) condition {
	return func(s *stage) string {
		n := s.turned[name]
		if n == 0 {
			return name + " has turned nobody away"
		}
		s.tell("requests to which %s answered NOT_THE_LEADER: %d", name, n)
		s.turned[name] = 0
		return ""
	}
}

// answeredBy wants the latest answer to have come from that master.
func answeredBy(name string) condition {
	return func(s *stage) string {
		var last *asked
		for _, a := range s.asked {
			if a.Outcome != nil {
				last = a
			}
		}
		if last == nil || s.r.c.World.Node(last.Outcome.Master.Node()).Name() != name {
			return name + " did not answer last"
		}
		return ""
	}
}

// neverDenied wants that master to have answered no heartbeat, since that was noted, by saying that
// it does not lead.
func neverDenied(name string) condition {
	return func(s *stage) string {
		if s.denials[name] > 0 {
			return name + " has said to tablet servers that it does not lead"
		}
		return ""
	}
}

// once wants every DDL that was answered OK to have changed tables by one entry of the master
// tablet.
func once(s *stage) string {
	for _, a := range s.asked {
		if !a.Op.ChangesCatalog() || a.Outcome == nil || !a.Outcome.Status.OK() {
			continue
		}
		if n := s.effects[a.Request]; n != 1 {
			return fmt.Sprintf("op %d has taken effect %d times", a.Op.ID, n)
		}
	}
	return ""
}

// effectUnanswered wants the latest DDL to have taken effect, and nobody to have been told.
func effectUnanswered(s *stage) string {
	last := s.asked[len(s.asked)-1]
	if s.effects[last.Request] != 1 || last.Outcome != nil {
		return fmt.Sprintf("op %d is answered, or has no effect", last.Op.ID)
	}
	return ""
}

// tally tells how much was done, and wants that many leaderships of the masters at least.
func tally(reigns int) condition {
	return func(s *stage) string {
		times := map[client.Kind][]time.Duration{}
		for _, a := range s.asked {
			if a.Outcome != nil && a.Outcome.Status.OK() {
				times[a.Op.Kind] = append(times[a.Op.Kind], a.took)
			}
		}
		for _, kind := range client.Kinds {
			if of := times[kind]; of != nil {
				s.tell("%s: %d answered OK, in %v by the median and %v at most", kind, len(of),
					median(of).Round(ms), percentile(of, 100).Round(ms))
			}
		}
		s.tell("leaderships of the masters: %d", len(s.reigns))
		if len(s.reigns) < reigns {
			return fmt.Sprintf("there were fewer than %d leaderships", reigns)
		}
		return ""
	}
}

// reportsDue tells, as a step, what the tablets' leaders have to say to master-1, and tablesEnd how
// the tables ended; they want nothing.
func reportsDue(number int) condition {
	return func(s *stage) string { return s.tellReports(number) }
}

func tablesEnd(number int) condition {
	return func(s *stage) string { return s.tellEnd(number) }
}
