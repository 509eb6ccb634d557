// Package raft replicates a log among the voters of a tablet, for the master tablet and for
// users' tablets alike, as Kudu's RaftConsensus does.
//
// A Replica is one copy of the log, on one node. The rules (who may be voted for, which entries
// agree, what is committed) are pure functions in rules.go; the flow around them is processes
// that wait: for the disk, for answers, for a majority. A StateMachine receives committed
// entries in order. What a replica promises to others (a vote, an acknowledgement) is durable
// before the promise leaves the node.
//
//tabletop:deterministic
package raft
