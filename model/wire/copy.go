package wire

import "tabletop/sim"

// Kinds of messages that copy a replica from one server to another (tablet_copy.proto).
var (
	KindStartTabletCopy   = sim.NewKind("StartTabletCopy")
	KindBeginCopySession  = sim.NewKind("BeginTabletCopySession")
	KindBeginCopyResponse = sim.NewKind("BeginTabletCopySessionResponse")
	KindFetchData         = sim.NewKind("FetchData")
	KindFetchDataResponse = sim.NewKind("FetchDataResponse")
	KindEndCopySession    = sim.NewKind("EndTabletCopySession")
)

// StartTabletCopyRequest is how a tablet's leader tells a member that lacks its replica to copy it.
// It is answered by a TabletResponse before the copy begins.
type StartTabletCopyRequest struct {
	Dest   ServerID
	Tablet TabletID
	Source ServerID
	Term   int64 // of the leader
}

// Kind implements sim.Message.
func (*StartTabletCopyRequest) Kind() *sim.Kind { return KindStartTabletCopy }

// Fold implements sim.Message.
func (m *StartTabletCopyRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Dest))
	d.Uint64(uint64(m.Tablet))
	d.Int(int64(m.Source))
	d.Int(m.Term)
}

// Size implements sim.Message.
func (*StartTabletCopyRequest) Size() int { return 96 }

// BeginCopySessionRequest asks for a replica as it is now.
type BeginCopySessionRequest struct {
	Dest   ServerID
	Tablet TabletID
}

// Kind implements sim.Message.
func (*BeginCopySessionRequest) Kind() *sim.Kind { return KindBeginCopySession }

// Fold implements sim.Message.
func (m *BeginCopySessionRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Dest))
	d.Uint64(uint64(m.Tablet))
}

// Size implements sim.Message.
func (*BeginCopySessionRequest) Size() int { return 72 }

// CopiedFile is a file of a replica that is to be fetched.
type CopiedFile struct {
	Name string // below the folder of the replica
	Size int    // bytes
}

// BeginCopySessionResponse describes the replica; the session holds its files.
type BeginCopySessionResponse struct {
	Status    Status
	Table     TableID
	Partition Partition
	Dimension Dimension
	Version   int64 // of the superblock's schema
	Schema    Schema
	Term      int64
	Config    RaftConfig // the committed one
	Files     []CopiedFile
	Blocks    int // of data
}

// Kind implements sim.Message.
func (*BeginCopySessionResponse) Kind() *sim.Kind { return KindBeginCopyResponse }

// Fold implements sim.Message.
func (m *BeginCopySessionResponse) Fold(d *sim.Digest) {
	m.Status.fold(d)
	d.Uint64(uint64(m.Table))
	m.Partition.Fold(d)
	m.Dimension.fold(d)
	d.Int(m.Version)
	m.Schema.Fold(d)
	d.Int(m.Term)
	m.Config.Fold(d)
	for _, f := range m.Files {
		d.String(f.Name)
		d.Int(int64(f.Size))
	}
	d.Int(int64(m.Blocks))
}

// Size implements sim.Message.
func (m *BeginCopySessionResponse) Size() int {
	return 128 + len(m.Dimension) + m.Schema.size() + m.Config.size() + 32*len(m.Files)
}

// FetchDataRequest asks for a piece of a file of the sender's session on a tablet, or for a block.
type FetchDataRequest struct {
	Dest   ServerID
	Tablet TabletID
	Block  int // from 1; 0: of the file
	File   string
	Offset int // bytes
}

// Kind implements sim.Message.
func (*FetchDataRequest) Kind() *sim.Kind { return KindFetchData }

// Fold implements sim.Message.
func (m *FetchDataRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Dest))
	d.Uint64(uint64(m.Tablet))
	d.Int(int64(m.Block))
	d.String(m.File)
	d.Int(int64(m.Offset))
}

// Size implements sim.Message.
func (m *FetchDataRequest) Size() int { return 72 + len(m.File) }

// FetchDataResponse carries the piece.
type FetchDataResponse struct {
	Status Status
	Data   []byte
}

// Kind implements sim.Message.
func (*FetchDataResponse) Kind() *sim.Kind { return KindFetchDataResponse }

// Fold implements sim.Message.
func (m *FetchDataResponse) Fold(d *sim.Digest) {
	m.Status.fold(d)
	d.Bytes(m.Data)
}

// Size implements sim.Message.
func (m *FetchDataResponse) Size() int { return 32 + m.Status.size() + len(m.Data) }

// EndCopySessionRequest lets the sender's session on a tablet go. It is answered by a
// TabletResponse.
type EndCopySessionRequest struct {
	Dest   ServerID
	Tablet TabletID
}

// Kind implements sim.Message.
func (*EndCopySessionRequest) Kind() *sim.Kind { return KindEndCopySession }

// Fold implements sim.Message.
func (m *EndCopySessionRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Dest))
	d.Uint64(uint64(m.Tablet))
}

// Size implements sim.Message.
func (*EndCopySessionRequest) Size() int { return 64 }
