package client

import (
	"tabletop/model/wire"
	"tabletop/sim"
)

// FindLeader asks all masters at once which one leads. The first that says so wins, however old
// its term; if none does, the search ends when the last answer is in. The leader also tells who the
// masters are. Follows ConnectToClusterRpc.
func FindLeader(p *sim.Proc, masters []wire.ServerID, deadline sim.Time) (leader wire.ServerID,
	all []wire.ServerID) {
	found, pending := wire.NoServer, len(masters)
	var news sim.Cond
	for _, m := range masters {
		cause := p.ForkCause()
		p.Node().Go("ask for the leader", func(p *sim.Proc) {
			p.InheritCause(cause)
			resp, err := p.Call(m.Node(), &wire.ConnectToMaster{}, deadline)
			if err == nil && resp.(*wire.ConnectResponse).Leader && found == wire.NoServer {
				found, all = m, resp.(*wire.ConnectResponse).Masters
			}
			pending--
			news.Broadcast()
		})
	}
	for found == wire.NoServer && pending > 0 {
		news.Wait(p, "a master that leads")
	}
	return found, all
}
