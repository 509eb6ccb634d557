package wire

import (
	"cmp"

	"tabletop/sim"
)

// Kinds of messages between masters and tablet servers.
var (
	KindTSHeartbeat         = sim.NewKind("TSHeartbeat")
	KindTSHeartbeatResponse = sim.NewKind("TSHeartbeatResponse")
	KindCreateTablet        = sim.NewKind("CreateTablet")
	KindAlterSchema         = sim.NewKind("AlterSchema")
	KindDeleteTablet        = sim.NewKind("DeleteTablet")
	KindTabletResponse      = sim.NewKind("TabletResponse")
)

// ConsensusState is what a replica knows of its tablet's consensus (ConsensusStatePB).
type ConsensusState struct {
	Term    int64
	Leader  ServerID   // NoServer: unknown
	Config  RaftConfig // the committed one
	Pending bool       // a later one is in the log
	// Settled tells that the replica leads, and has committed an entry of its term: nothing of an
	// earlier one that it lacks ever will be.
	Settled bool
	// Health is how the leader finds the members of Config, in their order; nil if the replica
	// does not lead.
	Health []Health
}

// HealthOf returns how the leader finds a member.
func (c ConsensusState) HealthOf(id ServerID) Health {
	for i, m := range c.Config.Members {
		if m.ID == id && i < len(c.Health) {
			return c.Health[i]
		}
	}
	return HealthUnknown
}

// Fold folds the state into a digest.
func (c ConsensusState) Fold(d *sim.Digest) {
	d.Int(c.Term)
	d.Int(int64(c.Leader))
	c.Config.Fold(d)
	d.Bool(c.Pending)
	d.Bool(c.Settled)
	for _, h := range c.Health {
		d.Uint64(uint64(h))
	}
}

// DataState is what a server's disk holds of a replica (TabletDataState).
type DataState uint8

// The data states. A server forgets a replica that was deleted.
const (
	DataReady      DataState = iota
	DataCopying              // not all of it yet
	DataTombstoned           // only what the replica promised
	DataDeleted
)

func (s DataState) String() string {
	return [...]string{"READY", "COPYING", "TOMBSTONED", "DELETED"}[s]
}

// ReportedTablet is one replica in a tablet report (ReportedTabletPB).
type ReportedTablet struct {
	Tablet        TabletID
	Data          DataState
	Failed        bool // it cannot be opened, for good
	Running       bool // opened; a replica that is not says nothing of its consensus
	State         ConsensusState
	SchemaVersion int64
}

// TabletReport tells the master about replicas: all of a server, or those that changed.
type TabletReport struct {
	Full    bool
	Seq     int64 // a change after it is not covered by the acknowledgement
	Tablets []ReportedTablet
	Removed []TabletID // deleted since the last report; of incremental ones only
}

// TSHeartbeatRequest is what a tablet server tells a master every heartbeat interval.
type TSHeartbeatRequest struct {
	Server      ServerID
	Incarnation int64 // instance_seqno: grows with every start of the server
	Register    bool  // carries the registration
	LiveTablets int
	// LiveByRange counts them by table and range, in order.
	LiveByRange []RangeCount
	// LiveByDimension counts those that have a label, in the order of the labels.
	LiveByDimension []DimensionCount
	Report          TabletReport
}

// RangeCount is how many live replicas a server has of the tablets of one range of a table
// (num_live_tablets_by_range_per_table).
type RangeCount struct {
	Table TableID
	Lower int64 // where the range begins
	Live  int
}

// Compare orders counts by what is counted.
func (r RangeCount) Compare(o RangeCount) int {
	return cmp.Or(cmp.Compare(r.Table, o.Table), cmp.Compare(r.Lower, o.Lower))
}

// Kind implements sim.Message.
func (*TSHeartbeatRequest) Kind() *sim.Kind { return KindTSHeartbeat }

// Fold implements sim.Message.
func (m *TSHeartbeatRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Server))
	d.Int(m.Incarnation)
	d.Bool(m.Register)
	d.Int(int64(m.LiveTablets))
	for _, r := range m.LiveByRange {
		d.Uint64(uint64(r.Table))
		d.Int(r.Lower)
		d.Int(int64(r.Live))
	}
	for _, l := range m.LiveByDimension {
		l.Dimension.fold(d)
		d.Int(int64(l.Live))
	}
	d.Bool(m.Report.Full)
	d.Int(m.Report.Seq)
	foldTablets(d, m.Report.Tablets)
	for _, id := range m.Report.Removed {
		d.Uint64(uint64(id))
	}
}

func foldTablets(d *sim.Digest, tablets []ReportedTablet) {
	for i := range tablets {
		t := &tablets[i]
		d.Uint64(uint64(t.Tablet))
		d.Uint64(uint64(t.Data))
		d.Bool(t.Failed)
		d.Bool(t.Running)
		t.State.Fold(d)
		d.Int(t.SchemaVersion)
	}
}

