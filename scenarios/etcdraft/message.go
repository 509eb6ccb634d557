package etcdraft

import (
	etcd "go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"

	"tabletop/model/wire"
	"tabletop/sim"
)

var kind = sim.NewKind("etcd raft")

// message carries a message of the core, in bytes, as a datagram: the core bears loss and
// disorder. It implements raft.Foreign.
type message struct {
	tablet wire.TabletID
	body   []byte
	sent   pb.Message // what the bytes say, for observers
	last   wire.OpID  // the entry that is acknowledged, for observers
}

// Kind implements sim.Message.
func (*message) Kind() *sim.Kind { return kind }

// Fold implements sim.Message.
func (m *message) Fold(d *sim.Digest) {
	d.Uint64(uint64(m.tablet))
	d.Bytes(m.body)
}

// Size implements sim.Message.
func (m *message) Size() int { return 8 + len(m.body) }

func (m *message) String() string { return etcd.DescribeMessage(m.sent, nil) }

// Promise implements raft.Foreign. A request for votes promises nothing here: the candidate
// counts its own vote when it is durable, and may ask for others' before.
func (m *message) Promise() sim.Message {
	term := int64(m.sent.Term)
	switch {
	case m.sent.Reject:
	case m.sent.Type == pb.MsgVoteResp:
		return &wire.VoteResponse{Tablet: m.tablet, Term: term, VoteTerm: term,
			Candidate: server(m.sent.To), Granted: true}
	case m.sent.Type == pb.MsgAppResp && m.sent.Index > 0:
		return &wire.UpdateConsensusResponse{Tablet: m.tablet, Term: term, Code: wire.OK,
			LastReceived: m.last}
	}
	return nil
}

// send puts a message of the core on the network.
func (r *Replica) send(m pb.Message) {
	body, err := m.Marshal()
	if err != nil {
		panic(err)
	}
	r.node.Send(server(m.To).Node(), &message{tablet: r.cfg.Tablet, body: body, sent: m,
		last: r.log.at(int64(m.Index))})
}

// receive takes a message from the network.
func (r *Replica) receive(_ sim.NodeID, msg sim.Message) {
	from, ok := msg.(*message)
	if !ok || r.closed {
		return
	}
	var m pb.Message
	if err := m.Unmarshal(from.body); err != nil {
		panic(err)
	}
	if m.To != number(r.cfg.Self) {
		return // to the server that was here before
	}
	switch m.Type {
	case pb.MsgTimeoutNow:
		r.snoozeLonger()
	case pb.MsgVote, pb.MsgPreVote:
		if r.withholds(m) {
			return
		}
	case pb.MsgApp, pb.MsgHeartbeat:
		if r.answersOldLeader(m) {
			return
		}
	}
	r.step(m)
	switch m.Type {
	case pb.MsgApp, pb.MsgHeartbeat:
		r.heard(m)
	case pb.MsgAppResp, pb.MsgHeartbeatResp:
		r.answered(m)
	}
}
