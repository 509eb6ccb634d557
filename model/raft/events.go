package raft

import (
	"fmt"

	"tabletop/model/replicas"
	"tabletop/model/wire"
	"tabletop/sim"
)

// What replicas tell observers.
var (
	// Booted tells that a replica was opened, before it applies anything.
	Booted = sim.NewTopic[ReplicaEvent]("replica-booted")
	// Candidate tells that a replica stands for election in a term.
	Candidate = sim.NewTopic[ReplicaEvent]("candidate")
	// Elected tells that a replica leads a term.
	Elected = sim.NewTopic[ReplicaEvent]("elected")
	// Deposed tells that a replica leads no longer; the term is the one it is in now.
	Deposed = sim.NewTopic[ReplicaEvent]("deposed")
	// ConfigCommitted tells that a replica has another committed configuration than before.
	ConfigCommitted = sim.NewTopic[ReplicaEvent]("config-committed")
	// EntryAppended tells that an entry was appended to a log; it may not be durable yet.
	EntryAppended = sim.NewTopic[AppendedEvent]("appended")
	// EntryCommitted tells that a replica holds an entry, and all before it, for committed.
	EntryCommitted = sim.NewTopic[EntryEvent]("committed")
	// EntryApplied tells that a replica applied an entry.
	EntryApplied = sim.NewTopic[EntryEvent]("applied")
	// Flushed tells that what a replica has applied up to an entry is durable.
	Flushed = sim.NewTopic[StateEvent]("flushed")
	// Restored tells that a replica which was opened begins with such a state.
	Restored = sim.NewTopic[StateEvent]("restored")
	// EvictionDecided tells that a leader drops a member that failed, by itself.
	EvictionDecided = sim.NewTopic[EvictionEvent]("eviction-decided")
)

// ReplicaEvent tells what became of a replica.
type ReplicaEvent struct {
	Replica Observed
	Term    int64
}

// Fold implements sim.Event.
func (e ReplicaEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Replica.Tablet()) ^ uint64(e.Replica.Node().ID())<<48)
	d.Int(e.Term)
}

func (e ReplicaEvent) String() string {
	return fmt.Sprintf("%s %v term %d", e.Replica.Node().Name(), e.Replica.Tablet(), e.Term)
}

// EntryEvent tells what became of an entry at a replica.
type EntryEvent struct {
	Replica Observed
	Entry   wire.Entry
}

// Fold implements sim.Event. The contents went into the digest when the entry was appended.
func (e EntryEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Replica.Tablet()) ^ uint64(e.Replica.Node().ID())<<48)
	d.Int(e.Entry.Term)
	d.Int(e.Entry.Index)
}

// AppendedEvent tells that an entry was appended.
type AppendedEvent struct{ EntryEvent }

// Fold implements sim.Event.
func (e AppendedEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Replica.Tablet()) ^ uint64(e.Replica.Node().ID())<<48)
	e.Entry.Fold(d)
}

func (e EntryEvent) String() string {
	return fmt.Sprintf("%s %v %v %v", e.Replica.Node().Name(), e.Replica.Tablet(),
		e.Entry.OpID, e.Entry.Type)
}

// StateEvent tells of the flushed state of a replica.
type StateEvent struct {
	Replica Observed
	Op      wire.OpID // the last entry applied
	Sum     uint64    // of the state; see Replica.StateSum
}

func stateEvent(r *Replica, s flushedState) StateEvent {
	return StateEvent{r, s.op, sumOf(s.state)}
}

// EvictionEvent tells that a leader wants to drop a member, and from what.
type EvictionEvent struct {
	Replica *Replica
	State   replicas.State
	Viable  []bool // of the members; nobody asks the leader
	Victim  wire.ServerID
}

// Fold implements sim.Event.
func (e EvictionEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Replica.Tablet()) ^ uint64(e.Replica.Node().ID())<<48)
	d.Uint64(uint64(e.Victim))
}

func (e EvictionEvent) String() string {
	return fmt.Sprintf("%s wants %v without %d: %v %v viable %v", e.Replica.Node().Name(),
		e.Replica.Tablet(), e.Victim, e.State.Config, e.State.Health, e.Viable)
}

// StateSum returns a checksum of what a state machine has applied.
func StateSum(sm StateMachine) uint64 { return sumOf(sm.Snapshot()) }

func sumOf(state []byte) uint64 {
	var d sim.Digest
	d.Bytes(state)
	return d.Sum()
}

// Fold implements sim.Event.
func (e StateEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Replica.Tablet()) ^ uint64(e.Replica.Node().ID())<<48)
	d.Int(e.Op.Term)
	d.Int(e.Op.Index)
	d.Uint64(e.Sum)
}

func (e StateEvent) String() string {
	return fmt.Sprintf("%s %v state after %v is %016x", e.Replica.Node().Name(),
		e.Replica.Tablet(), e.Op, e.Sum)
}
