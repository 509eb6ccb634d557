// Package wire is the vocabulary that masters, tablet servers and clients share: identifiers,
// schemas, messages and statuses, with their forms on disk. Messages are immutable once sent.
//
//tabletop:deterministic
package wire

import (
	"fmt"
	"strconv"

	"tabletop/sim"
)

// ServerID identifies a master, a tablet server or a client for ever: the permanent UUID, which a
// server gets with its disk, and the address, which is the node. The first server of a node has the
// number of the node; one whose disk took the place of another has a greater number of its own.
type ServerID int64

// NoServer is no server.
const NoServer ServerID = -1

// nodeBits is how many of the low bits of a ServerID are the number of the node.
const nodeBits = 16

// ServerOn returns the identity of a server on a node; disk counts the disks that it had before.
func ServerOn(n sim.NodeID, disk int) ServerID {
	return ServerID(disk)<<nodeBits | ServerID(n)
}

// Node returns the node that the server is, or was, on.
func (s ServerID) Node() sim.NodeID { return sim.NodeID(s & (1<<nodeBits - 1)) }

func foldServers(d *sim.Digest, ids []ServerID) {
	for _, id := range ids {
		d.Int(int64(id))
	}
}

// TableID identifies a table for ever; names come and go. Zero is no table.
type TableID uint64

func (id TableID) String() string { return fmt.Sprintf("table-%08x", uint64(id)) }

// TabletID identifies a tablet for ever.
type TabletID uint64

// SysCatalog is the tablet that holds the masters' metadata (sys_catalog.h, kSysCatalogTabletId).
const SysCatalog TabletID = 0

func (id TabletID) String() string {
	if id == SysCatalog {
		return "master-tablet"
	}
	return fmt.Sprintf("tablet-%08x", uint64(id))
}

// OpID is the position of an entry in a replicated log. The zero value precedes every entry.
type OpID struct{ Term, Index int64 }

func (o OpID) String() string {
	var room [40]byte
	b := append(strconv.AppendInt(room[:0], o.Term, 10), '.')
	return string(strconv.AppendInt(b, o.Index, 10))
}

// RequestID is the identity of a client's request: all attempts at it carry the same.
type RequestID struct {
	Client ServerID
	Seq    int64 // counts the requests of the client from 1
}

func (r RequestID) String() string { return fmt.Sprintf("%d/%d", r.Client, r.Seq) }

func (r RequestID) fold(d *sim.Digest) {
	d.Int(int64(r.Client))
	d.Int(r.Seq)
}

// Column is a column of a table.
type Column struct {
	Name string
	Key  bool // part of the primary key
	// Default is the value of rows that say nothing of the column.
	Default int64
}

// Schema is the columns of a table in their order. A Schema is never changed in place.
type Schema []Column

// Names returns the names of the columns in their order.
func (s Schema) Names() []string {
	names := make([]string, len(s))
	for i, c := range s {
		names[i] = c.Name
	}
	return names
}

// Fold folds the schema into a digest.
func (s Schema) Fold(d *sim.Digest) {
	d.Uint64(uint64(len(s)))
	for _, c := range s {
		d.String(c.Name)
		d.Bool(c.Key)
		d.Int(c.Default)
	}
}

func (s Schema) size() int {
	n := 4
	for _, c := range s {
		n += len(c.Name) + 3
	}
	return n
}
