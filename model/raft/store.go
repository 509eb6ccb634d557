package raft

import (
	"fmt"

	"tabletop/model/wire"
	"tabletop/sim"
)

// Store is what the disk holds of a replica, for a core other than this package's: the same files,
// read and written in the same way.
type Store struct {
	meta *metaFile
	log  *walog
}

// OpenStore reads what Create laid out, makes it durable, and returns it with the index up to which
// entries are known to be committed. The error is ErrCorrupt.
func OpenStore(p *sim.Proc, dir string, opts LogOptions) (s *Store, committed int64, err error) {
	n := p.Node()
	s = &Store{meta: &metaFile{node: n, dir: dir}}
	var intact bool
	if s.meta.Meta, intact = ReadMeta(dir, n.Disk().Open(MetaFile(dir)).Bytes()); !intact {
		return nil, 0, fmt.Errorf("%w: %s is damaged", ErrCorrupt, MetaFile(dir))
	}
	if s.log, committed, err = openLog(n, dir, opts.orDefault(), wire.OpID{}); err != nil {
		return nil, 0, err
	}
	p.Must(n.Disk().SyncDir(p))
	s.log.sync(p)
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

// Remember writes down the term and the vote in it, in memory until Flush.
func (s *Store) Remember(term int64, votedFor wire.ServerID) {
	if term != s.meta.Term {
		s.meta.setTerm(term)
	}
	if votedFor != s.meta.VotedFor {
		s.meta.vote(votedFor)
	}
}

// Append writes an entry, in place of those at its index and beyond. The disk may lose it until
// Flush.
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

// Unnoted reports whether the disk does not say yet that the last entry is durable: NoteCommitted
// and FlushLog with force make it say so.
func (s *Store) Unnoted() bool { return s.log.unnoted() }
