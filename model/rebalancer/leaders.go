package rebalancer

import (
	"fmt"

	"tabletop/model/rebalance"
	"tabletop/model/wire"
	"tabletop/sim"
)

// LeadersMoved tells that a master has asked a tablet's leader to hand its leadership to another
// voter, and has its answer.
var LeadersMoved = sim.NewTopic[LeaderEvent]("leaders-moved")

// LeaderMove hands the leadership of a tablet over.
type LeaderMove struct {
	Tablet   wire.TabletID
	From, To wire.ServerID
}

// LeaderEvent is about a LeaderMove.
type LeaderEvent struct {
	By      *sim.Node
	Move    LeaderMove
	Granted bool // the leader will try
}

// Fold implements sim.Event.
func (e LeaderEvent) Fold(d *sim.Digest) {
	d.Int(int64(e.By.ID()))
	d.Uint64(uint64(e.Move.Tablet))
	d.Int(int64(e.Move.From))
	d.Int(int64(e.Move.To))
	d.Bool(e.Granted)
}

func (e LeaderEvent) String() string {
	answer := "refused"
	if e.Granted {
		answer = "granted"
	}
	return fmt.Sprintf("%s: %v from %d to %d: %s", e.By.Name(), e.Move.Tablet, e.Move.From,
		e.Move.To, answer)
}

// PlanLeaders plans up to so many moves of leaderships.
func (v *View) PlanLeaders(most int) []LeaderMove {
	var moves []LeaderMove
	for _, m := range rebalance.PlanLeaders(&v.Cluster, most) {
		moves = append(moves, LeaderMove{v.tablets[m.Tablet].ID, v.servers[m.From],
			v.servers[m.To]})
	}
	return moves
}

// Ask asks the leader to hand over, and reports whether it will try.
func (m LeaderMove) Ask(p *sim.Proc, until sim.Time) bool {
	resp, err := p.Call(m.From.Node(), &wire.LeaderStepDownRequest{Dest: m.From, Tablet: m.Tablet,
		Graceful: true, Successor: m.To}, until)
	r, ok := resp.(*wire.TabletResponse)
	return err == nil && ok && r.Status.OK()
}
