package checker

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"tabletop/model/catalog"
	"tabletop/model/client"
	"tabletop/model/wire"
	"tabletop/sim"
)

// commit is an entry of the master tablet that writes tables. Commits are numbered in the order in
// which leaders first showed them: what two requests wrote is applied in the order of the log, and
// published by each for itself.
type commit struct {
	number int      // from 1; 0: no leader has shown it yet
	at     sim.Time // when one did
	rows   []*catalog.Table
	index  int64
	cause  wire.RequestID
}

// replay is the second judge of the history of DDL. Porcupine looks for any order of the operations
// that explains the answers, and never asks the log; this one takes that of the commits, and looks
// whether it explains them, in one pass: each commit inside the interval of its operation, each
// read as of some state that lived inside its own. Whoever satisfies it satisfies Porcupine.
type replay struct {
	names   []string
	states  []*specState // after so many commits
	begins  []sim.Time   // when they did
	seen    []sighting   // in the order of their ends
	objects []objection
}

// sighting is that a state had begun when an operation returned; no later operation sees an
// earlier one.
type sighting struct {
	end   sim.Time
	state int // the highest of all that returned up to then
}

// objection is an event that the order of the commits does not explain, and why.
type objection struct {
	Event
	why string
}

// exact is a bound that no version reaches: the visible version of a replayed state is known, since
// the commits say when it becomes another.
const exact = math.MaxInt64

// replayed judges a history by the commits. Events say which commit carried them out.
func replayed(events []Event, commits []*commit) *replay {
	r := &replay{states: []*specState{newState(nil)}, begins: []sim.Time{0}}
	writers := map[int]Event{}
	for _, e := range events {
		r.names = append(r.names, namesOf(e.Op)...)
		if e.commit > 0 {
			writers[e.commit] = e
		}
	}
	created := map[wire.TableID]bool{}
	for i, c := range commits {
		state := r.states[i]
		if e, known := writers[i+1]; known {
			state = r.write(state, e, c)
			if e.Op.Kind == client.Create && created[e.Out.Table] {
				r.object(e, "its id was another table's")
			}
			created[e.Out.Table] = true
		}
		r.states = append(r.states, state.pinned(c.rows))
		r.begins = append(r.begins, c.at)
	}
	for _, e := range slices.SortedStableFunc(slices.Values(events), func(a, b Event) int {
		return cmp.Compare(a.Return, b.Return)
	}) {
		r.place(e)
	}
	return r
}

func (r *replay) object(e Event, format string, args ...any) {
	r.objects = append(r.objects, objection{e, fmt.Sprintf(format, args...)})
}

// write carries out an operation where its commit comes. One that is not possible there has no
// effect, and what rests on it is objected to as well.
func (r *replay) write(s *specState, e Event, c *commit) *specState {
	if c.at < e.Call || c.at > e.Return {
		r.object(e, "it was to be seen at %v", c.at)
	}
	next := s.step(e.Op, e.Out, r.names)
	if next == nil {
		r.object(e, "at %v, when it was first to be seen, that is not the answer", c.at)
		return s
	}
	return next
}

// pinned returns the state with just what the rows say is visible.
func (s *specState) pinned(rows []*catalog.Table) *specState {
	for _, row := range rows {
		if t, known := s.byID(row.ID); known {
			t.visible, t.shownAt = row.AppliedVersion, exact
			s = s.with(t)
		}
	}
	return s
}

// place finds the first state that explains an answer, from the last on that somebody had seen
// before the call. Operations come in the order of their ends, so that none sees a later state than
// it must.
func (r *replay) place(e Event) {
	state := e.commit
	if state == 0 {
		state = r.find(e)
	}
	if state < 0 {
		r.object(e, "no state of the master tablet between %v and %v explains it", e.Call,
			e.Return)
		return
	}
	if n := len(r.seen); n > 0 {
		state = max(state, r.seen[n-1].state)
	}
	r.seen = append(r.seen, sighting{e.Return, state})
}

// find returns the number of the state, or -1.
func (r *replay) find(e Event) int {
	before, _ := slices.BinarySearchFunc(r.seen, e.Call, func(s sighting, at sim.Time) int {
		return cmp.Compare(s.end, at)
	})
	first := 0
	if before > 0 {
		first = r.seen[before-1].state
	}
	for k := first; k < len(r.states) && r.begins[k] <= e.Return; k++ {
		if next := r.states[k].step(e.Op, e.Out, r.names); next != nil &&
			(!e.Op.ChangesCatalog() || next.equal(r.states[k])) {
			return k
		}
	}
	return -1
}
