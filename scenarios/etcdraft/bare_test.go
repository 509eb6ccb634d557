package etcdraft

import (
	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// bareLoop is etcd's core without a kernel: replicas that call each other. There is no time, no
// digest, no fault, no disk; messages are not encoded and arrive in the order they were sent.
type bareLoop struct {
	nodes   []*bareNode
	queue   []pb.Message
	spare   []pb.Message // the array of the queue before
	payload []byte
	sent    int // messages
	applied int // entries, by the leader
}

// bareNode is one replica. Its number in etcd is one more than its place.
type bareNode struct {
	*raft.RawNode
	storage *raft.MemoryStorage
}

// newBareLoop elects the first replica and puts that many proposals in flight.
func newBareLoop(replicas, flight int, payload []byte) *bareLoop {
	l := &bareLoop{payload: payload}
	var voters []uint64
	for i := range replicas {
		voters = append(voters, uint64(i+1))
	}
	for _, id := range voters {
		storage := raft.NewMemoryStorage()
		must(storage.ApplySnapshot(pb.Snapshot{Metadata: pb.SnapshotMetadata{Index: 1, Term: 1,
			ConfState: pb.ConfState{Voters: voters}}}))
		rn, err := raft.NewRawNode(&raft.Config{ID: id, ElectionTick: 10, HeartbeatTick: 1,
			Storage: storage, MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 256, Logger: silent})
		must(err)
		l.nodes = append(l.nodes, &bareNode{rn, storage})
	}
	must(l.nodes[0].Campaign())
	l.drain(l.nodes[0])
	for len(l.queue) > 0 {
		l.deliver()
	}
	l.propose(flight)
	l.drain(l.nodes[0])
	return l
}

// propose hands entries to the leader, all in one message: the fewest that etcd can do with.
func (l *bareLoop) propose(count int) {
	m := pb.Message{Type: pb.MsgProp, From: 1, Entries: make([]pb.Entry, count)}
	for i := range m.Entries {
		m.Entries[i].Data = l.payload
	}
	must(l.nodes[0].Step(m))
}

// run replicates at least that many entries.
func (l *bareLoop) run(entries int) stretch {
	applied, sent := l.applied, l.sent
	for l.applied < applied+entries {
		l.deliver()
	}
	return stretch{l.applied - applied, l.sent - sent}
}

// deliver hands over the messages that are on their way, but not those that are sent meanwhile.
func (l *bareLoop) deliver() {
	queue := l.queue
	l.queue, l.spare = l.spare[:0], queue
	for _, m := range queue {
		n := l.nodes[m.To-1]
		must(n.Step(m))
		l.drain(n)
	}
	clear(queue)
}

// drain does what the core wants done: append, send, apply. Every entry that the leader applies
// makes room for another.
func (l *bareLoop) drain(n *bareNode) {
	for n.HasReady() {
		rd := n.Ready()
		if !raft.IsEmptyHardState(rd.HardState) {
			must(n.storage.SetHardState(rd.HardState))
		}
		must(n.storage.Append(rd.Entries))
		l.queue = append(l.queue, rd.Messages...)
		l.sent += len(rd.Messages)
		n.Advance(rd)
		if n != l.nodes[0] {
			continue
		}
		entries := 0
		for _, e := range rd.CommittedEntries {
			if len(e.Data) > 0 {
				entries++
			}
		}
		if entries > 0 {
			l.applied += entries
			l.propose(entries)
		}
	}
}
