package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"tabletop/model/client"
	"tabletop/model/wire"
)

// What the acts of scripts want.

// leads wants that master to lead and serve, and if nobody is named, none to.
func leads(name string) condition {
	return func(s *stage) string {
		who := ""
		if m := s.leader(); m != nil {
			who = m.Node().Name()
		}
		if who != name {
			return fmt.Sprintf("%q leads the masters, not %q", who, name)
		}
		return ""
	}
}

// anotherLeads wants a master to lead and serve, but not that one.
func anotherLeads(than string) condition {
	return func(s *stage) string {
		if m := s.leader(); m == nil || m.Node().Name() == than {
			return "no other master than " + than + " leads"
		}
		return ""
	}
}

// tabletLed wants that server to lead the first tablet of a table.
func tabletLed(table, name string) condition {
	return func(s *stage) string {
		if n := s.node("tablet-leader:" + table); n == nil || n.Name() != name {
			return fmt.Sprintf("%s does not lead the tablet of %s", name, table)
		}
		return ""
	}
}

// masters wants exactly these to be the masters, all of them voters, and every tablet server that
// runs to be registered with each that runs.
func masters(names ...string) condition {
	return func(s *stage) string {
		m := s.leader()
		if m == nil {
			return "no master leads"
		}
		c := m.Consensus().Config()
		if got := s.names(c.Servers()); got != strings.Join(names, ", ") ||
			len(c.Voters()) != len(names) {
			return fmt.Sprintf("the masters are %s, %d of them voters", got, len(c.Voters()))
		}
		for _, id := range c.Voters() {
			other := s.r.c.MasterOn(id.Node())
			for _, ts := range s.r.c.TServers {
				known, _ := other.Knows(ts.ID())
				if other.ID() == id && other.Node().Alive() && ts.Node().Alive() && !known {
					return ts.Node().Name() + " is not registered with " + other.Node().Name()
				}
			}
		}
		return ""
	}
}

// down wants a node's program not to run.
func down(name string) condition {
	return func(s *stage) string {
		if s.node(name).Alive() {
			return name + " runs"
		}
		return ""
	}
}

// lost wants the machines to be gone for good.
func lost(names ...string) condition {
	return func(s *stage) string {
		for _, name := range names {
			if !s.node(name).Retired() {
				return name + " is not lost"
			}
		}
		return ""
	}
}

// clientsKnow wants every client to know exactly these masters.
func clientsKnow(names ...string) condition {
	return func(s *stage) string {
		for _, c := range s.r.c.Clients {
			if got := s.names(c.Masters()); got != strings.Join(names, ", ") {
				return fmt.Sprintf("%s knows %s for masters", c.Node().Name(), got)
			}
		}
		return ""
	}
}

// silent wants no master ever to have asked another for a vote or sent it an entry.
func silent(s *stage) string {
	if s.campaigns > 0 {
		return fmt.Sprintf("%d messages about the master tablet were sent", s.campaigns)
	}
	return ""
}

// servedIn is how long an operation may be under way when all are to be served: a client that
// called a machine which is silent asks another after 10 s.
const servedIn = 11 * sec

// served wants all that was asked so far to be answered OK, but what has just been asked, and some
// DDL to have been answered since the last such look.
func served(s *stage) string {
	n := 0
	for _, a := range s.asked {
		switch {
		case a.Outcome == nil && s.r.c.World.Now().Sub(a.at) < servedIn:
		case a.Outcome == nil:
			return fmt.Sprintf("op %d is unanswered", a.Op.ID)
		case !a.Outcome.Status.OK():
			return fmt.Sprintf("op %d: %v", a.Op.ID, a.Outcome)
		case a.Op.ChangesCatalog():
			n++
		}
	}
	if n == s.answered {
		return "no DDL was answered"
	}
	s.tell("DDL answered OK meanwhile: %d, otherwise: 0", n-s.answered)
	s.answered = n
	return ""
}

// interrupted wants that many DDL operations, or more, to have been under way when the last fault
// struck.
func interrupted(least int) condition {
	return func(s *stage) string {
		if s.open < least {
			return fmt.Sprintf("only %d DDL were under way", s.open)
		}
		s.tell("DDL under way at that instant: %d", s.open)
		return ""
	}
}

