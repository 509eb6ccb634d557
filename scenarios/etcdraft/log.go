package etcdraft

import (
	"encoding/binary"
	"time"

	pb "go.etcd.io/raft/v3/raftpb"

	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// vouchAfter is how long the log is idle before the metadata says how much of it is durable.
const vouchAfter = 100 * time.Millisecond

// runLog is the process that brings to disk what the core wants there, and then tells those whom
// the core has promised it. What was wanted meanwhile shares the next sync.
func (r *Replica) runLog(p *sim.Proc) {
	for {
		idle := false
		for len(r.appends) == 0 && !r.closed && !idle {
			if r.store.Unvouched() {
				idle = !r.wanted.WaitUntil(p, "entries to write", p.Now().Add(vouchAfter))
			} else {
				r.wanted.Wait(p, "entries to write")
			}
		}
		if r.closed {
			return
		}
		batch := r.appends
		r.appends = nil
		r.write(p, batch, idle)
		for _, m := range batch {
			r.answer(m.Responses)
		}
	}
}

// write makes a batch durable: the term and the vote first, or a log that knows of commits in a
// term which the replica does not remember would bow to an older leader. For the same reason what
// is committed is noted only while no later term waits to be written.
func (r *Replica) write(p *sim.Proc, batch []pb.Message, idle bool) {
	r.writing++
	for _, m := range batch {
		if m.Term != 0 {
			r.store.Remember(int64(m.Term), server(m.Vote))
		}
	}
	r.store.FlushMeta(p)
	for _, m := range batch {
		for _, e := range m.Entries {
			r.store.Append(unpack(e))
		}
	}
	if r.applied > r.noted && r.term == r.store.Meta().Term {
		r.store.NoteCommitted(r.applied)
		r.noted = r.applied
	}
	r.store.FlushLog(p, idle)
	if idle {
		r.store.Vouch(p)
	}
	r.writing--
	r.written.Broadcast()
}

// answer delivers what waited for a write. Nobody wants it any more if another term has begun.
func (r *Replica) answer(responses []pb.Message) {
	for _, m := range responses {
		switch {
		case r.closed:
		case m.To == number(r.cfg.Self):
			r.step(m)
		case int64(m.Term) >= r.term:
			r.send(m)
		}
	}
}

// streamApply draws how long the apply thread takes to get to its work.
var streamApply = sim.NewStream("etcdraft/apply")

// runApply is the process that applies committed entries, a moment after they commit.
func (r *Replica) runApply(p *sim.Proc) {
	for {
		for len(r.applies) == 0 && !r.closed {
			r.work.Wait(p, "entries to apply")
		}
		if r.closed {
			return
		}
		batch := r.applies
		r.applies = nil
		for _, m := range batch {
			for _, e := range m.Entries {
				if !r.apply(p, unpack(e)) {
					return
				}
				r.endRound(int64(e.Index), nil)
			}
			r.progress.Broadcast()
			r.answer(m.Responses)
		}
	}
}

// apply takes a committed entry, after it has brought its configuration, if it has one, to the
// disk: then others are told of it. It reports false if the replica was closed.
func (r *Replica) apply(p *sim.Proc, e wire.Entry) bool {
	if e.Type == wire.ChangeConfig {
		r.keepConfig(p, e)
	}
	if r.closed {
		return false
	}
	r.applied++
	if e.Type == wire.ChangeConfig {
		r.commitConfig(e)
	}
	r.sm.Apply(e)
	raft.EntryApplied.Publish(r.node.World(), raft.EntryEvent{Replica: r, Entry: e})
	return true
}

// round is an operation that its proposer waits for.
type round struct {
	op   wire.OpID
	done bool
	err  error
}

func (r *Replica) endRound(index int64, err error) {
	if rd := r.rounds[index]; rd != nil {
		delete(r.rounds, index)
		rd.done, rd.err = true, err
		r.progress.Broadcast()
	}
}

// Replicate implements raft.Consensus.
func (r *Replica) Replicate(p *sim.Proc, term int64, t wire.EntryType,
	payload []byte) (wire.OpID, error) {
	if r.role != raft.Leader || r.term != term || r.handingOver() {
		return wire.OpID{}, raft.ErrNotLeader
	}
	if len(payload) > r.cfg.Timing.MaxEntry {
		return wire.OpID{}, raft.ErrTooLarge
	}
	reign := r.reign
	r.step(pb.Message{Type: pb.MsgProp, From: number(r.cfg.Self),
		Entries: []pb.Entry{pack(wire.Entry{Type: t, Payload: payload})}})
	op := r.LastLogged()
	rd := &round{op: op}
	r.rounds[op.Index] = rd
	for !rd.done {
		if r.closed || r.reign != reign && r.cfg.EndWithTerm {
			return op, raft.ErrDeposed
		}
		r.progress.Wait(p, "entry "+op.String()+" to be applied")
	}
	return op, rd.err
}

// CaughtUp implements raft.Consensus.
func (r *Replica) CaughtUp(p *sim.Proc, term int64, deadline sim.Time) error {
	last := r.LastLogged().Index
	return r.asLeader(p, term, deadline, "inherited entries to be applied",
		func() bool { return r.applied >= last })
}

// ConfirmLeadership implements raft.Consensus: it is what the core calls a safe read index.
func (r *Replica) ConfirmLeadership(p *sim.Proc, term int64, deadline sim.Time) error {
	if r.role != raft.Leader || r.term != term {
		return raft.ErrNotLeader
	}
	r.asked++
	mine := r.asked
	r.core.ReadIndex(binary.BigEndian.AppendUint64(nil, mine))
	r.react()
	return r.asLeader(p, term, deadline, "a majority to confirm the leader",
		func() bool { return r.confirmed >= mine })
}

// asLeader waits until something is done, while the replica leads the term.
func (r *Replica) asLeader(p *sim.Proc, term int64, deadline sim.Time, what string,
	done func() bool) error {
	for {
		switch {
		case r.role != raft.Leader || r.term != term:
			return raft.ErrNotLeader
		case done():
			return nil
		case !r.progress.WaitUntil(p, what, deadline):
			return raft.ErrTimedOut
		}
	}
}
