package checker

import (
	"fmt"
	"slices"

	"tabletop/model/ksck"
	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/rebalance"
	"tabletop/model/rebalancer"
	"tabletop/model/wire"
	"tabletop/sim"
)

// rebalancings judges those who move replicas: how many at a time, and whether the cluster is in
// order when they say so. Of a run without any there is nothing to judge.
type rebalancings struct {
	j *Judges
	// running has those that have not ended, in their order, and what they have under way.
	running []*rebalancing
	indices map[wire.TabletID]int64 // of the latest committed configurations
	// changed is when anything changed that a plan depends on.
	changed sim.Time
	// registered is when some tablet server, which may have another location, was registered last.
	registered sim.Time
	begun      int // moves, of anybody
	// idle counts the rounds in a row in which one master planned nothing, though there was
	// something to move.
	idle  int
	idler rebalancer.Rebalancer
}

// rebalancing is one rebalancer.
type rebalancing struct {
	by    rebalancer.Rebalancer
	began sim.Time
	moves []rebalancer.Move
	// heirs are the tablets under way that have had another voter, who could lead them.
	heirs map[wire.TabletID]bool
	// foreign is when something changed that it did not ask for.
	foreign sim.Time
}

func watchRebalancings(j *Judges) *rebalancings {
	r := &rebalancings{j: j, indices: map[wire.TabletID]int64{}}
	w := j.c.World
	rebalancer.Began.Subscribe(w, func(e rebalancer.Event) {
		r.running = append(r.running, &rebalancing{by: e.By, began: w.Now(),
			heirs: map[wire.TabletID]bool{}})
	})
	rebalancer.Ended.Subscribe(w, r.ended)
	rebalancer.RoundPlanned.Subscribe(w, r.planned)
	rebalancer.MoveBegan.Subscribe(w, r.moveBegan)
	rebalancer.MoveBegan.Subscribe(w, r.mends)
	rebalancer.MoveEnded.Subscribe(w, func(e rebalancer.MoveEvent) {
		if x := r.find(e.By); x != nil {
			x.moves = without(x.moves, e.Move)
			delete(x.heirs, e.Move.Tablet)
		}
	})
	raft.ConfigCommitted.Subscribe(w, func(e raft.ReplicaEvent) {
		id, index := e.Replica.Tablet(), e.Replica.Config().Index
		if last, known := r.indices[id]; !known || index > last {
			r.indices[id] = index
			r.change(id)
			r.shared(id, e.Replica.Config())
		}
	})
	master.Published.Subscribe(w, func(e master.PublishedEvent) {
		if len(e.Batch.Tables) > 0 || len(e.Batch.Maintenance) > 0 {
			r.change(wire.SysCatalog)
		}
	})
	master.Registered.Subscribe(w, func(master.TServerEvent) {
		r.registered = w.Now()
		r.change(wire.SysCatalog)
	})
	sim.Sent.Subscribe(w, r.sent)
	return r
}

// change notes that something changed, for all but those who are just moving that tablet.
func (r *rebalancings) change(id wire.TabletID) {
	r.changed = r.j.c.World.Now()
	for _, x := range r.running {
		own := false
		for _, m := range x.moves {
			own = own || m.Tablet == id
		}
		if !own {
			x.foreign = r.changed
		}
	}
}

// shared notes that a tablet under way has another voter.
func (r *rebalancings) shared(id wire.TabletID, c wire.RaftConfig) {
	for _, x := range r.running {
		x.heirs[id] = x.heirs[id] || len(c.Voters()) > 1
	}
}

// sent looks whom rebalancers ask to step down: nobody who has been the only voter all the time.
func (r *rebalancings) sent(e *sim.Envelope) {
	m, ok := e.Msg.(*wire.LeaderStepDownRequest)
	if !ok {
		return
	}
	r.named(e.From, m)
	for _, x := range r.running {
		for _, move := range x.moves {
			if x.by.Node().ID() == e.From && move.Tablet == m.Tablet && !x.heirs[m.Tablet] {
				r.broken("tablet", "nobody-to-lead", "%s asks %s to step down from %v, which no "+
					"other voter can lead", x.by.Node().Name(), r.j.c.World.Node(e.To).Name(),
					m.Tablet)
			}
		}
	}
}

func (r *rebalancings) find(by rebalancer.Rebalancer) *rebalancing {
	for _, x := range r.running {
		if x.by == by {
			return x
		}
	}
	return nil
}

func without(moves []rebalancer.Move, m rebalancer.Move) []rebalancer.Move {
	var left []rebalancer.Move
	for _, o := range moves {
		if o.Tablet != m.Tablet || o.Index != m.Index { // its leader may be another by now
			left = append(left, o)
		}
	}
	return left
}

