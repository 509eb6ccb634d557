package raft

import (
	"time"

	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// round is an operation that its proposer waits for.
type round struct {
	op   wire.OpID
	done bool
	err  error
}

// Replicate implements Consensus. Without Config.EndWithTerm it waits as long as the fate of
// the entry is open, like SysCatalogTable::SyncWrite.
func (r *Replica) Replicate(p *sim.Proc, term int64, t wire.EntryType,
	payload []byte) (wire.OpID, error) {
	if r.role != Leader || r.meta.Term != term || r.lead.handingOver() {
		return wire.OpID{}, ErrNotLeader
	}
	if len(payload) > r.cfg.Timing.MaxEntry && !r.bug(variant.KUDU3016) {
		return wire.OpID{}, ErrTooLarge
	}
	l := r.lead
	op := wire.OpID{Term: term, Index: r.log.lastIndex() + 1}
	rd := &round{op: op}
	r.rounds[op.Index] = rd
	r.append(wire.Entry{OpID: op, Type: t, Payload: payload})
	r.log.wanted.Broadcast()
	l.wake()
	for !rd.done {
		if r.closed || l.over && r.cfg.EndWithTerm {
			return op, ErrDeposed
		}
		r.progress.Wait(p, "entry "+op.String()+" to be applied")
	}
	return op, rd.err
}

func (r *Replica) endRound(index int64, err error) {
	rd := r.rounds[index]
	if rd == nil {
		return
	}
	delete(r.rounds, index)
	rd.done, rd.err = true, err
	r.progress.Broadcast()
}

// CaughtUp implements Consensus. Follows CatalogManager::WaitUntilCaughtUpAsLeader.
func (r *Replica) CaughtUp(p *sim.Proc, term int64, deadline sim.Time) error {
	if r.role != Leader || r.meta.Term != term {
		return ErrNotLeader
	}
	for last := r.log.lastIndex(); r.applied < last; {
		if !r.progress.WaitUntil(p, "inherited entries to be applied", deadline) {
			return ErrTimedOut
		}
		if r.role != Leader || r.meta.Term != term {
			return ErrNotLeader
		}
	}
	return nil
}

func (r *Replica) advanceCommit(index int64) {
	if index <= r.commit {
		return
	}
	r.commit = index
	EntryCommitted.Publish(r.node.World(), EntryEvent{r, r.log.entry(index).Entry})
	r.committed.BroadcastAfter("apply", ApplyDelay.Draw(r.node.Draw(streamApply, 0)))
}

// runApply is the process that applies committed entries, a moment after they commit.
func (r *Replica) runApply(p *sim.Proc) {
	for {
		for r.applied == r.commit && !r.closed {
			r.committed.Wait(p, "entries to apply")
		}
		if r.closed {
			return
		}
		for r.applied < r.commit {
			if e := r.log.entry(r.applied + 1).Entry; e.Type == wire.ChangeConfig {
				r.keepConfig(p, e)
				if r.closed {
					return
				}
			}
			r.applyNext()
			r.endRound(r.applied, nil)
		}
		r.log.noteCommitted(r.applied)
		r.progress.Broadcast()
		r.wakeMaintenance()
	}
}

// ApplyDelay is how long the apply thread takes to get to its work: seldom long.
var ApplyDelay = sim.Latency{Min: 10 * time.Microsecond, Max: 400 * time.Microsecond,
	TailPPM: 20_000, TailMax: 30 * time.Millisecond}

func (r *Replica) applyNext() {
	e := r.log.entry(r.applied + 1).Entry
	r.applied++
	if e.Type == wire.ChangeConfig {
		r.commitConfig(e)
	}
	r.sm.Apply(e)
	EntryApplied.Publish(r.node.World(), EntryEvent{r, e})
}

// runLog is the process that brings to disk what a leader appends. Many entries share one sync.
func (r *Replica) runLog(p *sim.Proc) {
	if r.cfg.Log.NoSync {
		r.runLazyLog(p)
		return
	}
	for {
		for !r.log.unsynced() && !r.closed {
			r.log.wanted.Wait(p, "entries to write")
		}
		if r.closed {
			return
		}
		r.log.persist(p, r.log.end())
		r.vouchLater()
		if r.lead != nil {
			r.lead.advanceCommit()
		}
	}
}

// vouchAfter is how long the log is idle before the metadata says how much of it is durable.
const vouchAfter = 100 * time.Millisecond

// vouchLater looks after the log when it may be idle.
func (r *Replica) vouchLater() {
	if !r.closed && !r.cfg.Log.NoSync && !r.idle.Set() && r.disk.Unvouched() {
		r.idle.Reset(vouchAfter)
	}
}

func (r *Replica) vouchIfIdle() {
	if quiet := r.node.Now().Sub(r.log.syncedAt); quiet < vouchAfter {
		r.idle.Reset(vouchAfter - quiet)
		return
	}
	r.node.Go("vouch", func(p *sim.Proc) {
		r.log.persist(p, r.log.end())
		r.disk.Vouch(p)
		r.vouchLater()
	})
}

// writeBackAfter is how long the operating system keeps what was written in its cache
// (dirty_expire_centisecs of Linux).
const writeBackAfter = 30 * time.Second

// runLazyLog takes the place of runLog if nothing waits for the disk: an entry counts as soon as it
// is written, and the operating system brings it to the disk some time later.
func (r *Replica) runLazyLog(p *sim.Proc) {
	due := sim.Never
	for !r.closed {
		if r.lead != nil {
			r.lead.advanceCommit()
		}
		switch {
		case p.Now() >= due || r.log.urgent > r.log.synced:
			r.meta.writeBack(p)
			r.log.sync(p)
			due = sim.Never
			continue
		case due == sim.Never && r.log.unsynced():
			due = p.Now().Add(writeBackAfter)
		}
		r.log.wanted.WaitUntil(p, "entries to write", due)
	}
}