// kept wants the catalog to have all that was acknowledged.
func kept(s *stage) string {
	store := s.r.c.Catalog()
	if store == nil {
		return "no master leads"
	}
	dropped := map[string]bool{}
	for _, a := range s.asked {
		dropped[a.Op.Name] = dropped[a.Op.Name] || a.Op.Kind == client.Delete
	}
	for _, a := range s.asked {
		if a.Outcome == nil || !a.Outcome.Status.OK() || !a.Op.ChangesCatalog() {
			continue
		}
		t := store.Tables[a.Outcome.Table]
		if t == nil || t.Version < a.Outcome.Version || a.Op.Kind == client.Delete && t.Live() ||
			!dropped[a.Op.Name] && !t.Live() {
			return fmt.Sprintf("op %d was answered %v, and the catalog does not have that",
				a.Op.ID, a.Outcome)
		}
	}
	return ""
}

// replicated wants every tablet of a table, or of all tables, to have as many voters as its
// replication factor, each with a replica that runs, and nobody else.
func replicated(table string) condition {
	return func(s *stage) string {
		ids := s.r.c.TabletsOf(table)
		if len(ids) == 0 {
			return "there is no tablet of " + table
		}
		for _, id := range ids {
			n := s.r.c.LeaderOf(id)
			if n == nil {
				return fmt.Sprintf("nobody leads %v", id)
			}
			store := s.r.c.Catalog()
			want := store.Tables[store.Tablets[id].Table].Replicas
			c := s.r.c.TServerOn(n.ID()).Replica(id).Config()
			running := 0
			for _, voter := range c.Voters() {
				ts := s.r.c.TServerOn(voter.Node())
				if ts.ID() == voter && ts.Node().Alive() && ts.Replica(id) != nil {
					running++
				}
			}
			if running != want || len(c.Members) != want {
				return fmt.Sprintf("%v has the members %s, %d voters of which run; it wants %d", id,
					s.names(c.Servers()), running, want)
			}
		}
		return ""
	}
}

// grew wants the configurations of a table's first tablet, or of the master tablet, to have had
// that many voters, one after another.
func grew(table string, counts ...int) condition {
	return func(s *stage) string {
		id := wire.SysCatalog
		if table != "" {
			id = append(s.r.c.TabletsOf(table), wire.SysCatalog)[0]
		}
		if got := slices.Compact(slices.Clone(s.voters[id])); !slices.Equal(got, counts) {
			return fmt.Sprintf("%v has had %v voters, not %v", id, got, counts)
		}
		return ""
	}
}

// without wants no tablet to have a member on a server which had some when that was noted.
func without(name string) condition {
	return func(s *stage) string {
		if len(s.noted.replicas[name]) == 0 {
			return name + " had no replica"
		}
		for _, id := range s.r.c.TabletsOf("") {
			for _, member := range s.r.c.Catalog().Tablets[id].Consensus.Config.Servers() {
				if s.r.c.World.Node(member.Node()).Name() == name {
					return fmt.Sprintf("%v has a member on %s", id, name)
				}
			}
		}
		return ""
	}
}

// leftBehind wants what a server had when that was noted to be a tombstone now, and nothing where
// the table is no more; both must have come to pass.
func leftBehind(name string) condition {
	return func(s *stage) string {
		buried, gone := 0, 0
		ts, live := s.r.c.TServerOn(s.node(name).ID()), s.r.c.TabletsOf("")
		for _, id := range s.noted.replicas[name] {
			want, count := wire.DataDeleted, &gone
			if slices.Contains(live, id) {
				want, count = wire.DataTombstoned, &buried
			}
			if got := ts.Data(id); got != want {
				return fmt.Sprintf("%s has %v of %v, not %v", name, got, id, want)
			}
			*count++
		}
		if buried == 0 || gone == 0 {
			return fmt.Sprintf("%d replicas are tombstones and %d are gone", buried, gone)
		}
		return ""
	}
}

// newTerms wants that many terms of a table's first tablet, or of the master tablet, to have begun
// since they were noted.
func newTerms(table string, n int64) condition {
	return func(s *stage) string {
		c := s.consensus(table)
		if c == nil {
			return "nobody leads " + table
		}
		if got := c.Term() - s.noted.terms[table]; got != n {
			return fmt.Sprintf("%d terms have begun, not %d", got, n)
		}
		return ""
	}
}

// unreplicated wants some tablet to lack a replica.
func unreplicated(s *stage) string {
	if replicated("")(s) == "" {
		return "no tablet lacks a replica"
	}
	return ""
}
