package client

import (
	"slices"
	"strconv"
	"strings"

	"tabletop/model/wire"
)

// The kinds of operations on the rows of a table.
const (
	Insert Kind = "insert"
	Upsert Kind = "upsert"
	Erase  Kind = "erase"
	Scan   Kind = "scan"
)

var writes = map[Kind]wire.RowOpKind{Insert: wire.InsertRow, Upsert: wire.UpsertRow,
	Erase: wire.EraseRow}

var modes = []wire.ReadMode{wire.ReadLatest, wire.ReadAtSnapshot, wire.ReadYourWrites}

// RowOp is the part of an operation that speaks of rows.
type RowOp struct {
	Keys []int64       // of a write
	Mode wire.ReadMode // of a scan
	// AnyReplica lets a scan go to any replica, and not to the leader alone.
	AnyReplica bool
}

// OnRows reports whether the operation is on rows, and not on the catalog.
func (o Op) OnRows() bool { return o.Kind == Scan || o.Writes() }

// Writes reports whether the operation changes rows.
func (o Op) Writes() bool { return writes[o.Kind] != 0 }

// rowOps returns what a write does to each row. No two write the same value.
func (o Op) rowOps() []wire.RowOp {
	var ops []wire.RowOp
	for i, key := range o.Keys {
		ops = append(ops, wire.RowOp{Kind: writes[o.Kind], Key: key,
			Value: int64(o.ID)<<8 | int64(i)})
	}
	return ops
}

// rowWords prints what parseRowWord reads.
func (o Op) rowWords() []string {
	switch {
	case o.Writes():
		keys := make([]string, len(o.Keys))
		for i, k := range o.Keys {
			keys[i] = strconv.FormatInt(k, 10)
		}
		return []string{"keys=" + strings.Join(keys, ",")}
	case o.Kind != Scan:
		return nil
	case o.AnyReplica:
		return []string{"mode=" + o.Mode.String(), "from=any"}
	}
	return []string{"mode=" + o.Mode.String()}
}

// parseRowWord reads a word of an operation on rows.
func (o *Op) parseRowWord(key, value string) bool {
	switch {
	case key == "keys" && o.Writes():
		for word := range strings.SplitSeq(value, ",") {
			k, err := strconv.ParseInt(word, 10, 64)
			if err != nil || slices.Contains(o.Keys, k) || len(o.Keys) == 256 {
				return false
			}
			o.Keys = append(o.Keys, k)
		}
		return true
	case key == "mode" && o.Kind == Scan:
		i := slices.IndexFunc(modes, func(m wire.ReadMode) bool { return m.String() == value })
		if i >= 0 {
			o.Mode = modes[i]
		}
		return i >= 0
	case key == "from" && o.Kind == Scan:
		o.AnyReplica = value == "any"
		return value == "any" || value == "leader"
	}
	return false
}
