package checker

import (
	"fmt"

	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/rebalancer"
	"tabletop/model/wire"
	"tabletop/sim"
)

// named looks whom a master that rebalances leaders names: no server that it knows to be in
// maintenance is to lead, or to cease to. Nobody else among the masters names a successor.
func (r *rebalancings) named(from sim.NodeID, req *wire.LeaderStepDownRequest) {
	if req.Successor == wire.NoServer {
		return
	}
	for _, m := range r.j.c.Masters {
		if m == nil || m.Node().ID() != from {
			continue
		}
		*r.j.counter(Rebalancing)++
		for _, id := range []wire.ServerID{req.Dest, req.Successor} {
			if m.Store().Maintenance[id] {
				r.broken("server", "leader-in-maintenance", "%s asks %s to lead %v instead of %s, "+
					"and one is in maintenance", m.Node().Name(), r.name(req.Successor), req.Tablet,
					r.name(req.Dest))
			}
		}
	}
}

func (r *rebalancings) name(id wire.ServerID) string { return r.j.c.World.Node(id.Node()).Name() }

// uneven says which leaderships a master that is to even them out would still move, to servers that
// the leaders find well.
func (j *Judges) uneven(m *master.Master) []Unfinished {
	if !j.c.Variants.AutoLeaderRebalance {
		return nil
	}
	var left []rebalancer.LeaderMove
	view, _ := m.BalanceView()
	for _, move := range view.PlanLeaders(master.LeaderMovesPerRound) {
		r, runs := j.fate.replica(move.Tablet, move.From).(raft.Consensus)
		if runs && r.State().HealthOf(move.To) == wire.Healthy {
			left = append(left, move)
		}
	}
	if len(left) == 0 {
		return nil
	}
	return []Unfinished{{"cluster", "leaders-uneven", fmt.Sprintf(
		"the leader master would still move leaderships: %v", left)}}
}

// watchLeaders notes that a leader will hand over, as a master wants it.
func watchLeaders(j *Judges, p probes) {
	rebalancer.LeadersMoved.Subscribe(j.c.World, func(e rebalancer.LeaderEvent) {
		if e.Granted {
			p.reached(leaderMoved)
		}
	})
}
