package raft

import (
	"encoding/binary"
	"fmt"

	"tabletop/model/fs"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Meta is what a replica must remember to keep its promises: Kudu's ConsensusMetadata, and how long
// the log was.
type Meta struct {
	Term     int64
	VotedFor wire.ServerID   // in Term; NoServer: nobody
	Config   wire.RaftConfig // the committed one
	Logged   int             // bytes of the log that are known to be durable
}

func (m Meta) encode(dir string) []byte {
	return record(nil, sumOfName(MetaFile(dir)), 0, func(b []byte) []byte {
		b = binary.AppendVarint(b, m.Term)
		b = binary.AppendVarint(b, int64(m.VotedFor))
		b = binary.AppendVarint(b, int64(m.Logged))
		var e wire.Encoder
		e.Config(m.Config)
		return append(b, e.Bytes()...)
	})
}

// ReadMeta parses the consensus metadata of the replica under the folder. It reports false if the
// file is damaged, or another's.
func ReadMeta(dir string, file []byte) (Meta, bool) {
	if len(file) < recordHeader {
		return Meta{}, false
	}
	body := file[recordHeader:]
	if checksum(sumOfName(MetaFile(dir)), 0, body) != binary.LittleEndian.Uint32(file[4:]) {
		return Meta{}, false
	}
	next := func() int64 {
		v, n := binary.Varint(body)
		body = body[n:]
		return v
	}
	m := Meta{Term: next(), VotedFor: wire.ServerID(next()), Logged: int(next())}
	d := wire.NewDecoder(body)
	m.Config = d.Config()
	return m, d.Done()
}

// metaFile is the consensus metadata in memory and on disk. The fields may be ahead of the disk
// until flush returns.
type metaFile struct {
	Meta
	node    *sim.Node
	dir     string
	version int64 // of the fields
	saved   int64 // the version on disk
	lazy    bool  // it counts as on disk once it is written; see LogOptions.NoSync
	writing sim.Mutex
	closed  bool
}

// openMeta reads what the disk holds under a folder. The error is ErrCorrupt.
func openMeta(n *sim.Node, dir string, lazy bool) (*metaFile, error) {
	m, intact := &metaFile{node: n, dir: dir, lazy: lazy}, false
	if m.Meta, intact = ReadMeta(dir, n.Disk().Open(MetaFile(dir)).Bytes()); !intact {
		return nil, fmt.Errorf("%w: %s is damaged", ErrCorrupt, MetaFile(dir))
	}
	return m, nil
}

func (m *metaFile) setTerm(term int64) {
	m.Term, m.VotedFor = term, wire.NoServer
	m.version++
}

func (m *metaFile) vote(candidate wire.ServerID) {
	m.VotedFor = candidate
	m.version++
}

func (m *metaFile) setConfig(c wire.RaftConfig) {
	m.Config = c
	m.version++
}

// flush returns when the present fields, or later ones, are durable.
func (m *metaFile) flush(p *sim.Proc) {
	want := m.version
	m.writing.Lock(p, "consensus metadata")
	defer m.writing.Unlock()
	if m.saved >= want || m.closed {
		return
	}
	m.save(p)
}

func (m *metaFile) save(p *sim.Proc) {
	version := m.version
	if m.lazy {
		m.write()
	} else {
		fs.Replace(p, MetaFile(m.dir), m.encode(m.dir))
	}
	m.saved = version
}

// vouch writes down how long the durable part of the log is. Nobody waits for that.
func (m *metaFile) vouch(p *sim.Proc, upTo int) {
	m.writing.Lock(p, "consensus metadata")
	defer m.writing.Unlock()
	if upTo > m.Logged && !m.closed {
		m.Logged = upTo
		m.save(p)
	}
}

// write puts the file in its place without bringing it to the disk.
func (m *metaFile) write() {
	disk := m.node.Disk()
	disk.Create(MetaFile(m.dir) + ".tmp").Append(m.encode(m.dir))
	disk.Rename(MetaFile(m.dir)+".tmp", MetaFile(m.dir))
}

// writeBack brings what was written lazily to the disk.
func (m *metaFile) writeBack(p *sim.Proc) {
	p.Must(m.node.Disk().Open(MetaFile(m.dir)).Sync(p))
	p.Must(m.node.Disk().SyncDir(p))
}

// close returns when nothing writes the file any more.
func (m *metaFile) close(p *sim.Proc) {
	m.writing.Lock(p, "consensus metadata")
	m.closed = true
	m.writing.Unlock()
}

// dirty reports whether the disk lags behind.
func (m *metaFile) dirty() bool { return m.saved < m.version }

// AdoptMeta makes the committed configuration of a replica that was copied that of the source, and
// its term the source's, if that is later: then it has not voted in it. What it promised stays; its
// log is another
// (ConsensusMetadata::MergeCommittedConsensusStatePB).
func AdoptMeta(p *sim.Proc, dir string, term int64, c wire.RaftConfig) {
	m := metaFile{node: p.Node(), dir: dir, saved: -1, Meta: Meta{VotedFor: wire.NoServer}}
	if f := p.Node().Disk().Open(MetaFile(dir)); f != nil {
		if had, intact := ReadMeta(dir, f.Bytes()); intact {
			m.Meta = had
		}
	}
	if term > m.Term {
		m.setTerm(term)
	}
	m.setConfig(c)
	m.Logged = 0
	m.flush(p)
}
