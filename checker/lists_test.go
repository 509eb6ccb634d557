package checker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/catalog"
	"tabletop/model/wire"
	"tabletop/sim"
)

// named is the row of a live table, or of a dropped one.
func named(id wire.TableID, name string, state catalog.TableState) []*catalog.Table {
	return []*catalog.Table{{ID: id, Name: name, State: state}}
}

// A list is the whole of one state that was current between call and answer.
func TestListsAreStatesOfAnInstant(t *testing.T) {
	l := newNameLog()
	change := func(index int64, shown sim.Time, rows []*catalog.Table) {
		l.apply(index, rows)
		l.apply(index, rows) // another master does too
		if shown != sim.Never {
			l.show(shown, func(c *nameChange) bool { return c.index <= index })
		}
	}
	change(1, 10, named(1, "t", catalog.TableRunning))
	change(2, 20, named(2, "u", catalog.TableRunning))
	change(3, 30, named(1, "v", catalog.TableAltering))
	change(4, 40, named(2, "u", catalog.TableRemoved))
	for name, c := range map[string]struct {
		called sim.Time
		listed Answer
		want   bool
	}{
		"the present state":                 {50, listed("v", 1), true},
		"one since the call":                {25, listed("v", 1, "u", 2), true},
		"one at the call":                   {25, listed("t", 1, "u", 2), true},
		"one that ended at the call":        {30, listed("t", 1, "u", 2), true},
		"one that ended before":             {31, listed("t", 1, "u", 2), false},
		"the state before all others":       {5, listed(), true},
		"nothing, too late":                 {11, listed(), false},
		"an earlier part beside a later":    {5, listed("v", 1, "t", 1), false},
		"a rename without what came before": {5, listed("v", 2), false},
		"halves of two states":              {5, listed("u", 2), false},
		"a table twice":                     {50, listed("v", 1, "v", 1), false},
		"a table that never was":            {5, listed("v", 1, "x", 9), false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, l.was(c.listed.Tables, c.called))
		})
	}
	change(5, 50, named(1, "v", catalog.TableSoftDeleted))
	require.True(t, l.was(listed().Tables, 55))
	require.False(t, l.was(listed("v", 1).Tables, 55))
	change(6, 60, named(1, "v", catalog.TableAltering))
	change(7, sim.Never, named(3, "w", catalog.TableRunning))
	require.True(t, l.was(listed("v", 1).Tables, 65), "a follower was sooner than the leader")
	require.True(t, l.was(listed("v", 1, "w", 3).Tables, 65))
}