// Size implements sim.Message.
func (m *TSHeartbeatRequest) Size() int {
	n := 80 + 48*len(m.LiveByRange) + sizeOfTablets(m.Report.Tablets) + 32*len(m.Report.Removed)
	for _, l := range m.LiveByDimension {
		n += 8 + len(l.Dimension)
	}
	if m.Register {
		n += 120
	}
	return n
}

func sizeOfTablets(tablets []ReportedTablet) int {
	n := 64 * len(tablets)
	for i := range tablets {
		n += tablets[i].State.Config.size()
	}
	return n
}

// TSHeartbeatResponse is what the master wants of the server next (TSHeartbeatResponsePB).
type TSHeartbeatResponse struct {
	Status          Status
	LeaderMaster    bool
	LeaderTerm      int64 // in which the master is ready to lead; 0 if it is not
	NeedsReregister bool
	NeedsFullReport bool
	LaterStart      int64      // the stamp of a later start of the server, which refuses this one
	Masters         []ServerID // as this one knows them
}

// Kind implements sim.Message.
func (*TSHeartbeatResponse) Kind() *sim.Kind { return KindTSHeartbeatResponse }

// Fold implements sim.Message.
func (m *TSHeartbeatResponse) Fold(d *sim.Digest) {
	m.Status.fold(d)
	d.Bool(m.LeaderMaster)
	d.Int(m.LeaderTerm)
	d.Bool(m.NeedsReregister)
	d.Bool(m.NeedsFullReport)
	d.Int(m.LaterStart)
	foldServers(d, m.Masters)
}

// Size implements sim.Message.
func (m *TSHeartbeatResponse) Size() int { return 48 + m.Status.size() + 40*len(m.Masters) }

// CreateTabletRequest tells a server to make a replica. A server that has taken the place of the
// one that was meant must not: the tablet counts on what that one remembers.
type CreateTabletRequest struct {
	Dest      ServerID
	Table     TableID
	Tablet    TabletID
	Partition Partition
	Dimension Dimension
	Version   int64
	Schema    Schema
	Config    RaftConfig
}

// Kind implements sim.Message.
func (*CreateTabletRequest) Kind() *sim.Kind { return KindCreateTablet }

// Fold implements sim.Message.
func (m *CreateTabletRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Dest))
	d.Uint64(uint64(m.Table))
	d.Uint64(uint64(m.Tablet))
	m.Partition.Fold(d)
	m.Dimension.fold(d)
	d.Int(m.Version)
	m.Schema.Fold(d)
	m.Config.Fold(d)
}

// Size implements sim.Message.
func (m *CreateTabletRequest) Size() int {
	return 128 + len(m.Dimension) + m.Schema.size() + m.Config.size()
}

// AlterSchemaRequest tells the leader of a tablet its table's latest schema.
type AlterSchemaRequest struct {
	Dest    ServerID
	Tablet  TabletID
	Version int64
	Schema  Schema
}

// Kind implements sim.Message.
func (*AlterSchemaRequest) Kind() *sim.Kind { return KindAlterSchema }

// Fold implements sim.Message.
func (m *AlterSchemaRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Dest))
	d.Uint64(uint64(m.Tablet))
	d.Int(m.Version)
	m.Schema.Fold(d)
}

// Size implements sim.Message.
func (m *AlterSchemaRequest) Size() int { return 56 + m.Schema.size() }

// DeleteTabletRequest tells a server to give up its replica: for good, or so that only what it
// promised is kept, a tombstone.
type DeleteTabletRequest struct {
	Dest      ServerID
	Tablet    TabletID
	Tombstone bool
	CAS       int64 // index of the replica's committed configuration, at most; NoCAS: any
	// Since is a term before which no leader has left a configuration after that of CAS which may
	// be committed yet. One of the very term may be.
	Since int64
	Tool  bool // a person wants it, not a master
}

// Kind implements sim.Message.
func (*DeleteTabletRequest) Kind() *sim.Kind { return KindDeleteTablet }

// Fold implements sim.Message.
func (m *DeleteTabletRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Dest))
	d.Uint64(uint64(m.Tablet))
	d.Bool(m.Tombstone)
	d.Int(m.CAS)
	d.Int(m.Since)
	d.Bool(m.Tool)
}

// Size implements sim.Message.
func (*DeleteTabletRequest) Size() int { return 72 }

// TabletResponse answers CreateTablet, AlterSchema and DeleteTablet.
type TabletResponse struct {
	Tablet TabletID
	Status Status
}

// Kind implements sim.Message.
func (*TabletResponse) Kind() *sim.Kind { return KindTabletResponse }

// Fold implements sim.Message.
func (m *TabletResponse) Fold(d *sim.Digest) {
	d.Uint64(uint64(m.Tablet))
	m.Status.fold(d)
}

// Size implements sim.Message.
func (m *TabletResponse) Size() int { return 24 + m.Status.size() }
