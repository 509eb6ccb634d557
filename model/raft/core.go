package raft

import (
	"time"

	"tabletop/model/wire"
	"tabletop/sim"
)

// What another core of Raft needs to take the place of this package's own, and to be judged alike.

// Opener starts the replica that the disk holds under cfg.Dir, laid out by Create. The error is
// ErrCorrupt.
type Opener func(p *sim.Proc, cfg Config, sm StateMachine) (Consensus, error)

// OpenReplica is the Opener of this package's own core.
func OpenReplica(p *sim.Proc, cfg Config, sm StateMachine) (Consensus, error) {
	return Open(p, cfg, sm)
}

// Observed is a replica as observers see it, whichever core it runs on.
type Observed interface {
	Node() *sim.Node
	Tablet() wire.TabletID
	// Dir returns the folder it is kept under, in the form of LogFile and MetaFile.
	Dir() string
	Role() Role
	Term() int64
	// ID returns who the replica's server is.
	ID() wire.ServerID
	// Config returns the committed configuration, Active the one that counts.
	Config() wire.RaftConfig
	Active() wire.RaftConfig
	// LastLogged returns the position of the last entry of its log.
	LastLogged() wire.OpID
	// OpAt returns the position of the entry at an index of its log; zero if there is none.
	OpAt(index int64) wire.OpID
	// LogStart returns the position of the entry before the first that its log still holds.
	LogStart() wire.OpID
	// Behind returns the peers that need what the log of this leader has let go.
	Behind() []wire.ServerID
	// StateSum returns a checksum of the state that it has applied.
	StateSum() uint64
}

// Foreign is a message between replicas of another core.
type Foreign interface {
	sim.Message
	// Promise returns the response of this package's protocol that promises the same, a vote or an
	// acknowledgement; nil if the message promises nothing.
	Promise() sim.Message
}

// ElectionTimeouts returns between what a replica draws the time to its next candidacy, after that
// many that failed.
func (t Timing) ElectionTimeouts(failed int) (shortest, longest time.Duration) {
	shortest = t.minElectionTimeout()
	return shortest, backoff(shortest, t.MaxElectionTimeout, failed)
}
