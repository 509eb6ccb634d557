// Package etcdraft puts etcd's core of Raft, go.etcd.io/raft, behind the Consensus interface of
// model/raft, as a second opinion: the same masters, storms and judges over another core. It also
// measures the two beside each other.
//
// The core is arithmetic: it is given messages and ticks, and says what to write, send and apply.
// A Replica is what stands around it, in the core's form with asynchronous writes: nothing blocks
// but a process that writes and one that applies.
//
// The core has an election timer of its own, whose length it draws from a source that all worlds
// of a program share. That would make runs differ, so it never fires: an election takes more
// ticks than there are, and followers get none. When to campaign, and when to withhold a vote
// because a leader lives, is decided here, by timers of the world and draws of the node.
// CheckQuorum and leases, which count those ticks, are off, as Kudu has neither. A tick is a
// heartbeat, of a leader.
//
// What is here is as deterministic as what is in the model: no goroutines, no order of maps, no
// clock but the world's.
package etcdraft
