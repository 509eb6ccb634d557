package raft

import (
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// UpdateConsensus implements Consensus: it takes entries, or a heartbeat, from the leader of a
// term. Follows RaftConsensus::UpdateReplica. What it acknowledges is durable.
func (r *Replica) UpdateConsensus(p *sim.Proc,
	req *wire.UpdateConsensusRequest) *wire.UpdateConsensusResponse {
	r.busy.Lock(p, "update lock")
	resp := &wire.UpdateConsensusResponse{Tablet: req.Tablet}
	nothingNew := len(req.Entries) > 0 && r.log.has(lastOf(req))
	resp.Code = r.update(p, req)
	switch {
	case resp.Code == wire.OK && !(nothingNew && r.bug(variant.KUDU1469)):
		resp.LastReceived = lastOf(req)
	case resp.Code == wire.PrecedingEntryDidntMatch:
		resp.LastReceived = r.log.last()
	}
	resp.Term, resp.LastCommitted, resp.Quiescing = r.meta.Term, r.commit, r.quiescing()
	r.busy.Unlock()
	return resp
}

// lastOf returns the position of the last entry that the request speaks of.
func lastOf(req *wire.UpdateConsensusRequest) wire.OpID {
	if n := len(req.Entries); n > 0 {
		return req.Entries[n-1].OpID
	}
	return req.Preceding
}

func (r *Replica) update(p *sim.Proc, req *wire.UpdateConsensusRequest) wire.Code {
	if r.closed {
		return wire.TabletNotFound
	}
	if req.Term < r.meta.Term || r.role == Leader && req.Term == r.meta.Term {
		return wire.InvalidTerm
	}
	r.follow(p, req)
	// The term is on disk before anything that came with it: a log that knows of commits in a term
	// which the replica does not remember would bow to an older leader.
	if r.meta.dirty() {
		r.meta.flush(p)
		if r.closed || r.meta.Term != req.Term {
			return wire.InvalidTerm
		}
	}
	code := wire.OK
	if r.log.has(req.Preceding) {
		r.accept(req.Entries)
		r.advanceCommit(min(req.Committed, lastOf(req).Index))
	} else {
		code = wire.PrecedingEntryDidntMatch
		if req.Preceding.Index <= r.log.lastIndex() {
			r.noteGhosts(req.Preceding.Index)
			r.truncate(req.Preceding.Index)
		}
	}
	if last := lastOf(req).Index; code == wire.OK && last > 0 {
		r.write(p, r.log.endOf(last))
	}
	if r.closed || r.meta.Term != req.Term && !r.bug(variant.ReplyAfterUnlock) {
		return wire.InvalidTerm
	}
	r.persisted(p)
	r.replicated = max(r.replicated, req.Replicated)
	r.wakeMaintenance()
	return code
}

// persist returns when the log is durable up to an offset. However slow the disk, the leader that
// sent the entries is alive meanwhile.
func (r *Replica) persist(p *sim.Proc, offset int) {
	r.persisting = true
	r.log.persist(p, offset)
	r.persisting = false
	r.vouchLater()
}

// write returns when what the leader has sent is durable. With the defect 87278941b nobody is kept
// out of the replica meanwhile, be it a candidate of a later term, and the answer is made of what
// is found afterwards.
func (r *Replica) write(p *sim.Proc, offset int) {
	if !r.bug(variant.ReplyAfterUnlock) {
		r.persist(p, offset)
		return
	}
	r.busy.Unlock()
	r.persist(p, offset)
	r.busy.Lock(p, "update lock")
}

// persisted notes that the leader lives whose entries are, or were, on their way to the disk.
func (r *Replica) persisted(p *sim.Proc) {
	if r.bug(variant.KUDU2947) {
		r.snooze(r.cfg.Timing.minElectionTimeout())
		return
	}
	r.heard(p)
}

// follow makes the sender the leader of its term.
func (r *Replica) follow(p *sim.Proc, req *wire.UpdateConsensusRequest) {
	if req.Term > r.meta.Term {
		r.adoptTerm(req.Term)
	}
	if r.leader != req.Leader {
		r.leader = req.Leader
		r.changed()
	}
	r.heard(p)
}

// heard notes that the leader lives: no election of one's own, no vote for another's.
func (r *Replica) heard(p *sim.Proc) {
	r.failedElections = 0
	alive := r.cfg.Timing.minElectionTimeout()
	r.withholdUntil, r.heardAt = p.Now().Add(alive), p.Now()
	r.snooze(alive)
}

// accept appends what the log lacks. Entries it has are duplicates; one of another term at the
// same index ends the log there.
func (r *Replica) accept(entries []wire.Entry) {
	for _, e := range entries {
		if r.log.has(e.OpID) {
			continue
		}
		if e.Index <= r.log.lastIndex() {
			r.truncate(e.Index)
		}
		r.ghosts = nil
		r.append(e)
	}
}

func (r *Replica) append(e wire.Entry) {
	r.log.append(e)
	EntryAppended.Publish(r.node.World(), AppendedEvent{EntryEvent{r, e}})
	if e.Type == wire.ChangeConfig {
		r.noteConfig(e)
	}
}

// noteGhosts keeps, with the defect 1eb24183a, what is about to be aborted in the cache of the log.
func (r *Replica) noteGhosts(index int64) {
	if !r.bug(variant.NoTruncateOnStatusAbort) {
		return
	}
	r.ghosts = nil
	for i := index; i <= r.log.lastIndex(); i++ {
		r.ghosts = append(r.ghosts, r.log.entry(i).Entry)
	}
}

// truncate drops the entries from index on; the operations that wait for them are aborted.
func (r *Replica) truncate(index int64) {
	if index <= r.commit {
		panic("raft: a committed entry would be truncated")
	}
	for i := index; i <= r.log.lastIndex(); i++ {
		r.endRound(i, ErrAborted)
	}
	r.log.truncate(index)
	r.dropConfig(index)
}
