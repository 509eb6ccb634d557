package client

import (
	"slices"

	"tabletop/model/wire"
	"tabletop/sim"
)

// FindLeader asks all masters at once which one leads. The first that says so wins, however old
// its term; if none does, the search ends when the last answer is in. It also returns who the
// masters are: as the leader says, or, if none is found, all that anybody knows; and where the
// leader says that the caller is. Follows ConnectToClusterRpc.
func FindLeader(p *sim.Proc, masters []wire.ServerID, deadline sim.Time) (leader wire.ServerID,
	all []wire.ServerID, location string) {
	found, pending := wire.NoServer, len(masters)
	all = slices.Clone(masters)
	var news sim.Cond
	for _, m := range masters {
		cause := p.ForkCause()
		p.Node().Go("ask for the leader", func(p *sim.Proc) {
			p.InheritCause(cause)
			resp, err := p.Call(m.Node(), &wire.ConnectToMaster{}, deadline)
			answer, ok := resp.(*wire.ConnectResponse)
			if ok && err == nil && found == wire.NoServer {
				if answer.Leader {
					found, all, location = m, answer.Masters, answer.Location
				} else {
					all = union(all, answer.Masters)
				}
			}
			pending--
			news.Broadcast()
		})
	}
	for found == wire.NoServer && pending > 0 {
		news.Wait(p, "a master that leads")
	}
	return found, all, location
}

// union returns the servers of both lists.
func union(a, b []wire.ServerID) []wire.ServerID {
	for _, id := range b {
		if !slices.Contains(a, id) {
			a = append(a, id)
		}
	}
	return a
}
