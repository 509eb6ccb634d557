package checker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/wire"
	"tabletop/sim"
)

// history makes operations on one row: each takes from its first to its second instant; a second of
// 0 is one that may take effect at any time after the first.
func history(ops ...cellOp) []cellOp { return ops }

func during(from, to sim.Time, o cellOp) cellOp {
	if to == 0 {
		to = sim.Never
	}
	o.call = &rowCall{returned: to}
	o.call.Called = from
	return o
}

func TestCellHistories(t *testing.T) {
	insert := func(v int64, c wire.Code) cellOp {
		return cellOp{kind: wire.InsertRow, value: v, code: c}
	}
	upsert := func(v int64) cellOp { return cellOp{kind: wire.UpsertRow, value: v} }
	erase := func(c wire.Code) cellOp { return cellOp{kind: wire.EraseRow, code: c} }
	read := func(v int64) cellOp { return cellOp{value: v, found: v != 0} }
	for name, tc := range map[string]struct {
		want    Verdict
		history []cellOp
	}{
		"one after the other": {Legal, history(during(1, 2, insert(7, wire.OK)),
			during(3, 4, read(7)), during(5, 6, erase(wire.OK)), during(7, 8, read(0)))},
		"a write is not seen": {Illegal, history(during(1, 2, upsert(7)), during(3, 4, read(0)))},
		"a write is seen and then not": {Illegal, history(during(1, 9, upsert(7)),
			during(2, 3, read(7)), during(4, 5, read(0)))},
		"at the same time, either way": {Legal, history(during(1, 4, upsert(7)),
			during(2, 3, upsert(8)), during(5, 6, read(7)))},
		"an unknown one takes effect late": {Legal, history(during(1, 0, upsert(7)),
			during(2, 3, read(0)), during(5, 6, read(7)))},
		"refused, though nobody has inserted": {Illegal,
			history(during(1, 2, insert(7, wire.RowAlreadyPresent)))},
		"refused for another's": {Legal, history(during(1, 2, upsert(8)),
			during(3, 4, insert(7, wire.RowAlreadyPresent)), during(5, 6, read(8)))},
		"inserted twice": {Illegal, history(during(1, 2, insert(7, wire.OK)),
			during(3, 4, insert(8, wire.OK)))},
		"erased twice": {Illegal, history(during(1, 2, upsert(7)), during(3, 4, erase(wire.OK)),
			during(5, 6, erase(wire.OK)))},
		"not there to erase": {Legal, history(during(1, 2, erase(wire.RowNotFound)))},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, checkCell(tc.history)) })
	}
}
