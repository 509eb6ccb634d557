package master

import (
	"time"

	"tabletop/model/rebalancer"
	"tabletop/sim"
)

// Flags of the rebalancer of leaders, with their defaults.
const (
	LeaderMovesPerRound = 10               // leader_rebalancing_max_moves_per_round
	leaderRPCTimeout    = 10 * time.Second // auto_leader_rebalancing_rpc_timeout_seconds
)

// runLeaderRebalancer is the process that evens out who leads how many tablets while this master
// leads: a few graceful step-downs a round, one after the other. Whether one has succeeded the next
// round tells. Servers that are in maintenance neither lose leaderships to it nor get any. Follows
// AutoLeaderRebalancerTask::RunLoop.
func (m *Master) runLeaderRebalancer(p *sim.Proc) {
	for {
		p.Sleep("next round of leaders", m.v.LeaderRebalanceInterval)
		term, ok := m.Ready()
		if !ok {
			continue
		}
		view, _ := m.BalanceView()
		for _, move := range view.PlanLeaders(LeaderMovesPerRound) {
			if !m.leads(term) {
				break
			}
			if m.store.Maintenance[move.From] || m.store.Maintenance[move.To] {
				continue // since this round began
			}
			granted := move.Ask(p, p.Now().Add(leaderRPCTimeout))
			rebalancer.LeadersMoved.Publish(m.node.World(),
				rebalancer.LeaderEvent{By: m.node, Move: move, Granted: granted})
		}
	}
}
