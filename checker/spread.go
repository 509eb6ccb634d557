package checker

import (
	"slices"

	"tabletop/model/master"
	"tabletop/model/wire"
	"tabletop/sim"
)

// What the judge of placements has to say about locations. It goes by what the master knew at the
// instant of the choice, and counts anew what would have been possible.

func (c *placements) watchLocations() {
	w := c.j.c.World
	master.ReplicasPlaced.Subscribe(w, c.chosen)
	master.Registered.Subscribe(w, c.registered)
}

// registered wants a server to be where the mapping says when it registers.
func (c *placements) registered(e master.TServerEvent) {
	*c.looked++
	name := e.Master.Node().Name()
	n := c.j.c.World.Node(e.TServer.Node())
	told, _ := c.j.c.LocationOf(n, name)
	if got := e.Master.Location(e.TServer); got != told {
		c.broken("not-as-mapped", "%s registers %s in %q, and the mapping says %q", name, n.Name(),
			got, told)
	}
}

// chosen looks at a choice of servers.
func (c *placements) chosen(e master.PlacementEvent) {
	*c.looked++
	sites := c.sites(e)
	for _, id := range e.Chosen {
		n := c.j.c.World.Node(id.Node())
		if at := e.LocationOf(id); len(e.Pinned) > 0 && !slices.Contains(e.Pinned, at) {
			c.broken("not-where-pinned", "%v; it is bound to %v", e, e.Pinned)
		}
		if e.Master.Store().Maintenance[id] {
			c.broken("in-maintenance", "%v, though %s is in maintenance", e, n.Name())
		}
	}
	if len(sites) < 2 {
		return
	}
	if e.Members == nil {
		c.judgeTablet(e, sites)
	} else {
		c.judgeExtra(e, sites)
	}
}

// site is a location: its servers that may be chosen, how many of them have a replica already, and
// how many were chosen.
type site struct{ servers, members, chosen int }

// sites counts by location. A server that the master takes for live counts even if it left it out.
func (c *placements) sites(e master.PlacementEvent) map[string]*site {
	sites := map[string]*site{}
	count := func(id wire.ServerID, location string) {
		s := sites[location]
		if s == nil {
			s = &site{}
			sites[location] = s
		}
		s.servers++
		if slices.Contains(e.Members, id) {
			s.members++
		}
		if slices.Contains(e.Chosen, id) {
			s.chosen++
		}
	}
	for _, s := range e.Servers {
		count(s.ID, s.Location)
	}
	for _, ts := range c.j.c.TServers {
		id, left := ts.ID(), true
		for _, s := range e.Servers {
			left = left && s.ID != id
		}
		at := e.Master.Location(id)
		if left && e.Master.TakesForLive(id) && !e.Master.Store().Maintenance[id] &&
			(len(e.Pinned) == 0 || slices.Contains(e.Pinned, at)) {
			count(id, at)
		}
	}
	return sites
}

// tolerable is how many of so many replicas one location may have if it can be helped: those that
// leave the others a majority. Of two locations one must have more.
func tolerable(replicas, locations int) int {
	if locations == 2 {
		return replicas / 2
	}
	return (replicas - 1) / 2
}

// judgeTablet wants no location of a new tablet to have more than is tolerable, or than the fullest
// must have.
func (c *placements) judgeTablet(e master.PlacementEvent, sites map[string]*site) {
	most, least := 0, 1
	for room := 0; room < e.Factor && least <= e.Factor; least++ {
		room = 0
		for _, l := range sim.Keys(sites) {
			room += min(sites[l].servers, least)
		}
	}
	least--
	for _, l := range sim.Keys(sites) {
		most = max(most, sites[l].chosen)
	}
	if most > max(tolerable(e.Factor, len(sites)), least) {
		c.broken("crowded", "%v: %d of %d in one location, where %d would do", e, most, e.Factor,
			least)
	}
	if must := e.Factor > 1 && most > (e.Factor-1)/2; must != e.Violates {
		c.broken("not-recorded", "%v: a violation, %v, is recorded as %v", e, must, e.Violates)
	}
}

// judgeExtra wants an extra replica in a location that has not too many by it, if there is one with
// a server left. A member that is not known to live counts nowhere.
func (c *placements) judgeExtra(e master.PlacementEvent, sites map[string]*site) {
	is, least := 0, len(e.Members)+1
	for _, l := range sim.Keys(sites) {
		s := sites[l]
		if s.chosen > 0 {
			is = s.members + 1
		}
		if s.servers > s.members {
			least = min(least, s.members+1)
		}
	}
	if is > max(tolerable(len(e.Members)+1, len(sites)), least) {
		c.broken("crowded", "%v: with it %d of %d, where %d would do", e, is, len(e.Members)+1,
			least)
	}
}
