package wire

import (
	"fmt"

	"tabletop/sim"
)

// Kinds of messages about the rows of a table.
var (
	KindGetTableLocations = sim.NewKind("GetTableLocations")
	KindTableLocations    = sim.NewKind("GetTableLocationsResponse")
	KindWrite             = sim.NewKind("Write")
	KindWriteResponse     = sim.NewKind("WriteResponse")
	KindScan              = sim.NewKind("Scan")
	KindScanResponse      = sim.NewKind("ScanResponse")
)

// Timestamp orders writes: microseconds of a hybrid clock times 4096, and a count of those within
// one (hybrid_clock.cc). Zero is before all.
type Timestamp int64

// RowOpKind is what a write does to one row.
type RowOpKind uint8

// What may be done to a row (RowOperationsPB).
const (
	InsertRow RowOpKind = iota + 1 // refused if there is such a row
	UpsertRow                      // puts a row in the place of the one there is, if any
	EraseRow                       // refused if there is no such row
)

func (k RowOpKind) String() string { return [...]string{"?", "insert", "upsert", "erase"}[k] }

// RowOp is what is done to one row. The value stands for those of all columns but the key.
type RowOp struct {
	Kind  RowOpKind
	Key   int64
	Value int64
}

func (o RowOp) String() string { return fmt.Sprintf("%v %d=%d", o.Kind, o.Key, o.Value) }

// Row is a row as a scan shows it.
type Row struct {
	Key   int64
	Value int64
	// Version is that of the schema that its writer knew.
	Version int64
	Time    Timestamp // of the write
}

func (r Row) String() string { return fmt.Sprintf("%d=%d", r.Key, r.Value) }

// GetTableLocationsRequest asks for the tablets of a table, and who has replicas of them.
type GetTableLocationsRequest struct{ Table TableID }

// Kind implements sim.Message.
func (*GetTableLocationsRequest) Kind() *sim.Kind { return KindGetTableLocations }

// Fold implements sim.Message.
func (m *GetTableLocationsRequest) Fold(d *sim.Digest) { d.Uint64(uint64(m.Table)) }

// Size implements sim.Message.
func (*GetTableLocationsRequest) Size() int { return 16 }

// TabletLocations tells who has voting replicas of a tablet, as far as a master knows.
type TabletLocations struct {
	Tablet    TabletID
	Partition Partition
	Replicas  []ServerID
	Locations []string // of the replicas, in their order; empty: not known
	Leader    ServerID // NoServer: not known
}

// TableLocationsResponse tells the tablets of a table.
type TableLocationsResponse struct {
	Status  Status
	Tablets []TabletLocations
	MastersIndex
}

// Kind implements sim.Message.
func (*TableLocationsResponse) Kind() *sim.Kind { return KindTableLocations }

// Fold implements sim.Message.
func (m *TableLocationsResponse) Fold(d *sim.Digest) {
	m.Status.fold(d)
	for _, t := range m.Tablets {
		d.Uint64(uint64(t.Tablet))
		t.Partition.Fold(d)
		foldServers(d, t.Replicas)
		for _, l := range t.Locations {
			d.String(l)
		}
		d.Int(int64(t.Leader))
	}
	d.Int(m.Index)
}

// Size implements sim.Message.
func (m *TableLocationsResponse) Size() int { return 16 + m.Status.size() + 160*len(m.Tablets) }

// WriteRequest asks the leader of a tablet to change rows. All of it is one entry of the log; a row
// that is refused does not stop the others.
type WriteRequest struct {
	Dest    ServerID
	Tablet  TabletID
	Request RequestID
	// First is the number of the client's first request that is not finished: answers to earlier
	// ones need not be kept (first_incomplete_seq_no).
	First int64
	// Version and Columns are of the schema that the client knows.
	Version    int64
	Columns    []string
	Ops        []RowOp
	Propagated Timestamp // the latest that the client has seen
}

// Kind implements sim.Message.
func (*WriteRequest) Kind() *sim.Kind { return KindWrite }

// Fold implements sim.Message.
func (m *WriteRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Dest))
	d.Uint64(uint64(m.Tablet))
	m.Request.fold(d)
	d.Int(m.First)
	d.Int(m.Version)
	for _, c := range m.Columns {
		d.String(c)
	}
	for _, o := range m.Ops {
		d.Uint64(uint64(o.Kind))
		d.Int(o.Key)
		d.Int(o.Value)
	}
	d.Int(int64(m.Propagated))
}

// Size implements sim.Message.
func (m *WriteRequest) Size() int { return 88 + 12*len(m.Columns) + 24*len(m.Ops) }

// WriteResponse answers a Write.
type WriteResponse struct {
	Status Status
	Rows   []Code // what became of each row, if the status is OK
	Time   Timestamp
}

// Kind implements sim.Message.
func (*WriteResponse) Kind() *sim.Kind { return KindWriteResponse }

// Fold implements sim.Message.
func (m *WriteResponse) Fold(d *sim.Digest) {
	m.Status.fold(d)
	for _, c := range m.Rows {
		d.Uint64(uint64(c))
	}
	d.Int(int64(m.Time))
}

// Size implements sim.Message.
func (m *WriteResponse) Size() int { return 16 + m.Status.size() + len(m.Rows) }

// ReadMode says how strong a scan is (common.proto, ReadMode).
type ReadMode uint8

// The modes.
const (
	ReadLatest     ReadMode = iota // what the replica has applied
	ReadAtSnapshot                 // as of a timestamp, the same at every replica and for ever
	// ReadYourWrites is a snapshot that has all that the client has written and read before.
	ReadYourWrites
)

func (m ReadMode) String() string { return [...]string{"latest", "snapshot", "your-writes"}[m] }

// ScanRequest asks a replica of a tablet for its rows.
type ScanRequest struct {
	Dest    ServerID
	Tablet  TabletID
	Columns []string // that the client wants to see
	Mode    ReadMode
	// Snapshot is the timestamp to read at; zero: the replica chooses.
	Snapshot   Timestamp
	LeaderOnly bool
	Propagated Timestamp
}

// Kind implements sim.Message.
func (*ScanRequest) Kind() *sim.Kind { return KindScan }

// Fold implements sim.Message.
func (m *ScanRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Dest))
	d.Uint64(uint64(m.Tablet))
	for _, c := range m.Columns {
		d.String(c)
	}
	d.Uint64(uint64(m.Mode))
	d.Int(int64(m.Snapshot))
	d.Bool(m.LeaderOnly)
	d.Int(int64(m.Propagated))
}

// Size implements sim.Message.
func (m *ScanRequest) Size() int { return 56 + 12*len(m.Columns) }

// ScanResponse tells the rows of a tablet, by key.
type ScanResponse struct {
	Status Status
	Rows   []Row
	// Snapshot is the timestamp that was read at, of a snapshot; otherwise of the latest write.
	Snapshot Timestamp
}

// Kind implements sim.Message.
func (*ScanResponse) Kind() *sim.Kind { return KindScanResponse }

// Fold implements sim.Message.
func (m *ScanResponse) Fold(d *sim.Digest) {
	m.Status.fold(d)
	for _, r := range m.Rows {
		d.Int(r.Key)
		d.Int(r.Value)
		d.Int(r.Version)
		d.Int(int64(r.Time))
	}
	d.Int(int64(m.Snapshot))
}

// Size implements sim.Message.
func (m *ScanResponse) Size() int { return 24 + m.Status.size() + 32*len(m.Rows) }
