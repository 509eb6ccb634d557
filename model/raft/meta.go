package raft

import (
	"encoding/binary"
	"hash/crc32"

	"tabletop/model/wire"
	"tabletop/sim"
)

// Meta is what a replica must remember to keep its promises: Kudu's ConsensusMetadata.
type Meta struct {
	Term     int64
	VotedFor wire.ServerID // in Term; NoServer: nobody
	Voters   []wire.ServerID
}

func (m Meta) encode() []byte {
	return appendRecord(nil, func(b []byte) []byte {
		b = binary.AppendVarint(b, m.Term)
		b = binary.AppendVarint(b, int64(m.VotedFor))
		b = binary.AppendVarint(b, int64(len(m.Voters)))
		for _, v := range m.Voters {
			b = binary.AppendVarint(b, int64(v))
		}
		return b
	})
}

// ReadMeta parses a file of consensus metadata. It reports false if the file is damaged.
func ReadMeta(file []byte) (Meta, bool) {
	if len(file) < recordHeader {
		return Meta{}, false
	}
	body := file[recordHeader:]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(file[4:]) {
		return Meta{}, false
	}
	next := func() int64 {
		v, n := binary.Varint(body)
		body = body[n:]
		return v
	}
	m := Meta{Term: next(), VotedFor: wire.ServerID(next())}
	m.Voters = make([]wire.ServerID, next())
	for i := range m.Voters {
		m.Voters[i] = wire.ServerID(next())
	}
	return m, true
}

// metaFile is the consensus metadata in memory and on disk. The fields may be ahead of the disk
// until flush returns.
type metaFile struct {
	Meta
	node    *sim.Node
	dir     string
	version int64 // of the fields
	saved   int64 // the version on disk
	writing sim.Mutex
}

func (m *metaFile) setTerm(term int64) {
	m.Term, m.VotedFor = term, wire.NoServer
	m.version++
}

func (m *metaFile) vote(candidate wire.ServerID) {
	m.VotedFor = candidate
	m.version++
}

// flush returns when the present fields, or later ones, are durable.
func (m *metaFile) flush(p *sim.Proc) {
	want := m.version
	m.writing.Lock(p, "consensus metadata")
	defer m.writing.Unlock()
	if m.saved >= want {
		return
	}
	version := m.version
	disk := m.node.Disk()
	tmp := disk.Create(MetaFile(m.dir) + ".tmp")
	tmp.Append(m.encode())
	p.Must(tmp.Sync(p))
	disk.Rename(MetaFile(m.dir)+".tmp", MetaFile(m.dir))
	p.Must(disk.SyncDir(p))
	m.saved = version
}

// dirty reports whether the disk lags behind.
func (m *metaFile) dirty() bool { return m.saved < m.version }
