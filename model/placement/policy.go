// Package placement chooses tablet servers for replicas: first locations, so that losing one takes
// down as few tablets as can be, then servers in them, by load. It is arithmetic only: no process,
// no time. Its nouns are Server (one that may take a replica now), Policy (how to choose among
// them) and Recent (replicas that a server was lately chosen for).
//
//tabletop:deterministic
package placement

import (
	"slices"
	"strings"

	"tabletop/model/wire"
)

// Server is a tablet server that may take a replica.
type Server struct {
	ID       wire.ServerID
	Location string // empty: none; all servers without one count as one location
	Live     int    // replicas that are whole
	Loads    Loads
}

// Loads are what a server has of a tablet's range, of its table, and in all: live replicas and
// those that it was lately chosen for, in units of 1/Whole. For a tablet with a label the live ones
// in all are those with the same label.
type Loads struct{ Range, Table, Total int64 }

// Whole is the load of one live replica.
const Whole = 1 << 20

// Policy places the replicas of one tablet (PlacementPolicy).
type Policy struct {
	// Servers are those that live, as far as is known, and are not in maintenance, by id.
	Servers []Server
	// Draw breaks ties: it returns a number below its argument.
	Draw func(n int) int
	// TwoChoices takes the better of two servers that are drawn, instead of the best of all
	// (enable_range_replica_placement off).
	TwoChoices bool
	// EvenAllInOne lets one of two locations have all replicas (KUDU-3008).
	EvenAllInOne bool
}

// Place returns the servers for that many replicas of a new tablet, by id; nil if there are too
// few. Follows PlacementPolicy::PlaceTabletReplicas.
func (p Policy) Place(replicas int) []wire.ServerID {
	if len(p.Servers) < replicas {
		return nil
	}
	all := p.locations()
	for range replicas {
		p.selectLocation(all, replicas).placed++
	}
	var chosen []wire.ServerID
	for _, l := range all {
		for range l.placed {
			chosen = append(chosen, p.selectServer(l, chosen))
		}
	}
	slices.Sort(chosen)
	return chosen
}

// PlaceExtra returns the server for one more replica of a tablet, or NoServer if there is none. The
// members are those of its configuration that are known at all: a member that is not among the
// servers takes no room in its location, and counts for what a majority is. Follows
// PlacementPolicy::PlaceExtraTabletReplica.
func (p Policy) PlaceExtra(members []wire.ServerID) wire.ServerID {
	all := p.locations()
	for _, l := range all {
		for _, s := range l.servers {
			if slices.Contains(members, s.ID) {
				l.placed++
			}
		}
	}
	l := p.selectLocation(all, len(members)+1)
	if l == nil {
		return wire.NoServer
	}
	return p.selectServer(l, members)
}

// location is servers that may go down together.
type location struct {
	name    string
	servers []Server
	placed  int // replicas of the tablet
}

// locations returns the locations that have servers, by name.
func (p Policy) locations() []*location {
	var all []*location
	for _, s := range p.Servers {
		i, found := slices.BinarySearchFunc(all, s.Location, func(l *location, name string) int {
			return strings.Compare(l.name, name)
		})
		if !found {
			all = slices.Insert(all, i, &location{name: s.Location})
		}
		all[i].servers = append(all[i].servers, s)
	}
	return all
}

// selectLocation returns the least loaded location that has a server left and would not get too
// many of so many replicas; if there is none, the least loaded that has a server left, since the
// number of replicas comes before where they are; nil if no server is left. Follows
// PlacementPolicy::SelectLocation.
func (p Policy) selectLocation(all []*location, replicas int) *location {
	var normal, overflow []*location
	for _, l := range all {
		switch {
		case l.placed >= len(l.servers):
		case p.overflows(len(all), l.placed, replicas):
			overflow = append(overflow, l)
		default:
			normal = append(normal, l)
		}
	}
	if len(normal) == 0 {
		normal = overflow
	}
	return pick(p, normal, func(a, b *location) int {
		return a.load()*len(b.servers) - b.load()*len(a.servers)
	})
}

// load is the location's replicas, of which those of the tablet may be counted twice, as in
// PlacementPolicy::GetLocationLoad. It is to be divided by the number of its servers.
func (l *location) load() int {
	n := l.placed
	for _, s := range l.servers {
		n += s.Live
	}
	return n
}

// overflows reports whether one more replica gives a location too many: a majority, or, of two
// locations, one of which must have that, more than half of them rounded down. One is never too
// many.
func (p Policy) overflows(locations, placed, replicas int) bool {
	switch {
	case placed == 0 || locations == 1:
		return false
	case locations == 2:
		return !p.EvenAllInOne && placed+1 > replicas/2
	}
	return placed+1 >= (replicas+1)/2
}

// selectServer returns a server of a location, but none of those to be left out. Follows
// PlacementPolicy::SelectReplica.
func (p Policy) selectServer(l *location, without []wire.ServerID) wire.ServerID {
	free := slices.DeleteFunc(slices.Clone(l.servers), func(s Server) bool {
		return slices.Contains(without, s.ID)
	})
	if p.TwoChoices {
		for len(free) > 2 {
			i := p.Draw(len(free))
			free = slices.Delete(free, i, i+1)
		}
		for i := range free { // only the total counts
			free[i].Loads.Range, free[i].Loads.Table = 0, 0
		}
	}
	return pick(p, free, func(a, b Server) int { return a.Loads.compare(b.Loads) }).ID
}

// compare looks at the range first, then at the table, then at all.
func (l Loads) compare(o Loads) int {
	for _, d := range []int64{l.Range - o.Range, l.Table - o.Table, l.Total - o.Total} {
		switch {
		case d < 0:
			return -1
		case d > 0:
			return 1
		}
	}
	return 0
}

// pick returns one of the least, or nothing if there are none.
func pick[T any](p Policy, from []T, compare func(a, b T) int) (least T) {
	var equal []T
	for _, x := range from {
		c := -1
		if len(equal) > 0 {
			c = compare(x, equal[0])
		}
		switch {
		case c < 0:
			equal = append(equal[:0], x)
		case c == 0:
			equal = append(equal, x)
		}
	}
	switch len(equal) {
	case 0:
		return least
	case 1:
		return equal[0]
	}
	return equal[p.Draw(len(equal))]
}

// Violates reports whether the loss of one location would leave a tablet without a majority, given
// where its replicas are: what the policy is to prevent. One replica is exempt
// (DetectPlacementPolicyViolations).
func Violates(where []string, factor int) bool {
	for _, l := range where {
		n := 0
		for _, other := range where {
			if l == other {
				n++
			}
		}
		if l != "" && factor > 1 && n > (factor-1)/2 {
			return true
		}
	}
	return false
}
