package checker

import (
	"fmt"
	"slices"
	"time"

	"tabletop/model"
	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/wire"
	"tabletop/sim"
)

// availability judges refusals that depend on soft state: a CreateTable, or an AlterTable that
// wants more replicas, may be refused for want of live tablet servers only if they are wanting, be
// it for the replication factor or for the number of tablets.
// Servers that have been up, and connected to the master that refused, since the warm-up or for
// long enough to have registered, are not.
type availability struct {
	j      *Judges
	looked *int
	since  map[sim.NodeID]sim.Time    // since when a node runs without a pause
	healed map[sim.Direction]sim.Time // since when a direction that was cut passes again
	// moved tells when the location mapping last said otherwise of a node, or its maintenance began
	// or ended.
	moved map[sim.NodeID]sim.Time
	// troubled nodes were slow, or had a disk or clock at fault, until then.
	troubled map[sim.NodeID]sim.Time
}

// registration is how long a tablet server may take to become known to a master that it can
// reach: a heartbeat to be told to register, one to do it, and the time-out of one that hangs.
const registration = 20 * time.Second

func watchAvailability(j *Judges) {
	a := &availability{j: j, looked: j.counter(Availability), since: map[sim.NodeID]sim.Time{},
		healed: map[sim.Direction]sim.Time{}, troubled: map[sim.NodeID]sim.Time{},
		moved: map[sim.NodeID]sim.Time{}}
	begin := func(e sim.NodeEvent) { a.since[e.Node.ID()] = j.c.World.Now() }
	end := func(e sim.NodeEvent) { delete(a.since, e.Node.ID()) }
	sim.NodeUp.Subscribe(j.c.World, begin)
	sim.NodeResumed.Subscribe(j.c.World, begin)
	sim.NodePaused.Subscribe(j.c.World, end)
	sim.NodeDown.Subscribe(j.c.World, end)
	sim.NodeDisturbed.Subscribe(j.c.World, func(e sim.NodeEvent) {
		a.troubled[e.Node.ID()] = sim.Never
	})
	sim.NodeRestored.Subscribe(j.c.World, func(e sim.NodeEvent) {
		a.troubled[e.Node.ID()] = j.c.World.Now()
	})
	sim.LinkRestored.Subscribe(j.c.World, func(e sim.LinkEvent) {
		a.healed[sim.Direction{From: e.From.ID(), To: e.To.ID()}] = j.c.World.Now()
	})
	model.Relocated.Subscribe(j.c.World, func(e model.RelocationEvent) {
		a.moved[e.Node.ID()] = j.c.World.Now()
	})
	master.Applied.Subscribe(j.c.World, func(e master.AppliedEvent) {
		for _, change := range e.Batch.Maintenance {
			a.moved[change.Server.Node()] = j.c.World.Now()
		}
	})
	client.Answered.Subscribe(j.c.World, a.answered)
}

func (a *availability) answered(e client.OpEvent) {
	if !e.Op.ChangesCatalog() || e.Op.Replicas == 0 || e.Outcome.Master == wire.NoServer {
		return // or no master has answered
	}
	*a.looked++
	needed := e.Op.Replicas
	switch e.Outcome.Status.Code {
	case wire.ReplicationFactorTooHigh, wire.TooFewInLocations:
	case wire.TooManyTablets:
		const most = master.MaxCreateTabletsPerTS
		needed = (e.Op.Replicas*len(e.Op.Partitions().Partitions()) + most - 1) / most
	default:
		return
	}
	since := a.since[e.Outcome.Master.Node()]
	if halfway := e.Outcome.Status.Code != wire.ReplicationFactorTooHigh; halfway &&
		a.j.c.World.Now().Sub(since) < registration {
		return // a master that has just started says these before the client's time is over
	}
	steady := len(a.j.c.TServers)
	for _, where := range a.bounds(e) {
		n := 0
		for _, id := range a.j.c.TServerNodes() {
			if a.steady(id, e.Outcome.Master.Node()) && a.serves(id, e, where) {
				n++
			}
		}
		steady = min(steady, n)
	}
	if steady >= needed {
		a.j.report(Violation{Oracle: Availability, Object: "table", Reason: "refused-for-good",
			Detail: fmt.Sprintf("%s op %d: %v, refused by %s with %v, though %d tablet servers "+
				"run and can reach it", e.Client.Node().Name(), e.Op.ID, e.Op,
				a.j.c.World.Node(e.Outcome.Master.Node()).Name(), e.Outcome.Status, steady)})
	}
}

// bounds returns the locations that the table which is asked for is bound to; several such lists if
// it may be another one by now that has the name.
func (a *availability) bounds(e client.OpEvent) [][]string {
	if e.Op.Kind == client.Create || e.Outcome.Status.Code != wire.TooFewInLocations {
		return [][]string{e.Op.Locations}
	}
	var all [][]string
	store := a.j.c.MasterOn(e.Outcome.Master.Node()).Store()
	for _, id := range sim.Keys(store.Tables) {
		if where := store.Tables[id].Locations; len(where) > 0 {
			all = append(all, where)
		}
	}
	return all
}

// serves reports whether a tablet server may get replicas and is in one of the locations, or there
// are none: where the master took it to be when it registered, or is told that it is.
func (a *availability) serves(ts sim.NodeID, e client.OpEvent, where []string) bool {
	w := a.j.c.World
	m := a.j.c.MasterOn(e.Outcome.Master.Node())
	at, ok := a.j.c.LocationOf(w.Node(ts), m.Node().Name())
	if moved, was := a.moved[ts]; was && w.Now().Sub(moved) < registration {
		return false // it may have registered before, or not since
	}
	id := a.j.c.ServerOn(ts)
	if m.TakesForLive(id) {
		at, ok = m.Location(id), true
	}
	if m.Store().Maintenance[id] {
		return false
	}
	return ok && (len(where) == 0 || slices.Contains(where, at))
}

// steady reports whether a tablet server should be known to a master.
func (a *availability) steady(ts, m sim.NodeID) bool {
	w := a.j.c.World
	since, up := a.since[ts]
	return up && w.Now().Sub(since) >= registration && a.untroubled(ts) && a.untroubled(m) &&
		a.connected(sim.Direction{From: ts, To: m}) && a.connected(sim.Direction{From: m, To: ts})
}

func (a *availability) untroubled(id sim.NodeID) bool {
	until, was := a.troubled[id]
	return !was || until != sim.Never && a.j.c.World.Now().Sub(until) >= registration
}

func (a *availability) connected(d sim.Direction) bool {
	w := a.j.c.World
	healed, wasCut := a.healed[d]
	return !w.Disturbed(d) && (!wasCut || w.Now().Sub(healed) >= registration)
}
