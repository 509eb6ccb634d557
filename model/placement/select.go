// Package placement chooses tablet servers for replicas. It is arithmetic only: no process, no
// time. There are no locations yet; all servers count as one.
//
//tabletop:deterministic
package placement

import (
	"slices"

	"tabletop/model/wire"
)

// Server is a tablet server that may take a replica.
type Server struct {
	ID wire.ServerID
	// Load is its live replicas and those it was lately chosen for.
	Load int
}

// Select returns the servers for that many replicas of one tablet: the least loaded ones, ties
// broken by draw, which returns a number below its argument. It returns nil if there are too
// few servers. Follows PlacementPolicy::SelectReplicas.
func Select(servers []Server, replicas int, draw func(n int) int) []wire.ServerID {
	if len(servers) < replicas {
		return nil
	}
	left := slices.Clone(servers)
	var chosen []wire.ServerID
	for range replicas {
		least := slices.MinFunc(left, func(a, b Server) int { return a.Load - b.Load }).Load
		var equal []int
		for i, s := range left {
			if s.Load == least {
				equal = append(equal, i)
			}
		}
		i := equal[draw(len(equal))]
		chosen = append(chosen, left[i].ID)
		left = slices.Delete(left, i, i+1)
	}
	slices.Sort(chosen)
	return chosen
}
