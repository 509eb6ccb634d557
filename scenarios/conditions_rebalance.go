package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"tabletop/model/rebalancer"
	"tabletop/model/wire"
)

// skewed wants the numbers of voters that tablet servers have, as the catalog knows them, to differ
// by that much or more, and even, by 1 at most.
func skewed(least int) condition {
	return spread(func(skew int) bool { return skew >= least })
}

func even(s *stage) string { return spread(func(skew int) bool { return skew <= 1 })(s) }

func spread(want func(skew int) bool) condition {
	return func(s *stage) string {
		counts := map[wire.ServerID]int{}
		for _, id := range s.r.c.TabletsOf("") {
			for _, voter := range s.r.c.Catalog().Tablets[id].Consensus.Config.Voters() {
				counts[voter]++
			}
		}
		least, greatest := -1, 0
		var lines []string
		for _, ts := range s.r.c.TServers {
			n := counts[ts.ID()]
			if least < 0 || n < least {
				least = n
			}
			greatest = max(greatest, n)
			lines = append(lines, fmt.Sprintf("%s %d", ts.Node().Name(), n))
		}
		text := strings.Join(lines, ", ")
		if !want(greatest - least) {
			return "the replicas of the servers are: " + text
		}
		s.tell("replicas: %s", text)
		return ""
	}
}

// voters wants a tablet server to be a voter of so many tablets, as the catalog knows them.
func voters(server string, want int) condition {
	return func(s *stage) string {
		n := 0
		for _, id := range s.r.c.TabletsOf("") {
			for _, voter := range s.r.c.Catalog().Tablets[id].Consensus.Config.Voters() {
				if s.r.c.World.Node(voter.Node()).Name() == server {
					n++
				}
			}
		}
		if n != want {
			return fmt.Sprintf("%s has %d replicas, not %d", server, n, want)
		}
		s.tell("%s has %d replicas", server, n)
		return ""
	}
}

// led wants a tablet server to lead so many tablets, as the catalog knows them.
func led(server string, want int) condition {
	return func(s *stage) string {
		n := 0
		for _, id := range s.r.c.TabletsOf("") {
			leader := s.r.c.Catalog().Tablets[id].Consensus.Leader
			if leader != wire.NoServer && s.r.c.World.Node(leader.Node()).Name() == server {
				n++
			}
		}
		if n != want {
			return fmt.Sprintf("%s leads %d tablets, not %d", server, n, want)
		}
		s.tell("%s leads %d tablets", server, n)
		return ""
	}
}

// ended wants the rebalancing tools to have ended just so, in this order.
func ended(want ...rebalancer.Result) condition {
	return func(s *stage) string {
		if !slices.Equal(s.tools, want) {
			return fmt.Sprintf("rebalancing has ended as %q, not %q", s.tools, want)
		}
		s.tell("rebalancing has ended as %q", want)
		return ""
	}
}

// watchTools follows how rebalancing ends.
func (s *stage) watchTools() {
	rebalancer.Ended.Subscribe(s.r.c.World, func(e rebalancer.Event) {
		if _, tool := e.By.(*rebalancer.Tool); tool {
			s.tools = append(s.tools, e.Result)
		}
	})
}
