package checker

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/model/catalog"
	"tabletop/model/wire"
	"tabletop/sim"
)

// rowsAt are rows as far as the replay reads them: what is visible of a table.
func rowsAt(id wire.TableID, visible int64) []*catalog.Table {
	return []*catalog.Table{{ID: id, AppliedVersion: visible}}
}

func carriedOut(e Event, commit int) Event {
	e.commit = commit
	return e
}

// What the order of the commits explains, and what it does not.
func TestReplayFollowsTheCommits(t *testing.T) {
	created := carriedOut(ev(t, 0, 10, "create t columns=k", effect(1, 0)), 1)
	altered := carriedOut(ev(t, 20, 50, "alter t add:b", effect(1, 1)), 2)
	late := carriedOut(ev(t, 20, sim.Never, "alter t add:b", effect(1, 1)), 2)
	log := []*commit{{at: 5, rows: rowsAt(1, 0)}, {at: 30, rows: rowsAt(1, 0)},
		{at: 40, rows: rowsAt(1, 1)}}
	old, now := shown(1, 0, "k"), shown(1, 1, "k", "b")
	for name, c := range map[string]struct {
		legal  bool // to Porcupine
		events []Event
		want   string // the replay's objection
	}{
		"in order": {true, []Event{created, altered, ev(t, 42, 45, "get t", now),
			ev(t, 60, 61, "alter-done t", effect(1, 1))}, ""},
		"a read that begins before": {true, []Event{created, altered,
			ev(t, 29, 45, "get t", old)}, ""},
		"a read of what nobody has been told of": {true, []Event{created, late,
			ev(t, 60, 61, "get t", old)}, ""},
		"a read back in time": {false, []Event{created, late, ev(t, 42, 45, "get t", now),
			ev(t, 60, 61, "get t", old)}, "no state"},
		"a stale read": {false, []Event{created, ev(t, 12, 13, "get t",
			refused(wire.TableNotFound))}, "no state"},
		"a read before the commit": {true, []Event{created, altered,
			ev(t, 21, 25, "get t", now)}, "no state"},
		"an answer before the commit": {true, []Event{created, carriedOut(ev(t, 20, 25,
			"alter t add:b", effect(1, 1)), 2)}, "it was to be seen at"},
		"done before it is visible": {true, []Event{created, altered,
			ev(t, 31, 32, "alter-done t", effect(1, 1))}, "no state"},
		"another order than that of the commits": {true, []Event{created,
			carriedOut(ev(t, 20, 50, "alter t add:b", effect(1, 1)), 3),
			carriedOut(ev(t, 20, 50, "alter t add:c", effect(1, 2)), 2)}, "not the answer"},
		"an id again": {false, []Event{created,
			carriedOut(ev(t, 20, 50, "create u columns=k", effect(1, 0)), 2)}, "not the answer"},
		"nothing was written": {false, []Event{created,
			ev(t, 20, 50, "alter t add:b", effect(1, 1)), ev(t, 60, 61, "get t", old),
			ev(t, 70, 71, "alter-done t", effect(1, 1)), ev(t, 80, 81, "get t", old)}, "no state"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.legal, check(c.events) == Legal)
			objects := replayed(c.events, log).objects
			if c.want == "" {
				require.Empty(t, objects)
				return
			}
			require.NotEmpty(t, objects)
			require.Contains(t, objects[0].why, c.want)
		})
	}
}

// Whatever the replay explains has an order that explains it.
func TestReplayedHistoriesAreLinearizableProperty(t *testing.T) {
	explained, refuted := 0, 0
	for range 40 {
		rapid.Check(t, func(t *rapid.T) {
			events := genHistory(t)
			var log []*commit
			state, names := newState(nil), []string{"t", "u"}
			for i := range events {
				e := &events[i]
				at := sim.Time(10 * (i + 1))
				next := state.step(e.Op, e.Out, names)
				if next != nil && e.writes() && !next.equal(state) {
					state = next
					log = append(log, &commit{at: at})
					e.commit = len(log)
				}
				var rows []*catalog.Table
				for _, table := range state.tables {
					if rapid.Bool().Draw(t, "finished") {
						rows = append(rows, rowsAt(table.id, table.latest())...)
					}
				}
				log = append(log, &commit{at: at + 1, rows: rows})
			}
			if len(replayed(events, log).objects) > 0 {
				refuted++
				return
			}
			explained++
			require.True(t, bruteForce(events, names), "%v", events)
		})
	}
	require.Greater(t, explained, 500)
	require.Greater(t, refuted, 500)
}

// Of a long history only what contradicts itself is left.
func TestShortestLeavesTheContradiction(t *testing.T) {
	events := []Event{
		ev(t, 0, 1, "create t columns=k", effect(1, 0)),
		ev(t, 2, 3, "get t", shown(1, 0, "k")),
		ev(t, 4, 5, "delete t", effect(1, 0)),
		ev(t, 6, 7, "get t", refused(wire.TableNotFound)),
		ev(t, 10, 11, "create t columns=k", effect(2, 0)),
		ev(t, 12, 13, "list", listed("t", 2)),
		ev(t, 14, 15, "alter t add:b", effect(2, 1)),
		ev(t, 16, 17, "get t", shown(2, 0, "k", "b")),
		ev(t, 20, 21, "delete t", effect(2, 1)),
		ev(t, 22, 23, "get t", refused(wire.TableNotFound)),
	}
	for i := range events {
		events[i].Op.ID = i + 1
	}
	p := Part{[]string{"t"}, events}.Shortest()
	require.Equal(t, []Event{events[4], events[6], events[7]}, p.Events)
	var page bytes.Buffer
	require.NoError(t, p.Draw(&page))
	require.Contains(t, page.String(), "alter t add:b")
}

// A part of a legal history is never made illegal by what is left out of it: what a shortest part
// contradicts, the whole does.
func TestShortestIsOfTheHistoryProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := genHistory(t)
		for i := range events {
			events[i].Op.ID = i + 1
		}
		names := []string{"t", "u"}
		part := Part{names, events}
		if part.illegal(events) {
			short := part.Shortest()
			require.True(t, part.illegal(short.Events))
			return
		}
		end := sim.Time(rapid.IntRange(0, 100).Draw(t, "end"))
		require.False(t, part.illegal(part.prefix(end)))
		id := wire.TableID(rapid.IntRange(1, 7).Draw(t, "table"))
		if part.apart(id) {
			part.without(func(i int) bool { return events[i].Out.Table == id })
			require.Equal(t, events, part.Events)
		}
	})
}
