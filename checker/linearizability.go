package checker

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"tabletop/model/client"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Verdict is the answer of a check that may run out of budget.
type Verdict uint8

// The verdicts.
const (
	Legal Verdict = iota
	Illegal
	Inconclusive
)

func (v Verdict) String() string { return [...]string{"legal", "illegal", "inconclusive"}[v] }

// stepBudget bounds the work on one component of a history, in steps of the specification, so
// that the answer does not depend on how fast the machine is.
const stepBudget = 3_000_000

// Components splits a history into parts that can be judged one by one: two names belong together
// when a rename joins them. A list of all tables is projected on each part, which is sound but
// weaker than judging it whole.
func Components(events []Event) [][]string {
	var parts [][]string
	for _, e := range events {
		names := namesOf(e.Op)
		if len(names) == 0 {
			continue
		}
		merged := slices.Clone(names)
		parts = slices.DeleteFunc(parts, func(part []string) bool {
			joined := slices.ContainsFunc(names, func(n string) bool {
				return slices.Contains(part, n)
			})
			if joined {
				merged = append(merged, part...)
			}
			return joined
		})
		slices.Sort(merged)
		parts = append(parts, slices.Compact(merged))
	}
	slices.SortFunc(parts, slices.Compare[[]string])
	return parts
}

// Project returns the events that speak of the names, and all lists.
func Project(events []Event, names []string) []Event {
	var part []Event
	for _, e := range events {
		own := namesOf(e.Op)
		if len(own) == 0 || slices.Contains(names, own[0]) {
			part = append(part, e)
		}
	}
	return part
}

// Impossible returns the first answer that no state of the catalog explains: a create that gives
// the id of another table, or a list with a name that nobody ever spoke of. Parts of a history do
// not show these.
func Impossible(events []Event) (bad Event, found bool) {
	var created []wire.TableID
	var names []string
	for _, e := range events {
		names = append(names, namesOf(e.Op)...)
	}
	for _, e := range events {
		if e.Op.Kind == client.Create && e.Out.Code == wire.OK {
			if slices.Contains(created, e.Out.Table) {
				return e, true
			}
			created = append(created, e.Out.Table)
		}
		if slices.ContainsFunc(e.Out.Tables, func(t wire.ListedTable) bool {
			return !slices.Contains(names, t.Name)
		}) {
			return e, true
		}
	}
	return Event{}, false
}

// CheckComponent judges one part of a history with Porcupine. It returns the operations that the
// longest explanation found leaves out, if there is no complete one, and the steps it took.
func CheckComponent(events []Event, names []string) (v Verdict, left []Event, steps int) {
	result, info := porcupine.CheckOperationsVerbose(specification(events, names, &steps),
		operations(events), 0)
	switch {
	case steps > stepBudget:
		return Inconclusive, nil, steps
	case result == porcupine.Ok:
		return Legal, nil, steps
	}
	return Illegal, leftOut(events, info), steps
}

// specification is what the events are held to, each an input by its number; it counts its steps.
func specification(events []Event, names []string, steps *int) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return newState(nil) },
		Step: func(state, input, output any) (bool, any) {
			*steps++
			if *steps > stepBudget {
				return false, state
			}
			e := events[input.(int)]
			next := state.(*specState).step(e.Op, e.Out, names)
			return next != nil, next
		},
		Equal: func(a, b any) bool { return a.(*specState).equal(b.(*specState)) },
		Hash:  func(s any) uint64 { return s.(*specState).hash },
	}
}

// operations gives the events to Porcupine, without what the log says of them.
func operations(events []Event) []porcupine.Operation {
	ops := make([]porcupine.Operation, len(events))
	for i, e := range events {
		end := int64(e.Return)
		if e.Return == sim.Never {
			end = math.MaxInt64
		}
		ops[i] = porcupine.Operation{Input: i, Call: int64(e.Call), Return: end}
	}
	return ops
}

// leftOut returns what the longest partial linearization does not contain.
func leftOut(events []Event, info porcupine.LinearizationInfo) []Event {
	var longest []int
	for _, partition := range info.PartialLinearizationsOperations() {
		for _, ops := range partition {
			var placed []int
			for _, op := range ops {
				placed = append(placed, op.Input.(int))
			}
			if len(placed) > len(longest) {
				longest = placed
			}
		}
	}
	var left []Event
	for i, e := range events {
		if !slices.Contains(longest, i) {
			left = append(left, e)
		}
	}
	slices.SortStableFunc(left, func(a, b Event) int { return cmp.Compare(a.Return, b.Return) })
	return left
}

// CheckHistory settles what is unknown and judges the whole history, twice. It reports a violation
// for every part that cannot be explained, and one if the judges do not agree, and returns whether
// some part ran out of budget.
func (j *Judges) CheckHistory() (settled Settled, inconclusive bool) {
	looked := j.counter(Linearizability)
	events, settled := j.settle()
	objects := replayed(events, j.effects.commits).objects
	bad, found := Impossible(events)
	if found {
		j.reportHistory("impossible/"+string(bad.Op.Kind), bad.String(), objects)
	}
	for _, names := range Components(events) {
		part := Project(events, names)
		*looked += len(part)
		v, left, steps := CheckComponent(part, names)
		j.steps += steps
		switch v {
		case Inconclusive:
			inconclusive = true
		case Illegal:
			j.illegal = append(j.illegal, Part{names, part})
			j.reportHistory("not-linearizable/"+string(left[0].Op.Kind),
				explain(part, left, names), objects)
		}
	}
	if legal := !found && len(j.illegal) == 0; legal && !inconclusive && len(objects) > 0 {
		j.reportObjection(objects[0])
	}
	return settled, j.rows.finish() || inconclusive
}

// Steps returns how many steps of the specification Porcupine took.
func (j *Judges) Steps() int { return j.steps }

func (j *Judges) reportHistory(reason, detail string, objects []objection) {
	if len(objects) == 0 {
		j.reportJudges("only-in-the-order-of-commits",
			"the order of the commits explains all answers, and yet: "+detail)
	}
	j.report(Violation{Oracle: Linearizability, Object: "history", Reason: reason, Detail: detail})
}

// reportObjection reports an answer that the commits do not explain, though Porcupine finds an
// order that does. That is shown lists of all tables in parts only.
func (j *Judges) reportObjection(o objection) {
	if o.Op.Kind == client.List {
		j.report(Violation{Oracle: Linearizability, Object: "history",
			Reason: "list-of-no-instant", Detail: fmt.Sprintf("%v: %s", o.Event, o.why)})
		return
	}
	j.reportJudges("not-in-the-order-of-commits/"+string(o.Op.Kind), fmt.Sprintf(
		"some order of the operations explains all answers, that of the commits does not:\n  %v\n"+
			"  %s", o.Event, o.why))
}

// reportJudges reports that the two judges of the history do not agree: then one of them is wrong,
// or what clients saw has an order, but not that of the commits.
func (j *Judges) reportJudges(reason, detail string) {
	j.report(Violation{Oracle: Linearizability, Object: "judges", Reason: reason, Detail: detail})
}

// explain shows the first operation that does not fit and what happened around it.
func explain(part, left []Event, names []string) string {
	bad := left[0]
	var b strings.Builder
	fmt.Fprintf(&b, "no order of the operations on %s explains\n  %v",
		strings.Join(names, ", "), bad)
	lines := 0
	for _, e := range part {
		if e.Op.ID != bad.Op.ID && e.Return >= bad.Call-20e9 && e.Call <= bad.Return && lines < 9 {
			fmt.Fprintf(&b, "\n  beside %v", e)
			lines++
		}
	}
	return b.String()
}
