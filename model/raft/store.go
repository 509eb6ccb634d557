package raft

import (
	"tabletop/model/wire"
	"tabletop/sim"
)

// Store is what the disk holds of a replica. By it a core other than this package's reads and
// writes the same files in the same way; it flushes no state and lets nothing of the log go.
type Store struct {
	meta    *metaFile
	log     *walog
	flushed flushedState
}

// OpenStore reads what Create laid out, makes it durable, and returns it with the index up to which
// entries are known to be committed. The error is ErrCorrupt.
func OpenStore(p *sim.Proc, dir string, opts LogOptions) (s *Store, committed int64, err error) {
	s = &Store{}
	if s.meta, err = openMeta(p.Node(), dir, opts.NoSync); err != nil {
		return nil, 0, err
	}
	if s.flushed, err = openFlushed(p.Node(), dir); err != nil {
		return nil, 0, err
	}
	s.log, committed, err = openLog(p.Node(), dir, opts.orDefault(), s.flushed.op, s.meta.Logged)
	if err != nil {
		return nil, 0, err
	}
	// What the last incarnation wrote may not have reached the disk, and what it promised must
	// still hold: make durable what is about to be believed.
	p.Must(p.Node().Disk().SyncDir(p))
	s.log.sync(p)
	if s.Unvouched() { // nor must its end be taken for a torn tail next time
		s.Vouch(p)
	}
	return s, committed, nil
}

// Meta returns the consensus metadata, which may be ahead of the disk.
func (s *Store) Meta() Meta { return s.meta.Meta }

// Entries returns a copy of the log.
func (s *Store) Entries() []wire.Entry {
	entries := make([]wire.Entry, len(s.log.entries))
	for i, e := range s.log.entries {
		entries[i] = e.Entry
	}
	return entries
}

// Remember writes down the term and the vote in it, in memory until FlushMeta.
func (s *Store) Remember(term int64, votedFor wire.ServerID) {
	if term != s.meta.Term {
		s.meta.setTerm(term)
	}
	if votedFor != s.meta.VotedFor {
		s.meta.vote(votedFor)
	}
}

// SetConfig makes a configuration the committed one, in memory until FlushMeta.
func (s *Store) SetConfig(c wire.RaftConfig) { s.meta.setConfig(c) }

// Append writes an entry, in place of those at its index and beyond. The disk may lose it until
// FlushLog.
func (s *Store) Append(e wire.Entry) {
	if e.Index <= s.log.lastIndex() {
		s.log.truncate(e.Index)
	}
	s.log.append(e)
}

// NoteCommitted writes down that entries up to the index are committed. It may only be called while
// the metadata on disk is of the term in which that was learnt, or a later one: see
// Replica.UpdateConsensus.
func (s *Store) NoteCommitted(index int64) { s.log.noteCommitted(index) }

// FlushMeta returns when the metadata is durable.
func (s *Store) FlushMeta(p *sim.Proc) {
	if s.meta.dirty() {
		s.meta.flush(p)
	}
}

// FlushLog returns when every entry is durable, and so is the last note, if there are new entries
// or force is set.
func (s *Store) FlushLog(p *sim.Proc, force bool) {
	if force || s.log.unsynced() {
		s.log.sync(p)
	}
}

// Unvouched reports whether the metadata does not say yet that the last entry is durable, which
// Vouch makes it say.
func (s *Store) Unvouched() bool { return s.log.beyond(s.meta.Logged) }

// Vouch writes down in the metadata how long the durable part of the log is, so that whatever
// befalls its end is not taken for a torn tail. It is another file than the log, since one write
// that a disk misdirects may take the last entries and every record behind them.
func (s *Store) Vouch(p *sim.Proc) { s.meta.vouch(p, s.log.synced) }
