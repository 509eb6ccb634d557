package wire

import (
	"time"

	"fmt"
	"strings"

	"tabletop/sim"
)

// Kinds of messages between clients and masters.
var (
	KindConnectToMaster     = sim.NewKind("ConnectToMaster")
	KindConnectResponse     = sim.NewKind("ConnectToMasterResponse")
	KindCreateTable         = sim.NewKind("CreateTable")
	KindDeleteTable         = sim.NewKind("DeleteTable")
	KindAlterTable          = sim.NewKind("AlterTable")
	KindDDLResponse         = sim.NewKind("DDLResponse")
	KindGetTableSchema      = sim.NewKind("GetTableSchema")
	KindTableSchemaResponse = sim.NewKind("GetTableSchemaResponse")
	KindListTables          = sim.NewKind("ListTables")
	KindListTablesResponse  = sim.NewKind("ListTablesResponse")
	KindIsCreateTableDone   = sim.NewKind("IsCreateTableDone")
	KindIsAlterTableDone    = sim.NewKind("IsAlterTableDone")
	KindDoneResponse        = sim.NewKind("IsDoneResponse")
)

// ConnectToMaster asks a master whether it leads.
type ConnectToMaster struct{}

// Kind implements sim.Message.
func (*ConnectToMaster) Kind() *sim.Kind { return KindConnectToMaster }

// Fold implements sim.Message.
func (*ConnectToMaster) Fold(*sim.Digest) {}

// Size implements sim.Message.
func (*ConnectToMaster) Size() int { return 8 }

// ConnectResponse answers ConnectToMaster. A master says that it leads only when its catalog is
// loaded in its term.
type ConnectResponse struct {
	Leader   bool
	Status   Status
	Masters  []ServerID // as this one knows them
	Location string     // of who asks; empty: not known
}

// Kind implements sim.Message.
func (*ConnectResponse) Kind() *sim.Kind { return KindConnectResponse }

// Fold implements sim.Message.
func (m *ConnectResponse) Fold(d *sim.Digest) {
	d.Bool(m.Leader)
	m.Status.fold(d)
	foldServers(d, m.Masters)
	d.String(m.Location)
}

// Size implements sim.Message.
func (m *ConnectResponse) Size() int {
	return 32 + m.Status.size() + 40*len(m.Masters) + len(m.Location)
}

// MastersIndex tells, in an answer of a master, which configuration of the masters it knows, by its
// index. A client that knew an earlier one looks who they are now.
type MastersIndex struct{ Index int64 }

// Masters returns where the index is kept.
func (m *MastersIndex) Masters() *MastersIndex { return m }

// DDLHeader is what every request that changes the catalog carries. Timeout is how long the client
// waits for this attempt; clocks differ, so it is not an instant.
type DDLHeader struct {
	Request RequestID
	Timeout time.Duration
}

func (h DDLHeader) fold(d *sim.Digest) {
	h.Request.fold(d)
	d.Int(int64(h.Timeout))
}

// DDL is a request that changes the catalog.
type DDL interface {
	sim.Message
	Header() DDLHeader
}

// CreateTableRequest asks for a table.
type CreateTableRequest struct {
	DDLHeader
	Name       string
	Schema     Schema
	Partitions PartitionSchema
	Replicas   int
	Locations  []string  // where replicas may be; none: anywhere
	Dimension  Dimension // of all tablets; empty: none
}

// Header implements DDL.
func (m *CreateTableRequest) Header() DDLHeader { return m.DDLHeader }

// Kind implements sim.Message.
func (*CreateTableRequest) Kind() *sim.Kind { return KindCreateTable }

// Fold implements sim.Message.
func (m *CreateTableRequest) Fold(d *sim.Digest) {
	m.fold(d)
	d.String(m.Name)
	m.Schema.Fold(d)
	m.Partitions.Fold(d)
	d.Int(int64(m.Replicas))
	for _, l := range m.Locations {
		d.String(l)
	}
	m.Dimension.fold(d)
}

