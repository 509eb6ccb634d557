// Package catalog is what the master tablet stores: rows of tables and tablets, the batches that
// change them, their form on disk, and the rules of their transitions. Rows are values; a row
// that is stored or published is never changed in place.
//
//tabletop:deterministic
package catalog

import (
	"slices"
	"time"

	"tabletop/model/wire"
	"tabletop/sim"
)

// TableState is the state of a table (SysTablesEntryPB).
type TableState uint8

// The states of a table. A table is Running before any of its tablets exists.
const (
	TableRunning TableState = iota + 1
	TableAltering
	TableRemoved
	TableSoftDeleted // it can be recalled; its tablets are kept as they are
)

func (s TableState) String() string {
	return [...]string{"UNKNOWN", "RUNNING", "ALTERING", "REMOVED", "SOFT_DELETED"}[s]
}

// Table is the row of a table.
type Table struct {
	ID       wire.TableID
	Name     string
	State    TableState
	Replicas int
	// Locations are those where its replicas may be (KUDU-2604); none: all are free.
	Locations []string
	// Partitions says which tablets the table has: one for each partition.
	Partitions wire.PartitionSchema
	// Version counts the changes of Schema, Name and Replicas, from 0.
	Version int64
	Schema  wire.Schema
	// Applied is the schema that every tablet has, and AppliedVersion its version: what readers
	// see. They differ from Schema and Version only while the table is Altering.
	Applied        wire.Schema
	AppliedVersion int64
	// Reserve is how long the table can be recalled once it is SoftDeleted, in which state alone it
	// is not zero.
	Reserve time.Duration
	// DeletedAt is what the wall clock of the master showed that soft-deleted the table, if anybody
	// goes by that; see variant.ExpiryByWallClock.
	DeletedAt time.Duration
}

// Live reports whether the table holds its name.
func (t *Table) Live() bool { return t.State == TableRunning || t.State == TableAltering }

// Gone reports whether the table was dropped for good.
func (t *Table) Gone() bool { return t.State == TableRemoved }

// Equal reports whether two rows say the same.
func (t *Table) Equal(o *Table) bool {
	return t.ID == o.ID && t.Name == o.Name && t.State == o.State && t.Replicas == o.Replicas &&
		slices.Equal(t.Locations, o.Locations) &&
		t.Partitions.Buckets == o.Partitions.Buckets &&
		slices.Equal(t.Partitions.Ranges, o.Partitions.Ranges) &&
		t.Version == o.Version && slices.Equal(t.Schema, o.Schema) &&
		t.AppliedVersion == o.AppliedVersion && slices.Equal(t.Applied, o.Applied) &&
		t.Reserve == o.Reserve && t.DeletedAt == o.DeletedAt
}

// TabletState is the state of a tablet (SysTabletsEntryPB).
type TabletState uint8

// The states of a tablet.
const (
	TabletPreparing TabletState = iota + 1 // no replicas chosen
	TabletCreating                         // replicas chosen, no leader reported
	TabletRunning
	TabletReplaced // creation took too long; another tablet took its place
	TabletDeleted
)

func (s TabletState) String() string {
	return [...]string{"UNKNOWN", "PREPARING", "CREATING", "RUNNING", "REPLACED", "DELETED"}[s]
}

// Tablet is the row of a tablet.
type Tablet struct {
	ID        wire.TabletID
	Table     wire.TableID
	Partition wire.Partition
	Dimension wire.Dimension // empty: none
	State     TabletState
	// Consensus is the latest reported state, without health; its members are set when replicas are
	// chosen.
	Consensus wire.ConsensusState
}

// Gone reports whether the tablet was deleted or replaced.
func (t *Tablet) Gone() bool { return t.State == TabletReplaced || t.State == TabletDeleted }

// Equal reports whether two rows say the same.
func (t *Tablet) Equal(o *Tablet) bool {
	return t.ID == o.ID && t.Table == o.Table && t.Partition == o.Partition &&
		t.Dimension == o.Dimension && t.State == o.State &&
		t.Consensus.Term == o.Consensus.Term &&
		t.Consensus.Leader == o.Consensus.Leader &&
		t.Consensus.Config.Equal(o.Consensus.Config)
}

// Result is the answer to a client's latest request, kept so that a retry finds it. There is one
// row a client: whoever sends a request has the answers to all its earlier ones, or has given
// them up.
type Result struct {
	Request wire.RequestID
	Code    wire.Code
	Msg     string
	Table   wire.TableID
	Version int64
}

// Maintenance says whether a tablet server is in maintenance (TSERVER_STATE).
type Maintenance struct {
	Server wire.ServerID
	On     bool
}

// Batch is one replicated write to the master tablet: the atom of every DDL. Rows replace those
// of the same id.
type Batch struct {
	Tables   []*Table
	Tablets  []*Tablet
	Results  []*Result
	TServers []wire.ServerID // that have registered; see variant.FixPersistTServers
	// Maintenance lists tablet servers whose state changes.
	Maintenance []Maintenance
	// Purged lists dropped tables of which, and of whose tablets, nothing is kept any longer.
	Purged []wire.TableID
	// Cause is the request that the batch carries out, if any. Only observers read it.
	Cause wire.RequestID
}

// Empty reports whether the batch changes nothing; such a batch is not replicated.
func (b *Batch) Empty() bool {
	return len(b.Tables)+len(b.Tablets)+len(b.Results)+len(b.TServers)+len(b.Maintenance)+
		len(b.Purged) == 0
}

// Store is the contents of the master tablet at one replica: what was applied.
type Store struct {
	Tables   map[wire.TableID]*Table
	Tablets  map[wire.TabletID]*Tablet
	Results  map[wire.ServerID]*Result
	TServers map[wire.ServerID]bool
	// Maintenance has the tablet servers that are in maintenance.
	Maintenance map[wire.ServerID]bool
}

// NewStore returns an empty master tablet.
func NewStore() *Store {
	return &Store{
		Tables:   map[wire.TableID]*Table{},
		Tablets:  map[wire.TabletID]*Tablet{},
		Results:  map[wire.ServerID]*Result{},
		TServers: map[wire.ServerID]bool{},

		Maintenance: map[wire.ServerID]bool{},
	}
}

// Apply carries out a batch.
func (s *Store) Apply(b *Batch) {
	for _, t := range b.Tables {
		s.Tables[t.ID] = t
	}
	for _, t := range b.Tablets {
		s.Tablets[t.ID] = t
	}
	for _, id := range b.Purged {
		s.purge(id)
	}
	for _, r := range b.Results {
		s.Results[r.Request.Client] = r
	}
	for _, id := range b.TServers {
		s.TServers[id] = true
	}
	for _, m := range b.Maintenance {
		if m.On {
			s.Maintenance[m.Server] = true
		} else {
			delete(s.Maintenance, m.Server)
		}
	}
}

func (s *Store) purge(table wire.TableID) {
	for _, id := range sim.Keys(s.Tablets) {
		if s.Tablets[id].Table == table {
			delete(s.Tablets, id)
		}
	}
	delete(s.Tables, table)
}
