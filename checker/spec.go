package checker

import (
	"cmp"
	"slices"

	"tabletop/model/client"
	"tabletop/model/wire"
	"tabletop/sim"
)

// The sequential specification of the catalog, as clients may see it under the profile ideal. A
// state is the live and the soft-deleted tables of one connected component of names. That the
// latter expire is an event of the history. What else is internal and may happen
// at any time (the latest schema becoming the visible one) is kept as a bound: the visible
// version is at least what somebody was shown, and at most the latest.

// specState is an immutable set of tables, sorted by name.
type specState struct {
	tables []specTable
	hash   uint64
	over   bool // the history was cut before: anything may come
}

// specTable is a table. schemas[i] is the schema of version i.
type specTable struct {
	id      wire.TableID
	name    string
	soft    bool // soft-deleted: it does not hold its name
	factor  int  // of replication
	ranges  []wire.Range
	schemas []wire.Schema
	visible int64 // at least
	// shownAt is the latest version at the instant when visible was shown. What becomes visible
	// later is the latest by then, so versions between the two are not shown any more.
	shownAt int64
}

func newState(tables []specTable) *specState {
	var d sim.Digest
	for i := range tables {
		t := &tables[i]
		d.Uint64(uint64(t.id))
		d.String(t.name)
		d.Bool(t.soft)
		d.Int(int64(t.factor))
		for _, r := range t.ranges {
			d.Int(r.Lower)
			d.Int(r.Upper)
		}
		d.Int(t.visible)
		d.Int(t.shownAt)
		d.Uint64(uint64(len(t.schemas)))
	}
	return &specState{tables: tables, hash: d.Sum()}
}

// equal compares what can differ between states reached by the same operations: a table's
// schemas are given by its id and their number, once an alter is judged by its version.
func (s *specState) equal(o *specState) bool {
	same := s.hash == o.hash && s.over == o.over
	return same && slices.EqualFunc(s.tables, o.tables, func(a, b specTable) bool {
		return a.id == b.id && a.name == b.name && a.soft == b.soft && a.factor == b.factor &&
			slices.Equal(a.ranges, b.ranges) &&
			a.visible == b.visible && a.shownAt == b.shownAt &&
			slices.EqualFunc(a.schemas, b.schemas, slices.Equal[wire.Schema])
	})
}

// find returns the live table of a name.
func (s *specState) find(name string) (specTable, bool) {
	i := slices.IndexFunc(s.tables, func(t specTable) bool { return t.name == name && !t.soft })
	if i < 0 {
		return specTable{}, false
	}
	return s.tables[i], true
}

// with returns the state with the table in place of an older one of its id.
func (s *specState) with(t specTable) *specState {
	tables := append(s.without(t.id).tables, t)
	slices.SortFunc(tables, func(a, b specTable) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id))
	})
	return newState(tables)
}

func (s *specState) without(id wire.TableID) *specState {
	var tables []specTable
	for _, t := range s.tables {
		if t.id != id {
			tables = append(tables, t)
		}
	}
	return newState(tables)
}

// step carries out an operation with a known answer. It returns nil if the answer is not
// possible in the state.
func (s *specState) step(op client.Op, out Answer, component []string) *specState {
	if s.over || out.Code == wire.EntryTooLarge {
		return s // how large its entry would be, the specification does not know
	}
	switch op.Kind {
	case cut:
		return &specState{over: true}
	case client.Create:
		return s.create(op, out)
	case client.Delete:
		return s.delete(op, out)
	case client.Alter:
		return s.alter(op, out)
	case client.Recall:
		return s.recall(op, out)
	case Expired:
		return s.expire(out)
	case client.Get:
		return s.get(op, out)
	case client.List:
		return s.list(out, component)
	case AlterDone:
		return s.alterDone(out)
	case TableGone:
		return s.when(out.Code == wire.TableNotFound && !s.isLive(out.Table))
	}
	return nil
}

func (s *specState) create(op client.Op, out Answer) *specState {
	_, exists := s.find(op.Name)
	duplicate := hasDuplicates(op.Columns)
	ranges, disjoint := firstRanges(op)
	switch out.Code {
	case wire.OK:
		if exists || duplicate || !disjoint || replicasCode(op.Replicas) != wire.OK ||
			out.Version != 0 || s.hasID(out.Table) {
			return nil
		}
		schema := wire.Schema{}
		for i, c := range op.Columns {
			schema = append(schema, wire.Column{Name: c, Key: i == 0})
		}
		return s.with(specTable{id: out.Table, name: op.Name, factor: op.Replicas,
			ranges: ranges, schemas: []wire.Schema{schema}})
	case wire.TableAlreadyPresent:
		return s.when(exists)
	case wire.InvalidSchema:
		return s.when(duplicate)
	case wire.InvalidArgument:
		return s.when(!disjoint)
	case wire.EvenReplicationFactor, wire.IllegalReplicationFactor:
		return s.when(replicasCode(op.Replicas) == out.Code)
	}
	return nil
}

// when returns the state itself if the answer is true of it.
func (s *specState) when(possible bool) *specState {
	if possible {
		return s
	}
	return nil
}

func (s *specState) hasID(id wire.TableID) bool {
	return slices.ContainsFunc(s.tables, func(t specTable) bool { return t.id == id })
}

func hasDuplicates(columns []string) bool {
	for i, c := range columns {
		if slices.Contains(columns[:i], c) {
			return true
		}
	}
	return false
}

func replicasCode(n int) wire.Code {
	switch {
	case n < 1 || n > 7:
		return wire.IllegalReplicationFactor
	case n%2 == 0:
		return wire.EvenReplicationFactor
	}
	return wire.OK
}

func (t specTable) latest() int64 { return int64(len(t.schemas) - 1) }

// get is shown the visible schema, which is at least the last one anybody was shown.
func (s *specState) get(op client.Op, out Answer) *specState {
	t, exists := s.find(op.Name)
	switch {
	case out.Code == wire.TableNotFound:
		return s.when(!exists)
	case out.Code != wire.OK || !exists || t.id != out.Table,
		out.Version != t.visible && out.Version < t.shownAt, out.Version > t.latest(),
		!slices.Equal(t.schemas[out.Version], out.Schema):
		return nil
	}
	return s.showing(t, out.Version)
}

func (s *specState) showing(t specTable, version int64) *specState {
	if t.visible == version && t.shownAt == t.latest() {
		return s
	}
	t.visible, t.shownAt = version, t.latest()
	return s.with(t)
}

// alterDone was told that no alter of the table is open, at a version: the latest one.
func (s *specState) alterDone(out Answer) *specState {
	for _, t := range s.tables {
		if t.id == out.Table && !t.soft {
			if out.Version != t.latest() || out.Version != t.visible && out.Version < t.shownAt {
				return nil
			}
			return s.showing(t, out.Version)
		}
	}
	return nil
}

// list is shown all live tables; here only those with names of the component count.
func (s *specState) list(out Answer, component []string) *specState {
	shown := 0
	for i, listed := range out.Tables {
		if slices.Contains(out.Tables[:i], listed) {
			return nil
		}
		if !slices.Contains(component, listed.Name) {
			continue
		}
		shown++
		if t, exists := s.find(listed.Name); !exists || t.id != listed.ID {
			return nil
		}
	}
	live := 0
	for _, t := range s.tables {
		if !t.soft {
			live++
		}
	}
	return s.when(out.Code == wire.OK && shown == live)
}
