// Package rebalance chooses replica moves that restore a cluster's order: the placement policy
// first, then an even load of the locations, then an even load of the servers within each. It is
// arithmetic only: no process, no time, nothing drawn.
//
// A Cluster says who has what. Plan returns the moves, in the order in which they are to be made,
// each chosen as if those before it were done. Whoever carries them out in a live cluster asks for
// a batch (Options.Batch), admits what the servers can bear (Admit), and asks again of what has
// become of the cluster.
//
// Equals are told apart by their order in the Cluster, so that one input has one answer. Follows
// src/kudu/rebalance and src/kudu/tools/rebalancer_tool.cc.
//
//tabletop:deterministic
package rebalance

import "slices"

// Cluster is what there is to balance. Servers, tables and tablets go by their indices here.
type Cluster struct {
	Servers []Server
	Tables  []Table
	Tablets []Tablet
}

// Server is a healthy tablet server. Those without a location share one, unnamed.
type Server struct {
	Location string
	// Ignored says that neither the server nor what it has counts, and that nothing moves to it.
	// From it moves something in the phase of that name only.
	Ignored bool
}

// Table is what the tablets of one table have in common.
type Table struct {
	ReplicationFactor int
	// Locations are where its replicas may be, if not everywhere (KUDU-2604): no move leads
	// elsewhere.
	Locations []string
}

// None is the server that is not known: the leader of a tablet without one, the destination of a
// replica that the master is to place.
const None = -1

// Tablet is a tablet and its voters.
type Tablet struct {
	Table int
	// Range is the start of its range: the tablets of a table are balanced range by range.
	Range    string
	Replicas []int
	Leader   int // a server, or None
	Health   Health
	// Moving says that a move is under way and no other may start. Replicas are as they will be
	// once it is done (see Move.Apply).
	Moving bool
}

// Health tells which tablets are fit to lose a replica.
type Health uint8

// Every tablet counts towards the loads. Only a healthy one is moved to even them out, while the
// policy fixer takes one that is recovering as well (ksck's statuses).
const (
	Healthy Health = iota
	Recovering
	Unhealthy
)

// Phase is why a replica is moved.
type Phase string

// The phases, in the order in which they are gone through.
const (
	Ignored       Phase = "ignored"        // its server is ignored, and is to be emptied
	Policy        Phase = "policy"         // the placement policy is violated
	CrossLocation Phase = "cross-location" // a location has more of a table than another
	IntraLocation Phase = "intra-location" // a server has more than another of its location
)

// Phases are all of them but Ignored, which has to be asked for.
var Phases = []Phase{Policy, CrossLocation, IntraLocation}

// Replaces says that a move of the phase only marks a replica in a live cluster, and that the
// master places another.
func (p Phase) Replaces() bool { return p == Ignored || p == Policy }

// Move takes a replica of a tablet from one server to another.
type Move struct {
	Phase    Phase
	Tablet   int
	From, To int
	// Rule is what decided on To, where the phase Replaces.
	Rule Rule
}

// Apply makes the move in c as if it were done, and marks its tablet as moving. With To None the
// replica is only taken away (Rebalancer::BuildClusterInfo).
func (m Move) Apply(c *Cluster) {
	t := &c.Tablets[m.Tablet]
	t.Moving = true
	t.Replicas = slices.DeleteFunc(slices.Clone(t.Replicas), func(s int) bool {
		return s == m.From
	})
	if m.To != None && !slices.Contains(t.Replicas, m.To) {
		t.Replicas = append(t.Replicas, m.To)
	}
	if t.Leader == m.From {
		t.Leader = None
	}
}

// After returns the cluster with the moves done.
func (c *Cluster) After(moves []Move) *Cluster {
	after := *c
	after.Tablets = slices.Clone(c.Tablets)
	for _, m := range moves {
		was := after.Tablets[m.Tablet].Moving
		m.Apply(&after)
		after.Tablets[m.Tablet].Moving = was
	}
	return &after
}

// Admit returns the moves that may start now, in order: at most limit at a time on each server, as
// source and as destination, where underWay says how many there are already, and one a tablet
// (RebalancerTool::AlgoBasedRunner::FindNextMove). It counts what it admits in underWay, which
// has an entry for each server.
//
// Where a move leads that Replaces the master decides, so that it counts at its source only, and
// starts while there are no more than half as many as may be (ReplaceBasedRunner::FindNextMove).
func Admit(moves []Move, underWay []int, limit int) []Move {
	var admitted []Move
	busy := map[int]bool{}
	for _, m := range moves {
		ends, most := []int{m.From, m.To}, limit-1
		if m.Phase.Replaces() {
			ends, most = ends[:1], limit/2
		}
		if busy[m.Tablet] || slices.ContainsFunc(ends, func(s int) bool {
			return underWay[s] > most
		}) {
			continue
		}
		busy[m.Tablet] = true
		for _, s := range ends {
			underWay[s]++
		}
		admitted = append(admitted, m)
	}
	return admitted
}
