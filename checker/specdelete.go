package checker

import (
	"cmp"
	"slices"

	"tabletop/model/client"
	"tabletop/model/wire"
)

// delete frees the name. The id ends with it, or lives on if there is a reserve.
func (s *specState) delete(op client.Op, out Answer) *specState {
	t, exists := s.find(op.Name)
	switch {
	case !exists:
		return s.when(out.Code == s.absent(op.Name))
	case out.Code != wire.OK || t.id != out.Table || t.latest() != out.Version:
		return nil
	case op.Reserve > 0:
		t.soft = true
		return s.with(t)
	}
	return s.without(t.id)
}

// absent is what a change of a table is told if there is no live one of the name.
func (s *specState) absent(name string) wire.Code {
	if slices.ContainsFunc(s.tables, func(t specTable) bool { return t.name == name }) {
		return wire.TableSoftDeleted
	}
	return wire.TableNotFound
}

// byID returns a table by its id.
func (s *specState) byID(id wire.TableID) (specTable, bool) {
	i := slices.IndexFunc(s.tables, func(t specTable) bool { return t.id == id })
	if i < 0 {
		return specTable{}, false
	}
	return s.tables[i], true
}

func (s *specState) isLive(id wire.TableID) bool {
	t, exists := s.byID(id)
	return exists && !t.soft
}

// recall makes a soft-deleted table live again, as it was, but for a new name.
func (s *specState) recall(op client.Op, out Answer) *specState {
	t, exists := s.byID(op.Table)
	if !exists || !t.soft {
		return s.when(out.Code == wire.TableNotFound)
	}
	t.name = cmp.Or(op.NewName, t.name)
	if _, taken := s.find(t.name); taken {
		return s.when(out.Code == wire.TableAlreadyPresent)
	}
	if out.Code != wire.OK || out.Table != t.id || out.Version != t.latest() {
		return nil
	}
	t.soft = false
	return s.with(t)
}

// expire ends a soft-deleted table.
func (s *specState) expire(out Answer) *specState {
	if t, exists := s.byID(out.Table); !exists || !t.soft {
		return nil
	}
	return s.without(out.Table)
}
