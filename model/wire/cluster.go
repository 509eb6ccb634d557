package wire

import "tabletop/sim"

// Kinds of messages with which tools look at a cluster.
var (
	KindDescribeCluster = sim.NewKind("DescribeCluster")
	KindClusterResponse = sim.NewKind("DescribeClusterResponse")
	KindListTablets     = sim.NewKind("ListTablets")
	KindTabletsResponse = sim.NewKind("ListTabletsResponse")
)

// TServerDescription is a tablet server that has registered, as a master knows it.
type TServerDescription struct {
	ID          ServerID
	Location    string // empty: none was assigned
	Live        bool   // it is not presumed dead
	Maintenance bool
}

// TableDescription is a live table.
type TableDescription struct {
	ID       TableID
	Name     string
	Replicas int // replication factor
	// Locations are those where its replicas may be; none: all are free.
	Locations []string
	Tablets   []TabletDescription
}

// TabletDescription is a tablet of a live table, as a master knows it. One that is being created
// may have no members.
type TabletDescription struct {
	ID        TabletID
	Partition Partition
	Running   bool // it has been created
	State     ConsensusState
}

// DescribeClusterRequest asks the leader master for all tablet servers, live tables and their
// tablets. Kudu's tools ask for these one by one (ListTabletServers, ListTables, GetTableSchema,
// GetTableLocations).
type DescribeClusterRequest struct{}

// Kind implements sim.Message.
func (*DescribeClusterRequest) Kind() *sim.Kind { return KindDescribeCluster }

// Fold implements sim.Message.
func (*DescribeClusterRequest) Fold(*sim.Digest) {}

// Size implements sim.Message.
func (*DescribeClusterRequest) Size() int { return 32 }

// ClusterResponse answers a DescribeClusterRequest.
type ClusterResponse struct {
	Status  Status
	Servers []TServerDescription
	Tables  []TableDescription
}

// Kind implements sim.Message.
func (*ClusterResponse) Kind() *sim.Kind { return KindClusterResponse }

// Fold implements sim.Message.
func (m *ClusterResponse) Fold(d *sim.Digest) {
	m.Status.fold(d)
	for _, s := range m.Servers {
		d.Int(int64(s.ID))
		d.String(s.Location)
		d.Bool(s.Live)
		d.Bool(s.Maintenance)
	}
	for _, t := range m.Tables {
		d.Uint64(uint64(t.ID))
		d.String(t.Name)
		d.Int(int64(t.Replicas))
		for _, l := range t.Locations {
			d.String(l)
		}
		for i := range t.Tablets {
			d.Uint64(uint64(t.Tablets[i].ID))
			d.Bool(t.Tablets[i].Running)
			t.Tablets[i].State.Fold(d)
		}
	}
}

// Size implements sim.Message.
func (m *ClusterResponse) Size() int {
	n := m.Status.size() + 60*len(m.Servers) + 16
	for _, t := range m.Tables {
		n += 48 + len(t.Name)
		for i := range t.Tablets {
			n += 64 + t.Tablets[i].State.Config.size()
		}
	}
	return n
}

// ListTabletsRequest asks a tablet server for all its replicas and what each knows of its consensus
// (ListTablets and GetConsensusState in Kudu). Whoever is at the address answers, and says who it
// is.
type ListTabletsRequest struct{}

// Kind implements sim.Message.
func (*ListTabletsRequest) Kind() *sim.Kind { return KindListTablets }

// Fold implements sim.Message.
func (*ListTabletsRequest) Fold(*sim.Digest) {}

// Size implements sim.Message.
func (*ListTabletsRequest) Size() int { return 32 }

// TabletsResponse answers a ListTabletsRequest.
type TabletsResponse struct {
	Server  ServerID
	Tablets []ReportedTablet
}

// Kind implements sim.Message.
func (*TabletsResponse) Kind() *sim.Kind { return KindTabletsResponse }

// Fold implements sim.Message.
func (m *TabletsResponse) Fold(d *sim.Digest) {
	d.Int(int64(m.Server))
	foldTablets(d, m.Tablets)
}

// Size implements sim.Message.
func (m *TabletsResponse) Size() int { return 48 + sizeOfTablets(m.Tablets) }
