package rebalancer

import (
	"slices"
	"time"

	"tabletop/model/ksck"
	"tabletop/model/rebalance"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Flags of "kudu cluster rebalance", with their defaults.
const (
	MaxStaleness = 300 * time.Second // max_staleness_interval_sec
	pollInterval = 200 * time.Millisecond
	resyncPause  = time.Second
)

// Result is how a rebalancer ended.
type Result string

// The results.
const (
	Balanced    Result = "balanced"
	Refused     Result = "refused"     // some server is not well
	Stalled     Result = "stalled"     // no progress for MaxStaleness
	TimedOut    Result = "timed out"   // it has run for max_run_time_sec
	Interrupted Result = "interrupted" // by whoever ran it, or by the end of a leadership
	RoundOver   Result = "round over"  // of a master, which begins another one
)

// Tool is the program that people run to rebalance a cluster, from its start to its end. It asks
// for moves, and keeps track of those only that it has asked for. Follows RebalancerTool.
type Tool struct {
	node    *sim.Node
	v       variant.Variants
	masters []wire.ServerID
	stop    bool

	// looked is when each phase last began to look, in true time; 0: not all was well.
	looked   [3]sim.Time
	seen     cluster
	view     View
	todo     []rebalance.Move // planned by the view, not begun
	moves    []Asked
	progress sim.Time
	until    sim.Time // it may run (max_run_time_sec)
	// Asked is how many moves it has asked for.
	Asked int
}

// NewTool returns a tool on a node that knows all masters.
func NewTool(n *sim.Node, masters []wire.ServerID, v variant.Variants) *Tool {
	return &Tool{node: n, masters: masters, v: v}
}

// Node returns the node on which the tool runs.
func (t *Tool) Node() *sim.Node { return t.node }

// Interrupt ends the tool before its next step; what it has asked for goes on.
func (t *Tool) Interrupt() { t.stop = true }

// Run rebalances the cluster, phase by phase (RebalancerTool::Run).
func (t *Tool) Run(p *sim.Proc) Result {
	Began.Publish(t.node.World(), Event{By: t})
	if t.until = sim.Never; t.v.MaxRunTime > 0 {
		t.until = p.Now().Add(t.v.MaxRunTime)
	}
	result := t.run(p)
	for _, m := range t.moves {
		t.ended(m.Move, UnderWay)
	}
	t.moves = nil
	Ended.Publish(t.node.World(), Event{By: t, Result: result, Looked: t.looked})
	return result
}

func (t *Tool) run(p *sim.Proc) Result {
	if !t.look(p) || t.refuses() {
		return Refused
	}
	if t.v.EmptyIgnored {
		var looked sim.Time
		if r := t.runPhase(p, rebalance.Ignored, &looked); r != Balanced {
			return r
		}
	}
	for i, phase := range rebalance.Phases {
		if r := t.runPhase(p, phase, &t.looked[i]); r != Balanced {
			return r
		}
	}
	return Balanced
}

// runPhase plans batches of moves and carries them out, until none is left to plan. After an error
// it looks at the cluster anew (RunWith).
func (t *Tool) runPhase(p *sim.Proc, phase rebalance.Phase, looked *sim.Time) Result {
	t.progress = p.Now()
	for {
		began := t.node.World().Now()
		switch {
		case t.stop:
			return Interrupted
		case p.Now() >= t.until:
			return TimedOut
		case p.Now().Sub(t.progress) > MaxStaleness:
			return Stalled
		case !t.look(p):
			p.Sleep("a leader master", resyncPause)
			continue
		}
		if *looked = 0; t.seen.Healthy() && len(t.usable()) == len(t.seen.servers) {
			*looked = began
		}
		t.plan(phase)
		if len(t.todo)+len(t.moves) == 0 {
			return Balanced
		}
		if !t.carryOut(p) {
			p.Sleep("before the cluster is looked at anew", resyncPause)
		}
	}
}

// plan makes the view of what was seen and plans a batch of moves; those under way count as done.
func (t *Tool) plan(phase rebalance.Phase) {
	servers := t.usable()
	t.view = Describe(servers, t.seen.tables, func(id wire.TabletID) ksck.Status {
		return t.seen.status[id]
	})
	t.moves = slices.DeleteFunc(t.moves, func(m Asked) bool {
		i := t.view.tablet(m.Tablet)
		if i < 0 { // it was dropped
			t.ended(m.Move, Failed)
			return true
		}
		t.view.apply(i, m.Move)
		return false
	})
	for k := range t.moves {
		if leader := t.view.leader(t.moves[k].Tablet); leader != wire.NoServer {
			t.moves[k].Leader = leader
		}
	}
	t.todo, _ = rebalance.Plan(&t.view.Cluster, rebalance.Options{
		Phases: []rebalance.Phase{phase}, Threshold: rebalance.DefaultThreshold,
		MaxMoves: 5 * t.v.MaxMoves * len(servers), Batch: true, SkipUnfixable: true,
		FixAll: t.v.On(variant.KUDU2688)})
	if phase.Replaces() {
		for i := range t.todo {
			t.todo[i].To = rebalance.None
		}
	}
}

// carryOut begins the moves that were planned, as far as the servers can bear them, and waits for
// them. It reports whether all went well.
func (t *Tool) carryOut(p *sim.Proc) bool {
	for len(t.todo)+len(t.moves) > 0 {
		admitted := rebalance.Admit(t.todo, t.underWay(), t.v.MaxMoves)
		t.todo = slices.DeleteFunc(t.todo, func(m rebalance.Move) bool {
			return slices.Contains(admitted, m)
		})
		well := true
		for _, m := range t.view.Moves(admitted) {
			if well = well && !t.stop; well {
				well = t.begin(p, m)
			}
		}
		well = t.poll(p) && well
		if !well || t.stop || p.Now() >= t.until || p.Now().Sub(t.progress) > MaxStaleness {
			return false
		}
		p.Sleep("moves under way", pollInterval)
	}
	return true
}

// underWay counts the moves by the servers of the view.
func (t *Tool) underWay() []int {
	counts := make([]int, len(t.view.servers))
	for _, m := range t.moves {
		for _, id := range []wire.ServerID{m.From, m.To} {
			if i := t.view.indexOf(id); i != rebalance.None {
				counts[i]++
			}
		}
	}
	return counts
}

// begin asks for a move and reports whether it was granted. Where the answer is lost, or does not
// tell, the move may be under way.
func (t *Tool) begin(p *sim.Proc, m Move) bool {
	if m.Leader == wire.NoServer {
		return false
	}
	t.Asked++
	MoveBegan.Publish(t.node.World(), MoveEvent{By: t, Move: m, Limit: t.v.MaxMoves})
	asked, refused := m.Ask(p)
	if refused {
		t.ended(m, Failed)
		return false
	}
	t.moves = append(t.moves, asked)
	if asked.granted() {
		t.progress = p.Now()
	}
	return asked.granted()
}

// poll asks how far the moves under way have come, and reports whether none has failed and the
// leaders of all their tablets were found.
func (t *Tool) poll(p *sim.Proc) bool {
	well := true
	asked := map[wire.ServerID]*wire.TabletsResponse{}
	for _, m := range slices.Clone(t.moves) {
		if t.stop {
			return false
		}
		resp, known := asked[m.Leader]
		if !known {
			resp = listTablets(p, m.Leader)
			asked[m.Leader] = resp
		}
		state, found := stateIn(resp, m)
		if !found {
			well = false
			continue
		}
		switch progress := m.Judge(state); {
		case progress == StepDownNeeded, t.v.On(variant.KUDU3487) && progress == UnderWay &&
			m.From == m.Leader && len(state.Config.Voters()) == 1:
			change(p, &wire.LeaderStepDownRequest{Dest: m.Leader, Tablet: m.Tablet, Graceful: true,
				Successor: wire.NoServer})
		case progress == Completed, progress == Failed, m.Lapsed(state, p.Now()):
			t.drop(m, progress)
			well = well && progress == Completed
		}
	}
	return well
}

// stateIn returns what the tablet's leader says of the consensus, if it is the one who answers.
func stateIn(resp *wire.TabletsResponse, m Asked) (wire.ConsensusState, bool) {
	if resp == nil || resp.Server != m.Leader {
		return wire.ConsensusState{}, false
	}
	for _, r := range resp.Tablets {
		if r.Tablet == m.Tablet {
			return r.State, r.Running && r.State.Leader == m.Leader
		}
	}
	return wire.ConsensusState{}, false
}

// drop ends the waiting for a move.
func (t *Tool) drop(m Asked, how Progress) {
	t.progress = t.node.Now()
	t.moves = slices.DeleteFunc(t.moves, func(o Asked) bool { return o.Move == m.Move })
	t.ended(m.Move, how)
}

func (t *Tool) ended(m Move, how Progress) {
	MoveEnded.Publish(t.node.World(), MoveEvent{By: t, Move: m, Result: how,
		Limit: t.v.MaxMoves})
}
