package checker

import (
	"slices"

	"tabletop/model"
	"tabletop/model/catalog"
	"tabletop/model/raft"
	"tabletop/model/tserver"
	"tabletop/model/wire"
	"tabletop/sim"
)

// fate keeps what became of servers for good, and which configuration of each tablet is the latest:
// by both the judges know of whom nothing can be asked any more.
type fate struct {
	c *model.Cluster
	// damaged disks have lost something that was durable.
	damaged map[sim.NodeID]bool
	// configs are the latest committed configurations, by whoever committed them first.
	configs map[wire.TabletID]wire.RaftConfig
	// booted are the replicas that were opened, and not given up since.
	booted map[hosted]bool
	// givenUp are the replicas that were given up, by an administrator and not because a master
	// wanted it, and not opened since.
	givenUp map[hosted]bool
	// deleted are tablets of which a replica was deleted for good, and with it its votes. If one
	// comes back that has not heard of that, there may be a leader again, and nobody minds.
	deleted map[wire.TabletID]bool
	// aside are nodes of which nothing is expected for now.
	aside map[sim.NodeID]bool
}

// hosted is a replica of a tablet on a server.
type hosted struct {
	tablet wire.TabletID
	server wire.ServerID
}

func watchFate(c *model.Cluster) *fate {
	f := &fate{c: c, damaged: map[sim.NodeID]bool{}, configs: map[wire.TabletID]wire.RaftConfig{},
		booted: map[hosted]bool{}, givenUp: map[hosted]bool{}, deleted: map[wire.TabletID]bool{}}
	tserver.TabletDeleted.Subscribe(c.World, func(e tserver.TabletEvent) {
		f.deleted[e.Tablet] = true
	})
	sim.DiskDamaged.Subscribe(c.World, func(e sim.SyncEvent) { f.damaged[e.Node.ID()] = true })
	note := func(e raft.ReplicaEvent) {
		id, now := e.Replica.Tablet(), e.Replica.Config()
		if had, known := f.configs[id]; !known || now.Index > had.Index {
			f.configs[id] = now
		}
	}
	raft.Booted.Subscribe(c.World, note)
	raft.Booted.Subscribe(c.World, func(e raft.ReplicaEvent) {
		at := hosted{e.Replica.Tablet(), e.Replica.ID()}
		f.booted[at] = true
		delete(f.givenUp, at)
	})
	tserver.TabletTombstoned.Subscribe(c.World, func(e tserver.TombstoneEvent) {
		at := hosted{e.Tablet, e.TServer.ID()}
		if f.booted[at] && !e.Master {
			f.givenUp[at] = true
		}
		delete(f.booted, at)
	})
	raft.ConfigCommitted.Subscribe(c.World, note)
	return f
}

// lost reports whether the server is gone for good, its machine or its disk, or set aside.
func (f *fate) lost(id wire.ServerID) bool {
	return f.aside[id.Node()] || f.c.World.Node(id.Node()).Retired() ||
		f.c.ServerOn(id.Node()) != id
}

// lostReplica reports whether a fault has taken a member's replica: its server is lost, or its disk
// damaged so that there is no replica to open.
func (f *fate) lostReplica(tablet wire.TabletID, id wire.ServerID) bool {
	switch {
	case f.lost(id):
		return true
	case !f.damaged[id.Node()]:
		return false
	}
	return tablet == wire.SysCatalog || f.c.TServerOn(id.Node()).Replica(tablet) == nil
}

// able reports whether faults have left the tablet a majority of the voters, by the latest
// committed configuration and by the one that its leader, if it has any, tries to commit.
func (f *fate) able(tablet wire.TabletID) bool {
	leader := f.leader(tablet)
	if leader == nil && f.stuck(tablet) {
		return false
	}
	if leader != nil && !f.majority(tablet, leader, leader.Active()) {
		return false
	}
	return f.majority(tablet, leader, f.configs[tablet])
}

// leader returns the replica that leads a tablet, if any.
func (f *fate) leader(tablet wire.TabletID) raft.Observed {
	var leader raft.Observed
	if tablet == wire.SysCatalog {
		if m := f.c.LeaderMaster(); m != nil && !f.aside[m.Node().ID()] {
			leader, _ = m.Consensus().(raft.Observed)
		}
	} else if n := f.c.LeaderOf(tablet); n != nil && !f.aside[n.ID()] {
		leader, _ = f.c.TServerOn(n.ID()).Replica(tablet).(raft.Observed)
	}
	return leader
}

// stuck reports whether nobody can be elected any more since a voter was lost, or its replica
// given up: a change of the configuration was under way, so that who has it in its log needs a
// majority of the new voters and does not vote for the others; or what is left of the replica,
// which votes, remembers a longer log than the others have.
func (f *fate) stuck(tablet wire.TabletID) bool {
	voters := f.configs[tablet].Voters()
	if !slices.ContainsFunc(voters, func(id wire.ServerID) bool {
		return f.lostReplica(tablet, id) || f.givenUp[hosted{tablet, id}]
	}) {
		return false
	}
	return !slices.ContainsFunc(voters, func(id wire.ServerID) bool {
		if f.givenUp[hosted{tablet, id}] {
			return false
		}
		candidate := f.replica(tablet, id)
		if candidate == nil { // a master that starts may be one
			return tablet == wire.SysCatalog && !f.lostReplica(tablet, id)
		}
		return f.electable(tablet, candidate)
	})
}

func (f *fate) electable(tablet wire.TabletID, candidate raft.Observed) bool {
	votes := 0
	voters := candidate.Active().Voters()
	for _, id := range voters {
		r := f.replica(tablet, id)
		if r != nil && raft.UpToDate(candidate.LastLogged(), r.LastLogged()) {
			votes++
		}
	}
	return votes >= raft.Majority(len(voters))
}

// replica returns a member's replica of a tablet, if it is not lost.
func (f *fate) replica(tablet wire.TabletID, id wire.ServerID) raft.Observed {
	if f.lostReplica(tablet, id) {
		return nil
	}
	if tablet == wire.SysCatalog {
		r, _ := f.c.MasterOn(id.Node()).Consensus().(raft.Observed)
		return r
	}
	r, _ := f.c.TServerOn(id.Node()).Replica(tablet).(raft.Observed)
	return r
}

// majority reports whether enough voters are left. Once one is lost, those count for nothing
// either that have no replica, since it could not be created or is not copied yet, or lack what the
// leader's log has let go: it takes a majority to drop them, and only then are they copied anew.
func (f *fate) majority(tablet wire.TabletID, leader raft.Observed, c wire.RaftConfig) bool {
	voters, left := c.Voters(), 0
	lost := func(id wire.ServerID) bool { return f.lostReplica(tablet, id) }
	if !slices.ContainsFunc(voters, lost) {
		return true
	}
	var behind []wire.ServerID
	if leader != nil {
		behind = leader.Behind()
	}
	for _, id := range voters {
		if !lost(id) && f.booted[hosted{tablet, id}] && !slices.Contains(behind, id) {
			left++
		}
	}
	return left >= raft.Majority(len(voters))
}

// tservers returns how many tablet servers there are for a table, now that some may be lost.
func (f *fate) tservers(t *catalog.Table) int {
	n := 0
	for _, id := range f.c.TServerNodes() {
		node := f.c.World.Node(id)
		at, _ := f.c.LocationOf(node, "")
		if !node.Retired() && !f.aside[id] &&
			(len(t.Locations) == 0 || slices.Contains(t.Locations, at)) {
			n++
		}
	}
	return n
}