// moveBegan counts the moves of one rebalancer from and to each server.
func (r *rebalancings) moveBegan(e rebalancer.MoveEvent) {
	*r.j.counter(Rebalancing)++
	r.begun++
	x := r.find(e.By)
	x.moves = append(x.moves, e.Move)
	x.heirs[e.Move.Tablet] = len(r.j.fate.configs[e.Move.Tablet].Voters()) > 1
	for _, id := range []wire.ServerID{e.Move.From, e.Move.To} {
		n := 0
		for _, m := range x.moves {
			if id != wire.NoServer && (m.From == id || m.To == id) {
				n++
			}
		}
		if n > e.Limit {
			r.broken("server", "too-many-moves", "%v is the %dth move at a time from or to %s", e,
				n, r.j.c.World.Node(id.Node()).Name())
		}
	}
}

// ended looks whether a cluster that is said to be balanced is: what was seen of it last, phase by
// phase, is still so but for its own moves, and leaves nothing to plan.
func (r *rebalancings) ended(e rebalancer.Event) {
	*r.j.counter(Rebalancing)++
	x := r.find(e.By)
	for i, o := range r.running {
		if o == x {
			r.running = append(r.running[:i:i], r.running[i+1:]...)
		}
	}
	if e.Result != rebalancer.Balanced {
		return
	}
	snapshot := Observe(r.j.c)
	if snapshot.Leader == wire.NoServer || !ksck.Verify(snapshot).Healthy() {
		return
	}
	leader := r.j.c.LeaderMaster()
	servers := leader.Servers()
	for _, s := range servers {
		if !s.Live || s.Maintenance {
			return
		}
	}
	tables := r.asTheyAre(leader.Tables())
	view := rebalancer.Describe(servers, tables, func(wire.TabletID) ksck.Status {
		return ksck.Healthy
	})
	for _, t := range view.Tablets {
		if t.Moving {
			return
		}
	}
	for i, phase := range rebalance.Phases {
		last := x.foreign
		if i == len(rebalance.Phases)-1 {
			last = r.changed
		}
		if last >= e.Looked[i] {
			continue
		}
		moves, _ := rebalance.Plan(&view.Cluster, rebalance.Options{
			Phases: []rebalance.Phase{phase}, Threshold: rebalance.DefaultThreshold,
			SkipUnfixable: true})
		if len(moves) > 0 {
			r.broken("cluster", "not-balanced", "%v, and phase %s has moves left: %v", e, phase,
				moves)
		}
	}
	if r.changed < e.Looked[len(e.Looked)-1] {
		r.skews(&view.Cluster)
	}
}

// asTheyAre puts the tablets' leaders' own word, or the latest configurations, into what a master
// knows: a rebalancer asks them, and may have seen what the master has not.
func (r *rebalancings) asTheyAre(tables []wire.TableDescription) []wire.TableDescription {
	for i := range tables {
		tables[i].Tablets = slices.Clone(tables[i].Tablets)
		for k := range tables[i].Tablets {
			d := &tables[i].Tablets[k]
			leader, runs := r.j.fate.replica(d.ID, d.State.Leader).(raft.Consensus)
			if c := r.j.fate.configs[d.ID]; runs && leader.State().Leader == d.State.Leader {
				d.State = leader.State()
			} else if c.Index > d.State.Config.Index {
				d.State.Config = c
			}
		}
	}
	return tables
}

// skews looks whether no server has two replicas more of one table's range than another of its
// location.
func (r *rebalancings) skews(c *rebalance.Cluster) {
	type part struct {
		table, server int
		start         string
	}
	counts := map[part]int{}
	for _, t := range c.Tablets {
		for _, s := range t.Replicas {
			counts[part{t.Table, s, t.Range}]++
		}
	}
	for _, t := range c.Tablets {
		for s, one := range c.Servers {
			for o, other := range c.Servers {
				n := counts[part{t.Table, s, t.Range}] - counts[part{t.Table, o, t.Range}]
				if n > 1 && one.Location == other.Location {
					r.broken("cluster", "skewed", "server %d has %d replicas more of range %s of "+
						"table %d than server %d", s, n, t.Range, t.Table, o)
				}
			}
		}
	}
}

func (r *rebalancings) broken(object, reason, format string, args ...any) {
	r.j.report(Violation{Oracle: Rebalancing, Object: object, Reason: reason,
		Detail: fmt.Sprintf(format, args...)})
}

// unfinished lists the rebalancers that have not ended.
func (r *rebalancings) unfinished() []Unfinished {
	var list []Unfinished
	for _, x := range r.running {
		if _, tool := x.by.(*rebalancer.Tool); tool {
			list = append(list, Unfinished{"rebalancing", "endless", fmt.Sprintf(
				"%v is when a rebalancing began that has not ended; it waits for %v", x.began,
				x.moves)})
		}
	}
	return list
}