// Size implements sim.Message.
func (m *CreateTableRequest) Size() int {
	return 24 + len(m.Name) + len(m.Dimension) + m.Schema.size() + m.Partitions.size()
}

func (m *CreateTableRequest) String() string {
	return fmt.Sprintf("CreateTable %s (%s) buckets %d ranges %v replicas %d", m.Name,
		strings.Join(m.Schema.Names(), ", "), m.Partitions.Buckets, m.Partitions.Ranges, m.Replicas)
}

// DeleteTableRequest drops the live table of that name: for good, or, with a Reserve, so that it
// can be recalled for so long.
type DeleteTableRequest struct {
	DDLHeader
	Name    string
	Reserve time.Duration
}

// Header implements DDL.
func (m *DeleteTableRequest) Header() DDLHeader { return m.DDLHeader }

// Kind implements sim.Message.
func (*DeleteTableRequest) Kind() *sim.Kind { return KindDeleteTable }

// Fold implements sim.Message.
func (m *DeleteTableRequest) Fold(d *sim.Digest) {
	m.fold(d)
	d.String(m.Name)
	d.Int(int64(m.Reserve))
}

// Size implements sim.Message.
func (m *DeleteTableRequest) Size() int { return 32 + len(m.Name) }

func (m *DeleteTableRequest) String() string {
	if m.Reserve > 0 {
		return fmt.Sprintf("DeleteTable %s reserve %v", m.Name, m.Reserve)
	}
	return "DeleteTable " + m.Name
}

// AlterTableRequest changes the live table of that name: its columns, its ranges, its name, its
// replication factor, or several of them at one instant.
type AlterTableRequest struct {
	DDLHeader
	Name     string
	Steps    []AlterStep
	NewName  string // empty: keep the name
	Replicas int    // 0: keep the replication factor
}

// Header implements DDL.
func (m *AlterTableRequest) Header() DDLHeader { return m.DDLHeader }

// Kind implements sim.Message.
func (*AlterTableRequest) Kind() *sim.Kind { return KindAlterTable }

// Fold implements sim.Message.
func (m *AlterTableRequest) Fold(d *sim.Digest) {
	m.fold(d)
	d.String(m.Name)
	for _, s := range m.Steps {
		s.fold(d)
	}
	d.String(m.NewName)
	d.Int(int64(m.Replicas))
}

// Size implements sim.Message.
func (m *AlterTableRequest) Size() int {
	return 32 + len(m.Name) + len(m.NewName) + 24*len(m.Steps)
}

func (m *AlterTableRequest) String() string {
	text := "AlterTable " + m.Name
	for _, s := range m.Steps {
		text += " " + s.String()
	}
	if m.NewName != "" {
		text += " rename to " + m.NewName
	}
	if m.Replicas > 0 {
		text += fmt.Sprintf(" replicas %d", m.Replicas)
	}
	return text
}

// DDLResponse answers a DDL. On success it tells which table was meant and the version of the
// schema that the request made.
type DDLResponse struct {
	Request RequestID
	Status  Status
	Table   TableID
	Version int64
	MastersIndex
}

// Kind implements sim.Message.
func (*DDLResponse) Kind() *sim.Kind { return KindDDLResponse }

// Fold implements sim.Message.
func (m *DDLResponse) Fold(d *sim.Digest) {
	m.Request.fold(d)
	m.Status.fold(d)
	d.Uint64(uint64(m.Table))
	d.Int(m.Version)
	d.Int(m.Index)
}

// Size implements sim.Message.
func (m *DDLResponse) Size() int { return 48 + m.Status.size() }

// GetTableSchemaRequest asks for the visible schema of the live table of that name.
type GetTableSchemaRequest struct{ Name string }

// Kind implements sim.Message.
func (*GetTableSchemaRequest) Kind() *sim.Kind { return KindGetTableSchema }

