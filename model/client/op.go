package client

import (
	"strconv"
	"strings"
	"time"

	"tabletop/model/wire"
	"tabletop/sim"
)

// Kind is what an operation does.
type Kind string

// The kinds of operations.
const (
	Create Kind = "create"
	Delete Kind = "delete"
	Alter  Kind = "alter"
	Recall Kind = "recall"
	Get    Kind = "get"
	List   Kind = "list"
)

// Kinds lists the kinds of operations.
var Kinds = []Kind{Create, Delete, Alter, Recall, Get, List, Insert, Upsert, Erase, Scan}

// Op is an operation: data that prints and parses.
type Op struct {
	ID      int // unique in a plan, from 1; draws that the operation causes hang on it
	Kind    Kind
	Name    string // of the table; of all kinds but List
	Columns []string
	Tablets int          // of Create: for each range
	Ranges  []wire.Range // of Create; none: all keys
	// Locations are those to which Create binds the table's replicas; none: all are free.
	Locations []string
	Dimension wire.Dimension // of all tablets of Create; empty: none
	// Replicas is the replication factor, of Create, and of Alter, where 0 lets it be.
	Replicas int
	Steps    []wire.AlterStep // of Alter
	NewName  string           // of Alter and Recall; empty: the name stays
	RowOp
	// Reserve is for how long a table can be recalled after its Delete; 0: it cannot.
	Reserve time.Duration
	// Table is which table is meant by a Recall: the last that the client was told of under the
	// name. It is no part of a plan; the client fills it in.
	Table wire.TableID
	// NoWait answers when the operation is committed, without waiting until it is done.
	NoWait bool
	// Timeout is how long an operation on rows may take; 0: 15 s. It is no part of a plan.
	Timeout time.Duration
}

// ChangesCatalog reports whether the operation is a DDL.
func (o Op) ChangesCatalog() bool { return o.Kind == Delete || o.IsDoneLater() }

// IsDoneLater reports whether tablets have something to do once the operation is committed, so that
// a client waits until that is done.
func (o Op) IsDoneLater() bool {
	return o.Kind == Create || o.Kind == Alter || o.Kind == Recall
}

// String prints the operation as ParseOp reads it.
func (o Op) String() string {
	words := []string{string(o.Kind)}
	if o.Kind != List {
		words = append(words, o.Name)
	}
	if o.Kind == Create {
		words = append(words, "columns="+strings.Join(o.Columns, ","),
			"tablets="+strconv.Itoa(o.Tablets))
	}
	if len(o.Ranges) > 0 {
		words = append(words, "ranges="+join(o.Ranges))
	}
	if o.Kind == Create || o.Replicas > 0 {
		words = append(words, "replicas="+strconv.Itoa(o.Replicas))
	}
	if len(o.Locations) > 0 {
		words = append(words, "locations="+strings.Join(o.Locations, ","))
	}
	if o.Dimension != "" {
		words = append(words, "dimension="+string(o.Dimension))
	}
	words = append(words, o.rowWords()...)
	for _, s := range o.Steps {
		words = append(words, s.String())
	}
	if o.NewName != "" {
		words = append(words, "rename-to="+o.NewName)
	}
	if o.Reserve > 0 {
		words = append(words, "reserve="+o.Reserve.String())
	}
	if o.NoWait {
		words = append(words, "no-wait")
	}
	return strings.Join(words, " ")
}

// Partitions returns how the rows of the table to be created are distributed.
func (o Op) Partitions() wire.PartitionSchema {
	if len(o.Ranges) == 0 {
		return wire.PartitionSchema{Buckets: o.Tablets, Ranges: []wire.Range{wire.AllKeys}}
	}
	return wire.PartitionSchema{Buckets: o.Tablets, Ranges: o.Ranges}
}

// request returns the message for the operation. A table's first column is its key.
func (o Op) request(h wire.DDLHeader) sim.Message {
	switch o.Kind {
	case Create:
		schema := wire.Schema{}
		for i, c := range o.Columns {
			schema = append(schema, wire.Column{Name: c, Key: i == 0})
		}
		return &wire.CreateTableRequest{DDLHeader: h, Name: o.Name, Schema: schema,
			Partitions: o.Partitions(), Replicas: o.Replicas, Locations: o.Locations,
			Dimension: o.Dimension}
	case Delete:
		return &wire.DeleteTableRequest{DDLHeader: h, Name: o.Name, Reserve: o.Reserve}
	case Recall:
		return &wire.RecallDeletedTableRequest{DDLHeader: h, Table: o.Table, NewName: o.NewName}
	case Alter:
		return &wire.AlterTableRequest{DDLHeader: h, Name: o.Name, Steps: o.Steps,
			NewName: o.NewName, Replicas: o.Replicas}
	case Get:
		return &wire.GetTableSchemaRequest{Name: o.Name}
	}
	return &wire.ListTablesRequest{}
}
