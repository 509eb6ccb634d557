package checker

import (
	"slices"

	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// reigns follows who leads the masters, and who is away.
type reigns struct {
	probes
	led     map[sim.NodeID]bool     // elected ever, by a program that runs still
	leads   map[sim.NodeID]bool     // elected, and not deposed
	loads   map[sim.NodeID]bool     // elected, and not ready
	away    map[sim.NodeID]sim.Time // since when a program is down or paused
	elected sim.Time                // when the last election was won
	term    int64                   // of that
	logged  map[sim.NodeID]int64    // the last entry in each log of the master tablet
}

func watchReigns(j *Judges, p probes) {
	r := &reigns{probes: p, led: map[sim.NodeID]bool{}, leads: map[sim.NodeID]bool{},
		loads: map[sim.NodeID]bool{}, away: map[sim.NodeID]sim.Time{},
		logged: map[sim.NodeID]int64{}}
	w := j.c.World
	raft.Elected.Subscribe(w, func(e raft.ReplicaEvent) {
		if e.Replica.Tablet() == wire.SysCatalog {
			r.elect(e.Replica.Node().ID(), e.Term, w.Now())
		}
	})
	raft.Deposed.Subscribe(w, func(e raft.ReplicaEvent) {
		if e.Replica.Tablet() == wire.SysCatalog {
			r.ended(e.Replica.Node().ID())
		}
	})
	master.LeaderReady.Subscribe(w, func(e master.LeaderEvent) {
		delete(r.loads, e.Master.Node().ID())
	})
	sim.NodeDown.Subscribe(w, func(e sim.NodeEvent) {
		id := e.Node.ID()
		r.away[id] = w.Now()
		r.ended(id)
		delete(r.led, id)
		delete(r.logged, id)
		if j.onMaster(id) && !slices.ContainsFunc(j.c.MasterNodes(), func(id sim.NodeID) bool {
			return w.Node(id).Alive()
		}) {
			r.reached(allMastersDown)
		}
	})
	sim.NodeUp.Subscribe(w, func(e sim.NodeEvent) { delete(r.away, e.Node.ID()) })
	sim.NodePaused.Subscribe(w, func(e sim.NodeEvent) { r.away[e.Node.ID()] = w.Now() })
	sim.NodeResumed.Subscribe(w, func(e sim.NodeEvent) { delete(r.away, e.Node.ID()) })
	raft.EntryAppended.Subscribe(w, r.append)
	applied := int64(0)
	master.Applied.Subscribe(w, func(e master.AppliedEvent) {
		if e.Op.Index > applied && e.Op.Term < r.term {
			r.reached(committedByNext)
		}
		applied = max(applied, e.Op.Index)
	})
	master.Joined.Subscribe(w, func(master.TServerEvent) { r.reached(masterJoined) })
}

// onMaster reports whether a node is a master's.
func (j *Judges) onMaster(id sim.NodeID) bool { return slices.Contains(j.c.MasterNodes(), id) }

func (r *reigns) elect(id sim.NodeID, term int64, now sim.Time) {
	if r.led[id] {
		r.reached(sameMasterAgain)
	}
	delete(r.leads, id)
	if len(r.leads) > 0 {
		r.reached(twoBelieve)
	}
	for _, id := range sim.Keys(r.away) {
		if r.elected > 0 && r.away[id] < r.elected {
			r.reached(missedAReign)
		}
	}
	r.led[id], r.leads[id], r.loads[id] = true, true, true
	r.elected, r.term = now, max(r.term, term)
}

// ended notes that a master leads no more.
func (r *reigns) ended(id sim.NodeID) {
	if r.loads[id] {
		r.reached(loadInterrupted)
	}
	delete(r.loads, id)
	delete(r.leads, id)
}

func (r *reigns) append(e raft.AppendedEvent) {
	if e.Replica.Tablet() != wire.SysCatalog {
		return
	}
	id := e.Replica.Node().ID()
	if e.Entry.Index <= r.logged[id] {
		r.reached(entriesOverwritten)
	}
	r.logged[id] = e.Entry.Index
}

// requests follows what becomes of each DDL between client and master.
type requests struct {
	probes
	effects *effects
	open    []underWay
}

// underWay is a request that is being carried out, and where it came in last.
type underWay struct {
	request wire.RequestID
	at      sim.NodeID
}

func watchRequests(j *Judges, p probes) {
	r := &requests{probes: p, effects: j.effects}
	w := j.c.World
	master.Began.Subscribe(w, func(e master.RequestEvent) {
		now := underWay{e.Request, e.Master.Node().ID()}
		if _, recorded := j.effects.entryOf(e.Request); recorded {
			r.reached(retryFindsAnswer)
		} else if slices.Contains(r.open, now) {
			r.reached(retryMeetsItself)
		}
		r.end(func(o underWay) bool { return o.request == e.Request })
		r.open = append(r.open, now)
	})
	client.Answered.Subscribe(w, func(e client.OpEvent) {
		r.end(func(o underWay) bool { return o.request == e.Request })
	})
	sim.NodeDown.Subscribe(w, func(e sim.NodeEvent) { r.lost(e.Node.ID()) })
	raft.Deposed.Subscribe(w, func(e raft.ReplicaEvent) {
		if e.Replica.Tablet() == wire.SysCatalog {
			r.lost(e.Replica.Node().ID())
		}
	})
}

func (r *requests) end(which func(underWay) bool) { r.open = slices.DeleteFunc(r.open, which) }

// lost notes that a master leads no more.
func (r *requests) lost(at sim.NodeID) {
	r.end(func(o underWay) bool {
		if o.at == at && r.effects.effectOf(o.request) != nil {
			r.reached(lostBeforeReply)
		}
		return o.at == at
	})
}
