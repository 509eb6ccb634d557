package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/wire"
	"tabletop/sim"
)

// What the acts of scripts want of locations.

// eachTablet looks at the tablets of a table and the locations of their voters, as the catalog and
// the mapping have them.
func eachTablet(table string, look func(id wire.TabletID, where map[string]int) string) condition {
	return func(s *stage) string {
		ids := s.r.c.TabletsOf(table)
		if len(ids) == 0 {
			return "there is no tablet of " + table
		}
		for _, id := range ids {
			where := map[string]int{}
			for _, voter := range s.r.c.Catalog().Tablets[id].Consensus.Config.Voters() {
				l, _ := s.r.c.LocationOf(s.r.c.World.Node(voter.Node()), "")
				where[l]++
			}
			if wrong := look(id, where); wrong != "" {
				return wrong
			}
		}
		return ""
	}
}

// fullest wants the location that has most of a tablet to have exactly that many of its voters, for
// each tablet of a table.
func fullest(table string, want int) condition {
	return eachTablet(table, func(id wire.TabletID, where map[string]int) string {
		most := 0
		for _, l := range sim.Keys(where) {
			most = max(most, where[l])
		}
		if most != want {
			return fmt.Sprintf("%v has its voters in %v, not %d in the fullest", id, where, want)
		}
		return ""
	})
}

// within wants all voters of a table to be in these locations.
func within(table string, locations ...string) condition {
	return eachTablet(table, func(id wire.TabletID, where map[string]int) string {
		for _, l := range sim.Keys(where) {
			if !slices.Contains(locations, l) {
				return fmt.Sprintf("%v has its voters in %v", id, where)
			}
		}
		return ""
	})
}

// in wants every tablet of a table to have a voter in a location.
func in(location, table string) condition {
	return eachTablet(table, func(id wire.TabletID, where map[string]int) string {
		if where[location] == 0 {
			return fmt.Sprintf("%v has its voters in %v, none in %s", id, where, location)
		}
		return ""
	})
}

// holders wants the voters of a range of a table to be on just these servers, one on each, as the
// catalog knows them.
func holders(table, keys string, servers ...string) condition {
	return func(s *stage) string {
		var voters []wire.ServerID
		for _, id := range s.r.c.TabletsOf(table) {
			row := s.r.c.Catalog().Tablets[id]
			if row.Partition.Range.String() == keys {
				voters = append(voters, row.Consensus.Config.Voters()...)
			}
		}
		slices.Sort(voters)
		if got := s.names(voters); got != strings.Join(servers, ", ") {
			return fmt.Sprintf("the replicas of %s for %s are on %s", table, keys, got)
		}
		s.tell("replicas of %s for %s: on %s", table, keys, strings.Join(servers, " and "))
		return ""
	}
}

// labelled wants the leader master to count so many live replicas with a label on each tablet
// server.
func labelled(label wire.Dimension, want ...int) condition {
	return func(s *stage) string {
		m := s.leader()
		if m == nil {
			return "no master leads"
		}
		var got []int
		var lines []string
		for _, ts := range s.r.c.TServers {
			n := wire.LiveOf(m.LiveByDimension(ts.ID()), label)
			got = append(got, n)
			lines = append(lines, fmt.Sprintf("%s %d of %d", ts.Node().Name(), n,
				m.LiveTablets(ts.ID())))
		}
		if !slices.Equal(got, want) {
			return fmt.Sprintf("%s counts %v replicas with the label %s, not %v", m.Node().Name(),
				got, label, want)
		}
		s.tell("replicas with the label %s: %s", label, strings.Join(lines, ", "))
		return ""
	}
}

// unavailable wants exactly that many tablets of a table to have no leader that runs with a
// majority of the voters.
func unavailable(table string, want int) condition {
	return func(s *stage) string {
		n := 0
		ids := s.r.c.TabletsOf(table)
		for _, id := range ids {
			voters := s.r.c.Catalog().Tablets[id].Consensus.Config.Voters()
			running := 0
			for _, voter := range voters {
				ts := s.r.c.TServerOn(voter.Node())
				if ts.ID() == voter && ts.Node().Alive() && ts.Replica(id) != nil {
					running++
				}
			}
			if s.r.c.LeaderOf(id) == nil || 2*running <= len(voters) {
				n++
			}
		}
		if n != want {
			return fmt.Sprintf("%d of %d tablets of %s are unavailable, not %d", n, len(ids), table,
				want)
		}
		s.tell("tablets of %s that are unavailable: %d of %d", table, n, len(ids))
		return ""
	}
}

// violations wants that many placements to have been recorded as against the policy so far.
func violations(want int) condition {
	return func(s *stage) string {
		if s.violations != want {
			return fmt.Sprintf("%d violations of the policy are recorded, not %d", s.violations,
				want)
		}
		s.tell("placements recorded as against the policy: %d", want)
		return ""
	}
}

// readsAt wants a client's last scan to have gone to a server in a location.
func readsAt(who, location string) condition {
	return func(s *stage) string {
		to := s.scanned[who]
		if to == nil {
			return who + " has read nothing"
		}
		if l, _ := s.r.c.LocationOf(to, ""); l != location {
			return fmt.Sprintf("%s has read from %s in %s", who, to.Name(), l)
		}
		s.tell("%s reads from %s, in %s", who, to.Name(), location)
		return ""
	}
}

// refused wants the last request for a table to have been refused with a code.
func refused(name string, code wire.Code) condition {
	return func(s *stage) string {
		var last *client.Outcome
		for _, a := range s.asked {
			if a.Op.Name == name {
				last = a.Outcome
			}
		}
		if last == nil || last.Status.Code != code {
			return fmt.Sprintf("%s: %v, not %v", name, last, code)
		}
		return ""
	}
}

// watchPlaces follows where replicas are placed and read.
func (s *stage) watchPlaces() {
	w := s.r.c.World
	master.ReplicasPlaced.Subscribe(w, func(e master.PlacementEvent) {
		if e.Violates {
			s.violations++
		}
	})
	sim.Sent.Subscribe(w, func(e *sim.Envelope) {
		if _, is := e.Msg.(*wire.ScanRequest); is {
			s.scanned[w.Node(e.From).Name()] = w.Node(e.To)
		}
	})
}
