package rebalancer

import (
	"fmt"

	"tabletop/model/wire"
	"tabletop/sim"
)

// What rebalancers tell observers.
var (
	// Began tells that a rebalancer begins, and Ended that it ends.
	Began = sim.NewTopic[Event]("rebalancing-began")
	Ended = sim.NewTopic[Event]("rebalancing-ended")
	// RoundPlanned tells how many moves a master has planned for a round.
	RoundPlanned = sim.NewTopic[RoundEvent]("rebalancing-planned")
	// MoveBegan tells that the leader of a tablet has been asked for a move, and MoveEnded that
	// nobody waits for it any more.
	MoveBegan = sim.NewTopic[MoveEvent]("move-began")
	MoveEnded = sim.NewTopic[MoveEvent]("move-ended")
)

// Event is about a rebalancer.
type Event struct {
	By     Rebalancer
	Result Result // of Ended
	// Looked is, of Ended, when each phase began to look at the cluster the last time; 0: ksck
	// found something wrong then.
	Looked [3]sim.Time
}

// Rebalancer is who moves replicas: a Tool, or a master.
type Rebalancer interface{ Node() *sim.Node }

// Fold implements sim.Event.
func (e Event) Fold(d *sim.Digest) {
	d.Int(int64(e.By.Node().ID()))
	d.String(string(e.Result))
}

func (e Event) String() string { return fmt.Sprintf("%s %s", e.By.Node().Name(), e.Result) }

// RoundEvent is about a round of a rebalancing master.
type RoundEvent struct {
	By    Rebalancer
	Moves int
}

// Fold implements sim.Event.
func (e RoundEvent) Fold(d *sim.Digest) {
	d.Int(int64(e.By.Node().ID()))
	d.Int(int64(e.Moves))
}

func (e RoundEvent) String() string {
	return fmt.Sprintf("%s: %d moves", e.By.Node().Name(), e.Moves)
}

// MoveEvent is about a move.
type MoveEvent struct {
	By     Rebalancer
	Move   Move
	Limit  int      // of moves at a time on one server
	Result Progress // of MoveEnded
}

// Fold implements sim.Event.
func (e MoveEvent) Fold(d *sim.Digest) {
	d.Int(int64(e.By.Node().ID()))
	d.Uint64(uint64(e.Move.Tablet))
	d.Int(int64(e.Move.From))
	d.Int(int64(e.Move.To))
	d.Uint64(uint64(e.Result))
}

func (e MoveEvent) String() string {
	return fmt.Sprintf("%s: %s: %v", e.By.Node().Name(), e.Route(), e.Result)
}

// Route says what is moved where, for people.
func (e MoveEvent) Route() string {
	w := e.By.Node().World()
	text := fmt.Sprintf("%v from %s", e.Move.Tablet, w.Node(e.Move.From.Node()).Name())
	if e.Move.To != wire.NoServer {
		text += " to " + w.Node(e.Move.To.Node()).Name()
	}
	return text
}
