// Package tablet copies a replica from one server to another, whole: the superblock, the log with
// what was flushed, and the committed configuration (Kudu's tablet copy). It is used by tablet
// servers and by masters. What is half copied is never taken for a replica.
//
//tabletop:deterministic
package tablet

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"tabletop/model/fs"
	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Kudu's flags, with their defaults.
const (
	idleTimeout = 600 * time.Second // tablet_copy_idle_timeout_sec
	chunkSize   = 4 << 20           // bytes; tablet_copy_transfer_chunk_size_bytes
	rpcTimeout  = 30 * time.Second  // tablet_copy_begin_session_timeout_ms
)

// Source serves copies of a server's replicas (TabletCopyServiceImpl).
type Source struct {
	node     *sim.Node
	sessions map[sessionID]*session
	idle     *sim.Timer
}

// sessionID is made of who asked and what for, as in Kudu: were the sessions counted, then a server
// that restarts would give the files of one session to a copy that another was opened for.
type sessionID struct {
	requestor sim.NodeID
	tablet    wire.TabletID
}

func (x sessionID) compare(y sessionID) int {
	return cmp.Or(cmp.Compare(x.requestor, y.requestor), cmp.Compare(x.tablet, y.tablet))
}

// session holds a replica's files as they were when it began, so that the log may be collected
// meanwhile.
type session struct {
	files  []copied
	blocks int
	used   sim.Time // last
	// release lets go of the log that follows on those files. It is kept meanwhile, or a slow copy
	// would be too far behind when it ends, and begin again for ever.
	release func()
}

type copied struct {
	name string
	data []byte
}

// NewSource returns the source of a server.
func NewSource(n *sim.Node) *Source {
	s := &Source{node: n, sessions: map[sessionID]*session{}}
	s.idle = n.NewTimer(s.forgetIdle)
	return s
}

// Begin opens a session on a replica kept under a folder, which has so many blocks of data. It
// takes the place of one that the same requestor had on the tablet.
func (s *Source) Begin(requestor sim.NodeID, r raft.Observed, sb fs.Superblock, dir string,
	blocks int) *wire.BeginCopySessionResponse {
	resp := &wire.BeginCopySessionResponse{Table: sb.Table, Partition: sb.Partition,
		Dimension: sb.Dimension, Version: sb.Version, Schema: sb.Schema, Term: r.Term(),
		Config: r.Config(), Blocks: blocks}
	x := &session{blocks: blocks, used: s.node.Now(), release: func() {}}
	if log, ok := r.(interface{ Anchor(int64) func() }); ok {
		x.release = log.Anchor(r.LastLogged().Index)
	}
	for _, name := range raft.Files(s.node, dir) {
		data := slices.Clone(s.node.Disk().Open(dir + "/" + name).Bytes())
		x.files = append(x.files, copied{name, data})
		resp.Files = append(resp.Files, wire.CopiedFile{Name: name, Size: len(data)})
	}
	id := sessionID{requestor, sb.Tablet}
	s.end(id)
	s.sessions[id] = x
	if len(s.sessions) == 1 {
		s.idle.Reset(idleTimeout)
	}
	return resp
}

// Fetch returns a piece of a file of a session, or for a block that it is there: what is in it is
// not modelled.
func (s *Source) Fetch(requestor sim.NodeID, req *wire.FetchDataRequest) *wire.FetchDataResponse {
	if x := s.sessions[sessionID{requestor, req.Tablet}]; x != nil {
		x.used = s.node.Now()
		if req.Block > 0 && req.Block <= x.blocks {
			return &wire.FetchDataResponse{}
		}
		for _, f := range x.files {
			if f.name == req.File && req.Offset <= len(f.data) {
				end := min(len(f.data), req.Offset+chunkSize)
				return &wire.FetchDataResponse{Data: f.data[req.Offset:end]}
			}
		}
	}
	return &wire.FetchDataResponse{Status: wire.Err(wire.TabletNotFound, "no such session")}
}

// End lets a session go.
func (s *Source) End(requestor sim.NodeID, req *wire.EndCopySessionRequest) *wire.TabletResponse {
	s.end(sessionID{requestor, req.Tablet})
	return &wire.TabletResponse{}
}

func (s *Source) end(id sessionID) {
	if x := s.sessions[id]; x != nil {
		x.release()
		delete(s.sessions, id)
	}
}

func (s *Source) forgetIdle() {
	for _, id := range slices.SortedFunc(maps.Keys(s.sessions), sessionID.compare) {
		if s.node.Now().Sub(s.sessions[id].used) >= idleTimeout {
			s.end(id)
		}
	}
	if len(s.sessions) > 0 {
		s.idle.Reset(idleTimeout)
	}
}
