package checker

import (
	"fmt"
	"slices"

	"tabletop/model/master"
	"tabletop/model/rebalance"
	"tabletop/model/rebalancer"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// What the judge of rebalancers has to say about what they plan.

// idleRounds in a row without a move are too many for a master whose cluster is out of balance.
const idleRounds = 2

// planned looks at a round for which a master has planned nothing: then nothing can be done about
// those tablets that can be moved. It counts by round, and begins anew with another master.
func (r *rebalancings) planned(e rebalancer.RoundEvent) {
	*r.j.counter(Rebalancing)++
	moves, view := toMove(r.j.c.MasterOn(e.By.Node().ID()))
	if e.Moves > 0 || len(moves) == 0 || r.idler != e.By {
		r.idle, r.idler = 0, e.By
	}
	if e.Moves > 0 || len(moves) == 0 {
		return
	}
	if r.idle++; r.idle >= idleRounds {
		r.broken("cluster", "nothing-planned", "%s has planned nothing for %d rounds, with moves "+
			"left: %v", e.By.Node().Name(), r.idle, view.Moves(moves))
	}
}

// toMove plans what a master could move, unless a live server is in maintenance.
func toMove(m *master.Master) ([]rebalance.Move, rebalancer.View) {
	view, _ := m.BalanceView()
	for _, s := range m.Servers() {
		if s.Live && s.Maintenance {
			return nil, view
		}
	}
	moves, _ := rebalance.Plan(&view.Cluster, rebalance.Options{SkipUnfixable: true,
		Threshold: rebalance.DefaultThreshold})
	return moves, view
}

// mends looks at a move for the sake of the placement policy: if all servers were there, the
// locations could have the replicas without any having half of them.
func (r *rebalancings) mends(e rebalancer.MoveEvent) {
	m := r.j.c.LeaderMaster()
	if by, ok := e.By.(*master.Master); ok {
		m = by // whether or not it still leads
	}
	x := r.find(e.By)
	if e.Move.Phase != rebalance.Policy || m == nil || r.registered >= x.began {
		return // it may have planned for other locations
	}
	table, found := tableOf(m, e.Move.Tablet)
	if !found {
		return
	}
	if len(m.Servers()) < len(r.j.c.TServers) {
		return // it has been told of some only, since it was started
	}
	servers := map[string]int{}
	for _, s := range m.Servers() {
		if !s.Live || s.Maintenance {
			return
		}
		if len(table.Locations) == 0 || slices.Contains(table.Locations, s.Location) {
			servers[s.Location]++
		}
	}
	room := 0
	for _, at := range sim.Keys(servers) {
		room += min(servers[at], tolerable(table.Replicas, 3))
	}
	if room < table.Replicas {
		r.broken("tablet", "mended-in-vain", "%v, for the placement policy, by which the "+
			"locations have room for %d of %d", e, room, table.Replicas)
	}
}

func tableOf(m *master.Master, id wire.TabletID) (wire.TableDescription, bool) {
	for _, t := range m.Tables() {
		for _, tablet := range t.Tablets {
			if tablet.ID == id {
				return t, true
			}
		}
	}
	return wire.TableDescription{}, false
}

// unbalanced says what a master that is to rebalance the cluster has still to do: some move that
// the planner would make, now that nothing is under way. It takes as many rounds as there is to be
// moved, an interval apart, so that each move begins another wait.
func (j *Judges) unbalanced(m *master.Master) []Unfinished {
	if !j.c.Variants.AutoRebalance || j.c.Variants.Replacement != variant.Replace343 {
		return nil
	}
	view, fit := m.BalanceView()
	moves, _ := rebalance.Plan(&view.Cluster, rebalance.Options{SkipUnfixable: true,
		Threshold: rebalance.DefaultThreshold})
	if len(moves) == 0 {
		return nil
	}
	return []Unfinished{{"cluster", "unbalanced", fmt.Sprintf(
		"%d moves were begun, and the leader master finds the cluster fit for those that are "+
			"left: %v: %v", j.rebalancings.begun, fit, view.Moves(moves))}}
}
