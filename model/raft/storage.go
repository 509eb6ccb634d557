package raft

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tabletop/model/fs"
	"tabletop/model/wire"
	"tabletop/sim"
)

// LogFile returns the name of the log of a replica kept under the given folder.
func LogFile(dir string) string { return dir + "/wal" }

// MetaName is the name of the consensus metadata in the folder of a replica.
const MetaName = "cmeta"

// MetaFile returns the name of the consensus metadata of a replica kept under the given folder.
func MetaFile(dir string) string { return dir + "/" + MetaName }

// Files lists the files that make up the log of a replica, by their names in its folder.
func Files(n *sim.Node, dir string) []string {
	return slices.DeleteFunc(fs.Files(n, dir, MetaName), func(name string) bool {
		return !strings.HasPrefix(name, "wal")
	})
}

// Create lays out a new replica on the disk of the process's node, durably, with the given
// configuration and term zero.
func Create(p *sim.Proc, dir string, c wire.RaftConfig) {
	disk := p.Node().Disk()
	p.Must(disk.Create(LogFile(dir)).Sync(p))
	m := metaFile{node: p.Node(), dir: dir, saved: -1}
	m.Meta = Meta{VotedFor: wire.NoServer, Config: c}
	m.flush(p)
}

// Exists reports whether the disk holds a complete replica under the folder.
func Exists(n *sim.Node, dir string) bool {
	f := n.Disk().Open(MetaFile(dir))
	return f != nil && n.Disk().Open(LogFile(dir)) != nil
}

// walog is the log: all entries in memory, and the file they are written to.
type walog struct {
	file    *sim.File
	entries []logged // entries[i] has index i+1
	synced  int      // bytes of the file that are durable
	noting  int      // of them, as many as the latest record says
	noted   int      // of them, as many as a durable record says
	wanted  sim.Cond // there is something to sync
	done    sim.Cond // something was synced, or nothing will be
	closed  bool
}

// logged is an entry and where its record ends in the file.
type logged struct {
	wire.Entry
	end int
}

// ErrCorrupt tells that the disk has lost something that it held for durable. The replica is of no
// use: what it promised, it does not know.
var ErrCorrupt = errors.New("corrupt")

// openLog reads the log from disk, cuts off a torn tail, and returns it with the index up to
// which it knows entries to be committed. The error is ErrCorrupt.
func openLog(n *sim.Node, dir string) (*walog, int64, error) {
	l := &walog{file: n.Disk().Open(LogFile(dir))}
	var committed int64
	at := 0
	for {
		r, ok := ReadRecord(l.file.Bytes(), at)
		if !ok {
			break
		}
		if r.Entry.Index > l.lastIndex()+1 || !r.Commit && r.Entry.Index < 1 {
			return nil, 0, fmt.Errorf("%w: %s has an entry out of order at byte %d", ErrCorrupt,
				LogFile(dir), at)
		}
		at = r.End
		if r.Commit {
			committed = max(committed, r.Index)
			continue
		}
		l.entries = append(l.entries[:r.Entry.Index-1], logged{r.Entry, r.End})
	}
	if damaged(l.file.Bytes(), at) {
		return nil, 0, fmt.Errorf("%w: %s is damaged at byte %d", ErrCorrupt, LogFile(dir), at)
	}
	if at < l.file.Len() {
		l.file.Truncate(at)
	}
	return l, min(committed, l.lastIndex()), nil
}

func (l *walog) lastIndex() int64 { return int64(len(l.entries)) }

func (l *walog) last() wire.OpID { return l.at(l.lastIndex()) }

// at returns the position of the entry at an index; zero where there is none.
func (l *walog) at(index int64) wire.OpID {
	if index < 1 || index > l.lastIndex() {
		return wire.OpID{}
	}
	return l.entries[index-1].OpID
}

// has reports whether the log holds exactly that entry.
func (l *walog) has(op wire.OpID) bool { return op == wire.OpID{} || l.at(op.Index) == op }

func (l *walog) append(e wire.Entry) {
	l.noting = l.synced
	l.file.Append(appendReplicate(nil, e, l.noting))
	l.entries = append(l.entries, logged{e, l.file.Len()})
	l.wanted.Broadcast()
}

// noteCommitted writes down that entries up to the index are committed, and what is durable. It
// does not matter if the note is lost.
func (l *walog) noteCommitted(index int64) {
	l.noting = l.synced
	l.file.Append(appendCommit(nil, index, l.noting))
}

// unnoted reports whether no durable record says yet that the last entry is.
func (l *walog) unnoted() bool {
	return len(l.entries) > 0 && l.entries[len(l.entries)-1].end > l.noted
}

// truncate forgets the entries from index on. The disk forgets them when others take their
// place.
func (l *walog) truncate(index int64) { l.entries = l.entries[:index-1] }

// durable returns the index of the last entry that is on disk.
func (l *walog) durable() int64 {
	i := l.lastIndex()
	for i > 0 && l.entries[i-1].end > l.synced {
		i--
	}
	return i
}

// sync makes what was written durable.
func (l *walog) sync(p *sim.Proc) {
	upTo, noted := l.file.Len(), l.noting
	p.Must(l.file.Sync(p))
	l.synced, l.noted = max(l.synced, upTo), noted
	l.done.Broadcast()
}

// close lets those who wait for the disk go.
func (l *walog) close() {
	l.closed = true
	l.wanted.Broadcast()
	l.done.Broadcast()
}

// unsynced reports whether an entry waits for the disk.
func (l *walog) unsynced() bool {
	return len(l.entries) > 0 && l.entries[len(l.entries)-1].end > l.synced
}

// waitDurable returns true when the file is durable up to the given offset, or the log is closed,
// and false at the deadline.
func (l *walog) waitDurable(p *sim.Proc, offset int, deadline sim.Time) bool {
	for l.synced < offset && !l.closed {
		if !l.done.WaitUntil(p, "log on disk", deadline) {
			return false
		}
	}
	return true
}
