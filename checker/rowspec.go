package checker

import (
	"fmt"
	"math"

	"github.com/anishathalye/porcupine"

	"tabletop/model/wire"
	"tabletop/sim"
)

// The rows of one key in one tablet, judged by what clients asked and were told, and by nothing
// that the model says of itself but whether a write of unknown outcome took effect at all.

// cellOp is an operation on one row.
type cellOp struct {
	kind  wire.RowOpKind // 0: a read
	value int64          // written, or shown
	found bool           // of a read
	code  wire.Code      // of a write
	call  *rowCall
}

// cellState is a row: there or not, and its value.
type cellState struct {
	there bool
	value int64
}

// step carries out an operation, if its answer is possible.
func (s cellState) step(o cellOp) (bool, cellState) {
	switch {
	case o.kind == 0:
		return s.there == o.found && (!o.found || s.value == o.value), s
	case o.code == wire.RowAlreadyPresent:
		return s.there && o.kind == wire.InsertRow, s
	case o.code == wire.RowNotFound:
		return !s.there && o.kind == wire.EraseRow, s
	case o.kind == wire.InsertRow:
		return !s.there, cellState{true, o.value}
	case o.kind == wire.EraseRow:
		return s.there, cellState{}
	}
	return true, cellState{true, o.value}
}

// judgeKeys gives the history of every key to Porcupine.
func (r *rowsJudge) judgeKeys() (inconclusive bool) {
	looked := r.j.counter(Linearizability)
	histories := r.byCell()
	for _, tablet := range sim.Keys(histories) {
		for _, key := range sim.Keys(histories[tablet]) {
			history := histories[tablet][key]
			*looked += len(history)
			switch checkCell(history) {
			case Inconclusive:
				inconclusive = true
			case Illegal:
				r.j.report(Violation{Oracle: Linearizability, Object: "rows",
					Reason: "not-linearizable", Detail: explainCell(tablet, key, history)})
			}
		}
	}
	return inconclusive
}

// byCell sorts what was asked of each key. A write of unknown outcome that no log holds never took
// effect; of one that a log holds the log tells what became of it, not when.
func (r *rowsJudge) byCell() map[wire.TabletID]map[int64][]cellOp {
	histories := map[wire.TabletID]map[int64][]cellOp{}
	add := func(c *rowCall, key int64, o cellOp) {
		if histories[c.Tablet] == nil {
			histories[c.Tablet] = map[int64][]cellOp{}
		}
		o.call = c
		histories[c.Tablet][key] = append(histories[c.Tablet][key], o)
	}
	for _, c := range r.calls {
		applied := r.log(c.Tablet).writes[c.Request]
		if c.Op.Writes() && applied != nil {
			for i, o := range c.Ops {
				add(c, o.Key, cellOp{kind: o.Kind, value: o.Value, code: applied.codes[i]})
			}
		}
	}
	for _, c := range r.calls {
		if !strong(c.Op) {
			continue
		}
		for _, key := range sim.Keys(r.log(c.Tablet).rows) {
			o := cellOp{}
			for _, row := range c.Rows {
				if row.Key == key {
					o.found, o.value = true, row.Value
				}
			}
			add(c, key, o)
		}
	}
	return histories
}

func checkCell(history []cellOp) Verdict {
	steps := 0
	model := porcupine.Model{
		Init: func() any { return cellState{} },
		Step: func(state, input, _ any) (bool, any) {
			if steps++; steps > stepBudget {
				return false, state
			}
			ok, next := state.(cellState).step(history[input.(int)])
			return ok, next
		},
	}
	ops := make([]porcupine.Operation, len(history))
	for i, o := range history {
		end := int64(o.call.returned)
		if o.call.returned == sim.Never {
			end = math.MaxInt64
		}
		ops[i] = porcupine.Operation{Input: i, Call: int64(o.call.Called), Return: end}
	}
	result, _ := porcupine.CheckOperationsVerbose(model, ops, 0)
	switch {
	case steps > stepBudget:
		return Inconclusive
	case result == porcupine.Ok:
		return Legal
	}
	return Illegal
}

func explainCell(tablet wire.TabletID, key int64, history []cellOp) string {
	text := fmt.Sprintf("no order of the operations on row %d of %v explains", key, tablet)
	for _, o := range history {
		text += "\n  " + o.String()
	}
	return text
}

func (o cellOp) String() string {
	what := fmt.Sprintf("%v %d -> %v", o.kind, o.value, o.code)
	if o.kind == 0 {
		what = "reads nothing"
		if o.found {
			what = fmt.Sprintf("reads %d", o.value)
		}
	}
	return fmt.Sprintf("[%v, %v] %s op %d %s", o.call.Called, o.call.returned,
		o.call.Client.Node().Name(), o.call.Op.ID, what)
}