// Fold implements sim.Message.
func (m *GetTableSchemaRequest) Fold(d *sim.Digest) { d.String(m.Name) }

// Size implements sim.Message.
func (m *GetTableSchemaRequest) Size() int { return 8 + len(m.Name) }

// TableSchemaResponse tells the visible schema of a table and its version.
type TableSchemaResponse struct {
	Status  Status
	Table   TableID
	Version int64
	Schema  Schema
	MastersIndex
}

// Kind implements sim.Message.
func (*TableSchemaResponse) Kind() *sim.Kind { return KindTableSchemaResponse }

// Fold implements sim.Message.
func (m *TableSchemaResponse) Fold(d *sim.Digest) {
	m.Status.fold(d)
	d.Uint64(uint64(m.Table))
	d.Int(m.Version)
	m.Schema.Fold(d)
	d.Int(m.Index)
}

// Size implements sim.Message.
func (m *TableSchemaResponse) Size() int { return 32 + m.Status.size() + m.Schema.size() }

// ListTablesRequest asks for all live tables.
type ListTablesRequest struct{}

// Kind implements sim.Message.
func (*ListTablesRequest) Kind() *sim.Kind { return KindListTables }

// Fold implements sim.Message.
func (*ListTablesRequest) Fold(*sim.Digest) {}

// Size implements sim.Message.
func (*ListTablesRequest) Size() int { return 8 }

// ListedTable is a live table in a list.
type ListedTable struct {
	Name string
	ID   TableID
}

// ListTablesResponse tells all live tables of one instant, by name.
type ListTablesResponse struct {
	Status Status
	Tables []ListedTable
	MastersIndex
}

// Kind implements sim.Message.
func (*ListTablesResponse) Kind() *sim.Kind { return KindListTablesResponse }

// Fold implements sim.Message.
func (m *ListTablesResponse) Fold(d *sim.Digest) {
	m.Status.fold(d)
	for _, t := range m.Tables {
		d.String(t.Name)
		d.Uint64(uint64(t.ID))
	}
	d.Int(m.Index)
}

// Size implements sim.Message.
func (m *ListTablesResponse) Size() int { return 16 + m.Status.size() + 32*len(m.Tables) }

// IsCreateTableDoneRequest asks whether every tablet of a table runs.
type IsCreateTableDoneRequest struct{ Table TableID }

// Kind implements sim.Message.
func (*IsCreateTableDoneRequest) Kind() *sim.Kind { return KindIsCreateTableDone }

// Fold implements sim.Message.
func (m *IsCreateTableDoneRequest) Fold(d *sim.Digest) { d.Uint64(uint64(m.Table)) }

// Size implements sim.Message.
func (*IsCreateTableDoneRequest) Size() int { return 16 }

// IsAlterTableDoneRequest asks whether the latest schema of a table is the visible one.
type IsAlterTableDoneRequest struct{ Table TableID }

// Kind implements sim.Message.
func (*IsAlterTableDoneRequest) Kind() *sim.Kind { return KindIsAlterTableDone }

// Fold implements sim.Message.
func (m *IsAlterTableDoneRequest) Fold(d *sim.Digest) { d.Uint64(uint64(m.Table)) }

// Size implements sim.Message.
func (*IsAlterTableDoneRequest) Size() int { return 16 }

// DoneResponse answers IsCreateTableDone and IsAlterTableDone.
type DoneResponse struct {
	Status  Status
	Done    bool
	Version int64 // of the latest schema
}

// Kind implements sim.Message.
func (*DoneResponse) Kind() *sim.Kind { return KindDoneResponse }

// Fold implements sim.Message.
func (m *DoneResponse) Fold(d *sim.Digest) {
	m.Status.fold(d)
	d.Bool(m.Done)
	d.Int(m.Version)
}

// Size implements sim.Message.
func (m *DoneResponse) Size() int { return 16 + m.Status.size() }
