package raft

import (
	"slices"
	"time"

	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// leadership is one reign: what a leader knows of its peers.
type leadership struct {
	r     *Replica
	term  int64
	first int64 // index of the NO_OP that opened the term
	peers []*peer
	asked int64    // how often leadership was to be confirmed
	news  sim.Cond // a peer answered
	over  bool
	// batched is what was sent last. Nobody changes it.
	batched []wire.Entry
	// handover is a transfer of leadership under way, if any.
	handover *handover
}

// peer is another member as its leader sees it.
type peer struct {
	id    wire.ServerID
	next  int64 // index of the next entry to send
	match int64 // up to here its log agrees, durably
	asked int64 // leadership.asked when the last request it answered was sent
	work  sim.Cond
	over  bool // it is no member any more
	health
}

// becomeLeader begins a reign. Follows BecomeLeaderUnlocked: the failure detector rests, votes
// are withheld for ever, a NO_OP of the new term is appended.
func (r *Replica) becomeLeader() {
	r.endLeadership() // of an earlier term, with the defect 5d82368da
	r.role, r.leader, r.failedElections = Leader, r.self(), 0
	r.detector.Stop()
	l := &leadership{r: r, term: r.meta.Term, first: r.log.lastIndex() + 1}
	r.lead = l
	Elected.Publish(r.node.World(), ReplicaEvent{r, l.term})
	r.append(wire.Entry{OpID: wire.OpID{Term: l.term, Index: l.first}, Type: wire.NoOp})
	r.log.wanted.Broadcast()
	l.track()
	r.changed()
}

// track makes the peers those of the active configuration. Follows PeerManager::UpdateRaftConfig.
func (l *leadership) track() {
	active := l.r.Active()
	for _, f := range l.peers {
		f.over = f.over || !active.Has(f.id)
		f.work.Broadcast()
	}
	l.peers = slices.DeleteFunc(l.peers, func(f *peer) bool { return f.over })
	for _, id := range active.Servers() {
		if id == l.r.self() || l.peer(id) != nil {
			continue
		}
		f := &peer{id: id, next: l.r.log.lastIndex() + 1}
		f.health.heardAt = l.r.node.Now()
		l.peers = append(l.peers, f)
		l.r.node.Go("replicate to "+l.r.node.World().Node(id.Node()).Name(), func(p *sim.Proc) {
			l.drive(p, f)
		})
	}
}

func (l *leadership) peer(id wire.ServerID) *peer {
	for _, f := range l.peers {
		if f.id == id {
			return f
		}
	}
	return nil
}

func (l *leadership) end() {
	l.over = true
	l.news.Broadcast()
	l.wake()
}

// wake makes every peer's process look for work now instead of at its next heartbeat.
func (l *leadership) wake() {
	for _, f := range l.peers {
		f.work.Broadcast()
	}
}

// drive sends a peer what it lacks, one request at a time, and a heartbeat when it lacks
// nothing. Follows Peer::SendNextRequest: after a failure it waits for the next heartbeat.
func (l *leadership) drive(p *sim.Proc, f *peer) {
	for !l.over && !f.over {
		next := p.Now().Add(l.heartbeat())
		asked := l.asked
		req := l.request(f)
		m, err := l.send(p, f, req)
		if reactor := l.r.cfg.Reactor; reactor != nil {
			reactor.Lock(p, "the thread that takes answers")
			reactor.Unlock()
		}
		if l.over || f.over {
			return
		}
		resp, ok := m.(*wire.UpdateConsensusResponse)
		if ok && resp.Code == wire.OK && resp.Term > req.Term {
			p.Crash("FATAL: a peer in a later term accepts what was sent")
		}
		l.examine(f, resp, err)
		if ok && resp.Code == wire.TabletNotFound {
			l.startCopy(p, f)
		}
		if err == nil && ok && l.answered(f, req, resp) {
			f.asked = asked
			l.news.Broadcast()
			l.offer(f, resp.Quiescing)
			l.promote(f, len(req.Entries))
			if !f.behind && f.next <= l.r.log.lastIndex() || f.asked < l.asked {
				continue
			}
			for f.work.WaitUntil(p, "heartbeat interval", next) && f.behind && f.asked == l.asked &&
				!l.over && !f.over { // there are entries, but none that it could take
			}
		} else {
			p.Sleep("heartbeat interval", max(next.Sub(p.Now()), 0))
		}
	}
}

// send calls a peer. A message that is too large makes the peer break the connection (KUDU-3016;
// see rpc/transfer.cc, InboundTransfer::ReceiveBuffer).
func (l *leadership) send(p *sim.Proc, f *peer, req *wire.UpdateConsensusRequest) (sim.Message,
	error) {
	if slices.ContainsFunc(req.Entries, func(e wire.Entry) bool {
		return len(e.Payload) > l.r.cfg.Timing.MaxEntry
	}) {
		return nil, sim.ErrReset
	}
	return p.Call(f.id.Node(), req, p.Now().Add(l.r.cfg.Timing.RPC))
}

// heartbeat draws the time to the next heartbeat, 25 % around the interval.
func (l *leadership) heartbeat() time.Duration {
	d := l.r.cfg.Timing.Heartbeat
	return l.r.node.Uniform(streamHeartbeat, d*3/4, d*5/4)
}

// request returns what a follower is sent next. One that needs an entry which the log has let go
// cannot be helped by it: it is sent nothing but the leader's state (consensus_queue.cc,
// wal_catchup_possible).
func (l *leadership) request(f *peer) *wire.UpdateConsensusRequest {
	r := l.r
	req := &wire.UpdateConsensusRequest{
		Dest: f.id, Tablet: r.cfg.Tablet, Term: l.term, Leader: r.self(),
		Preceding: r.log.at(f.next - 1), Committed: r.commit, Replicated: r.retainFrom() - 1,
	}
	if f.behind = f.next <= r.log.base.Index; f.behind {
		req.Preceding = r.log.last()
		return req
	}
	if f.match == 0 && f.next == l.first && r.ghosts != nil { // 1eb24183a: the race is lost
		req.Entries = r.ghosts
		return req
	}
	if f.next <= r.log.lastIndex() {
		req.Entries = l.batch(f.next)
	}
	return req
}

// batch returns the entries from an index on, as many as one request takes. Peers that lack the
// same are sent the same.
func (l *leadership) batch(from int64) []wire.Entry {
	log, n := l.r.log, len(l.batched)
	if n > 0 && l.batched[0].Index == from && l.batched[n-1].Index == log.lastIndex() {
		return l.batched
	}
	size, batch := 0, make([]wire.Entry, 0, min(log.lastIndex()+1-from, 64))
	for i := from; i <= log.lastIndex(); i++ {
		e := log.entry(i).Entry
		size += len(e.Payload)
		if size > l.r.cfg.Timing.MaxBatch && (len(batch) > 0 || l.r.bug(variant.KUDU1586)) {
			break
		}
		batch = append(batch, e)
	}
	l.batched = batch
	return batch
}

// answered takes a follower's answer and reports whether the follower accepts the leader.
// Follows PeerMessageQueue::ResponseFromPeer.
func (l *leadership) answered(f *peer, req *wire.UpdateConsensusRequest,
	resp *wire.UpdateConsensusResponse) bool {
	switch resp.Code {
	case wire.OK:
		f.match = max(f.match, resp.LastReceived.Index)
		if f.next = resp.LastReceived.Index + 1; f.next == 1 {
			f.next = resp.LastCommitted + 1
		}
		l.advanceCommit()
		l.r.wakeMaintenance()
		return true
	case wire.PrecedingEntryDidntMatch:
		// It goes on behind the follower's last entry, if that is the leader's as well, and else
		// behind what surely is. A follower that was restarted may know of few commits (KUDU-1778).
		// It may have all that the log has let go, and not know that it is committed: so what the
		// log begins with is tried first.
		from, begin := min(resp.LastCommitted+1, f.next-1), l.r.log.base.Index+1
		switch {
		case l.r.log.has(resp.LastReceived):
			f.next = resp.LastReceived.Index + 1
		case f.next > begin:
			f.next = max(from, begin)
		default:
			f.next = from
		}
		return true
	}
	if resp.Term > l.r.meta.Term {
		l.r.adoptTerm(resp.Term)
	}
	return false
}

// replicatedToAll returns the last index that is durable here and on every peer.
func (l *leadership) replicatedToAll() int64 {
	index := l.r.log.durable()
	for _, f := range l.peers {
		index = min(index, f.match)
	}
	return index
}

// advanceCommit counts the entries that a majority of voters hold durably. Only an entry of the
// leader's own term commits by counting (Raft dissertation 3.6.2).
func (l *leadership) advanceCommit() {
	r := l.r
	var room [8]int64 // as in Committed
	durable := room[:0]
	for _, m := range r.Active().Members {
		if m.NonVoter {
			continue
		}
		index := int64(0)
		if m.ID == r.self() {
			index = r.log.durable()
		} else if f := l.peer(m.ID); f != nil {
			index = f.match
		}
		durable = append(durable, index)
	}
	if index := Committed(durable); index >= l.first {
		settled := r.commit >= l.first
		r.advanceCommit(index)
		if !settled {
			r.changed()
		}
	}
}

// ConfirmLeadership implements Consensus.
func (r *Replica) ConfirmLeadership(p *sim.Proc, term int64, deadline sim.Time) error {
	l := r.lead
	if l == nil || l.term != term {
		return ErrNotLeader
	}
	l.asked++
	mine := l.asked
	l.wake()
	for !l.confirmed(mine) {
		if !l.news.WaitUntil(p, "a majority to confirm the leader", deadline) {
			return ErrTimedOut
		}
		if l.over {
			return ErrNotLeader
		}
	}
	return nil
}

// confirmed reports whether a majority of the voters has answered since that round began.
func (l *leadership) confirmed(round int64) bool {
	voters := l.r.Active().Voters()
	yes := 0
	for _, id := range voters {
		f := l.peer(id)
		if id == l.r.self() || f != nil && f.asked >= round {
			yes++
		}
	}
	return yes >= Majority(len(voters))
}
