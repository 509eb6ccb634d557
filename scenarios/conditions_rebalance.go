package scenarios

import (
	"fmt"
	"strings"

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
