package etcdraft

import (
	"io"
	"log"
	"slices"

	etcd "go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"

	"tabletop/model/raft"
	"tabletop/model/wire"
)

// memory is the log as the core reads it. It holds entries from the moment that the core wants
// them written; until they are, the core does not ask for them. It implements etcd.Storage.
type memory struct {
	entries []pb.Entry // entries[i] has index i+1
	hard    pb.HardState
	members pb.ConfState
}

// newMemory returns a log that was found on disk.
func newMemory(entries []wire.Entry) *memory {
	m := &memory{}
	for _, e := range entries {
		m.entries = append(m.entries, pack(e))
	}
	return m
}

// committed returns up to where the log is committed, given what a record on disk says. The disk
// may know more: the configuration in the metadata was committed, and so was every change of the
// configuration but the last, since a leader makes none before it has applied the one before. The
// core relies on it that who has a later configuration in its log has applied the earlier one.
func (m *memory) committed(noted int64, c wire.RaftConfig) int64 {
	before, last := int64(0), int64(0)
	for _, e := range m.entries {
		if e.Type == pb.EntryConfChange {
			before, last = last, int64(e.Index)
		}
	}
	return max(noted, before, c.Index)
}

// start tells the core where to begin. What is committed has been applied.
func (m *memory) start(meta raft.Meta, committed int64) {
	m.hard = pb.HardState{Term: uint64(meta.Term), Vote: number(meta.VotedFor),
		Commit: uint64(committed)}
	for _, member := range meta.Config.Members {
		if member.NonVoter {
			m.members.Learners = append(m.members.Learners, number(member.ID))
		} else {
			m.members.Voters = append(m.members.Voters, number(member.ID))
		}
	}
}

// changes reports whether there is a change of the configuration behind an index.
func (m *memory) changes(index uint64) bool {
	return slices.ContainsFunc(m.entries[index:], func(e pb.Entry) bool {
		return e.Type == pb.EntryConfChange
	})
}

// put stores an entry in place of those at its index and beyond. Slices that were handed out stay
// as they are.
func (m *memory) put(e pb.Entry) {
	before := e.Index - 1
	if before < uint64(len(m.entries)) {
		m.entries = m.entries[:before:before]
	}
	m.entries = append(m.entries, e)
}

// at returns the position of the entry at an index; zero where there is none.
func (m *memory) at(index int64) wire.OpID {
	if index < 1 || index > int64(len(m.entries)) {
		return wire.OpID{}
	}
	return wire.OpID{Term: int64(m.entries[index-1].Term), Index: index}
}

// InitialState implements etcd.Storage.
func (m *memory) InitialState() (pb.HardState, pb.ConfState, error) {
	return m.hard, m.members, nil
}

// Entries implements etcd.Storage.
func (m *memory) Entries(lo, hi, maxSize uint64) ([]pb.Entry, error) {
	if lo < 1 || hi > uint64(len(m.entries))+1 {
		return nil, etcd.ErrUnavailable
	}
	end, size := lo, uint64(0)
	for ; end < hi; end++ {
		size += uint64(m.entries[end-1].Size())
		if size > maxSize && end > lo {
			break
		}
	}
	return m.entries[lo-1 : end-1 : end-1], nil
}

// Term implements etcd.Storage.
func (m *memory) Term(i uint64) (uint64, error) {
	if i > uint64(len(m.entries)) {
		return 0, etcd.ErrUnavailable
	}
	return uint64(m.at(int64(i)).Term), nil
}

// LastIndex implements etcd.Storage.
func (m *memory) LastIndex() (uint64, error) { return uint64(len(m.entries)), nil }

// FirstIndex implements etcd.Storage. The log is never cut off at its beginning.
func (m *memory) FirstIndex() (uint64, error) { return 1, nil }

// Snapshot implements etcd.Storage. With the whole log at hand nobody needs one.
func (m *memory) Snapshot() (pb.Snapshot, error) {
	return pb.Snapshot{}, etcd.ErrSnapshotTemporarilyUnavailable
}

// number returns what the core calls a server: it counts from 1, and 0 is none.
func number(id wire.ServerID) uint64 { return uint64(id + 1) }

// server returns the server that the core calls so.
func server(number uint64) wire.ServerID { return wire.ServerID(number) - 1 }

// pack returns an entry as the core keeps it: its type and payload; nothing for the entry that
// opens a term, which the core makes itself; and for a new configuration a change that only
// carries it, as what it changes shows when it is applied (see commitConfig).
func pack(e wire.Entry) pb.Entry {
	packed := pb.Entry{Term: uint64(e.Term), Index: uint64(e.Index)}
	switch e.Type {
	case wire.NoOp:
	case wire.ChangeConfig:
		var err error
		change := pb.ConfChange{Type: pb.ConfChangeUpdateNode, Context: e.Payload}
		packed.Type = pb.EntryConfChange
		packed.Data, err = change.Marshal()
		must(err)
	default:
		packed.Data = append([]byte{byte(e.Type)}, e.Payload...)
	}
	return packed
}

func unpack(e pb.Entry) wire.Entry {
	w := wire.Entry{OpID: wire.OpID{Term: int64(e.Term), Index: int64(e.Index)}, Type: wire.NoOp}
	switch {
	case e.Type == pb.EntryConfChange:
		var change pb.ConfChange
		must(change.Unmarshal(e.Data))
		w.Type, w.Payload = wire.ChangeConfig, change.Context
	case len(e.Data) > 0:
		w.Type, w.Payload = wire.EntryType(e.Data[0]), e.Data[1:]
	}
	return w
}

// quiet takes what the core logs: nobody reads it, but what it holds for fatal is a panic.
type quiet struct{ *etcd.DefaultLogger }

var silent = quiet{&etcd.DefaultLogger{Logger: log.New(io.Discard, "", 0)}}

// Fatal implements etcd.Logger.
func (q quiet) Fatal(v ...any) { q.Panic(v...) }

// Fatalf implements etcd.Logger.
func (q quiet) Fatalf(format string, v ...any) { q.Panicf(format, v...) }
