package master

import (
	"slices"
	"time"

	"tabletop/model/ksck"
	"tabletop/model/rebalance"
	"tabletop/model/rebalancer"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Flags of the auto-rebalancer, with their defaults.
const (
	autoMovesPerServer = 1           // auto_rebalancing_max_moves_per_server
	autoPollInterval   = time.Second // auto_rebalancing_wait_for_replica_moves_seconds
	autoRPCTimeout     = 60 * time.Second
	clearTries         = 3
)

// runAutoRebalancer is the process that moves replicas while this master leads, round by round. It
// keeps nothing from one leadership to the next: what is under way then the management of replicas
// brings to its end. Follows AutoRebalancerTask::RunLoop.
func (m *Master) runAutoRebalancer(p *sim.Proc) {
	for {
		p.Sleep("next round of rebalancing", m.v.AutoRebalanceInterval)
		if term, ok := m.Ready(); ok {
			moves := m.planMoves()
			rebalancer.RoundPlanned.Publish(m.node.World(), rebalancer.RoundEvent{By: m,
				Moves: len(moves)})
			if len(moves) > 0 {
				m.rebalance(p, term, moves)
			}
		}
	}
}

// BalanceView describes the cluster to the planner: the tablet servers that may be given replicas,
// and all live tables. A tablet may be moved if it runs, has all its replicas on those and a leader
// that is known. It reports whether the cluster is fit for a round: no live server is in
// maintenance, and in Kudu every tablet runs, on those servers (BuildClusterRawInfo).
func (m *Master) BalanceView() (view rebalancer.View, fit bool) {
	var servers []wire.TServerDescription
	fit = true
	for _, s := range m.Servers() {
		switch {
		case !s.Live || m.ts.displaced(s.ID):
		case s.Maintenance:
			fit = false
		default:
			servers = append(servers, s)
		}
	}
	tables, status := m.Tables(), map[wire.TabletID]ksck.Status{}
	for _, table := range tables {
		for _, t := range table.Tablets {
			blocks := !t.Running || !onServers(t.State.Config, servers)
			if blocks || t.State.Leader == wire.NoServer {
				status[t.ID] = ksck.Unavailable
				fit = fit && !(blocks && m.v.On(variant.OneBlocksAll))
			}
		}
	}
	view = rebalancer.Describe(servers, tables, func(id wire.TabletID) ksck.Status {
		return status[id]
	})
	return view, fit
}

func onServers(c wire.RaftConfig, servers []wire.TServerDescription) bool {
	return !slices.ContainsFunc(c.Members, func(member wire.Member) bool {
		return !slices.ContainsFunc(servers, func(s wire.TServerDescription) bool {
			return s.ID == member.ID
		})
	})
}

// planMoves plans a round: what the placement policy wants if it wants something, or else what
// evens out the loads; as many moves as the servers can bear.
func (m *Master) planMoves() []rebalancer.Move {
	view, fit := m.BalanceView()
	if !fit {
		return nil
	}
	servers := len(view.Servers)
	for _, phases := range [][]rebalance.Phase{{rebalance.Policy}, rebalance.Phases[1:]} {
		planned, _ := rebalance.Plan(&view.Cluster, rebalance.Options{Phases: phases,
			Threshold: rebalance.DefaultThreshold, Batch: true, SkipUnfixable: true})
		if m.v.On(variant.LastLocationOnly) && phases[0] != rebalance.Policy {
			planned = inLastLocation(&view.Cluster, planned)
		}
		if len(planned) == 0 {
			continue
		}
		for i := range planned {
			if planned[i].Phase == rebalance.Policy { // the master chooses where to
				planned[i].To = rebalance.None
			}
		}
		if m.v.On(variant.MoveLimitForAll) {
			planned = planned[:min(len(planned), autoMovesPerServer*servers)]
		} else {
			planned = rebalance.Admit(planned, make([]int, servers), autoMovesPerServer)
		}
		return view.Moves(planned)
	}
	return nil
}

// inLastLocation keeps the moves within one location, as if the moves for each took the place of
// those for the one before (GetMovesUsingRebalancingAlgo).
func inLastLocation(c *rebalance.Cluster, planned []rebalance.Move) []rebalance.Move {
	last := ""
	for _, s := range c.Servers {
		last = max(last, s.Location)
	}
	return slices.DeleteFunc(planned, func(move rebalance.Move) bool {
		return move.Phase != rebalance.IntraLocation || c.Servers[move.From].Location != last
	})
}

// rebalance carries out one round and waits until all its moves have ended, or this leadership has
// (ExecuteMoves, CheckReplicaMovesCompleted). A move that does not end in time is given up; Kudu
// waits for ever.
func (m *Master) rebalance(p *sim.Proc, term int64, moves []rebalancer.Move) {
	w, result := m.node.World(), rebalancer.RoundOver
	rebalancer.Began.Publish(w, rebalancer.Event{By: m})
	var open []rebalancer.Asked
	for _, move := range moves {
		rebalancer.MoveBegan.Publish(w, m.moveEvent(move, rebalancer.UnderWay))
		// Under KUDU-3113 no address is made of the leader's identity.
		if m.v.On(variant.KUDU3113) {
			rebalancer.MoveEnded.Publish(w, m.moveEvent(move, rebalancer.Failed))
			continue
		}
		if asked, refused := move.Ask(p); !refused {
			open = append(open, asked)
		} else {
			rebalancer.MoveEnded.Publish(w, m.moveEvent(move, rebalancer.Failed))
		}
	}
	for until := p.Now().Add(rebalancer.MaxStaleness); len(open) > 0; {
		p.Sleep("moves under way", autoPollInterval)
		if !m.leads(term) {
			result = rebalancer.Interrupted
			break
		}
		open = slices.DeleteFunc(open, func(move rebalancer.Asked) bool {
			how, lapsed := m.progress(move, p.Now())
			if how == rebalancer.UnderWay && !lapsed && p.Now() < until {
				return false
			}
			rebalancer.MoveEnded.Publish(w, m.moveEvent(move.Move, how))
			if how != rebalancer.Completed {
				m.clearMark(move.Move)
			}
			return true
		})
	}
	for _, move := range open {
		rebalancer.MoveEnded.Publish(w, m.moveEvent(move.Move, rebalancer.UnderWay))
	}
	rebalancer.Ended.Publish(w, rebalancer.Event{By: m, Result: result})
}

func (m *Master) moveEvent(move rebalancer.Move, how rebalancer.Progress) rebalancer.MoveEvent {
	return rebalancer.MoveEvent{By: m, Move: move, Limit: autoMovesPerServer, Result: how}
}

// progress says how far a move has come, as far as the tablet's leader has reported, and whether
// nobody need wait for it any more, and asks the leader to step down if it is to go.
func (m *Master) progress(move rebalancer.Asked, now sim.Time) (how rebalancer.Progress,
	lapsed bool) {
	t := m.cat.tablets[move.Tablet]
	if t == nil || t.row.Gone() || t.table.row.Gone() {
		return rebalancer.Failed, false
	}
	how = move.Judge(t.row.Consensus)
	if how != rebalancer.StepDownNeeded {
		return how, move.Lapsed(t.row.Consensus, now)
	}
	req := &wire.LeaderStepDownRequest{Dest: move.From, Tablet: move.Tablet, Graceful: true,
		Successor: wire.NoServer}
	m.node.Go("step down", func(p *sim.Proc) {
		p.Call(move.From.Node(), req, p.Now().Add(autoRPCTimeout))
	})
	return rebalancer.UnderWay, false
}

// clearMark takes the mark from a replica whose move has failed, until that is done, the tablet's
// replicas are others, or this leadership ends (TryClearReplaceMarker). Were it left, the master
// would replace the replica by another, wherever there is room.
func (m *Master) clearMark(move rebalancer.Move) {
	term := m.consensus.Term()
	m.node.Go("clear a mark", func(p *sim.Proc) {
		for tries := 1; m.leads(term); tries++ {
			t := m.cat.tablets[move.Tablet]
			if t == nil || t.row.Gone() {
				return
			}
			c := t.row.Consensus
			from, stays := c.Config.Find(move.From)
			if !stays || !from.Replace {
				return
			}
			from.Replace = false
			req := &wire.ChangeConfigRequest{Dest: c.Leader, Tablet: move.Tablet,
				CAS: c.Config.Index, Changes: []wire.PeerChange{{Kind: wire.ModifyPeer,
					Member: from}}}
			if c.Leader != wire.NoServer {
				p.Call(c.Leader.Node(), req, p.Now().Add(autoRPCTimeout))
			}
			pause := autoPollInterval
			if tries < clearTries {
				pause = time.Duration(tries) * 100 * time.Millisecond
			}
			p.Sleep("next try to clear a mark", pause)
		}
	})
}
