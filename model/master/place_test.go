package master

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/catalog"
	"tabletop/model/placement"
	"tabletop/model/wire"
	"tabletop/sim"
)

// What a server has in all counts by label for a tablet that has one; what it has of the range and
// of the table, and what it was chosen for lately, counts whatever the label.
func TestLoadsByLabel(t *testing.T) {
	const whole = placement.Whole
	d := &tsDescriptor{liveTablets: 9, creations: map[loadKey]*creations{},
		liveByRange: []wire.RangeCount{{Table: 1, Lower: 0, Live: 2}, {Table: 1, Lower: 5, Live: 1},
			{Table: 2, Lower: 0, Live: 6}},
		liveByDimension: []wire.DimensionCount{{Dimension: "cold", Live: 4},
			{Dimension: "hot", Live: 1}}}
	row := func(table wire.TableID, label wire.Dimension) *catalog.Tablet {
		return &catalog.Tablet{Table: table, Dimension: label}
	}
	want := func(at sim.Time, totals map[wire.Dimension]int64) {
		for label, total := range totals {
			loads := d.loads(row(1, label), at)
			require.Equal(t, placement.Loads{Range: 2 * whole, Table: 3 * whole, Total: total},
				loads, "%q", label)
		}
	}
	want(0, map[wire.Dimension]int64{"": 9 * whole, "cold": 4 * whole, "hot": whole, "new": 0})
	d.noteCreation(row(3, "hot"), 0)
	d.noteCreation(row(3, ""), 0)
	want(0, map[wire.Dimension]int64{"": 11 * whole, "cold": 6 * whole, "hot": 3 * whole,
		"new": 2 * whole})
	want(sim.Time(replicaCreationHalfLife), map[wire.Dimension]int64{"": 10 * whole,
		"cold": 5 * whole, "hot": 2 * whole, "new": whole})
	want(sim.Time(time.Hour), map[wire.Dimension]int64{"cold": 4 * whole, "new": 0})
}

// The server with the fewest replicas of the label is chosen, for the first replicas and for an
// extra one, by each of the rules; without a label, the one with the fewest of all.
func TestTheLabelDecidesWhereAReplicaGoes(t *testing.T) {
	// Of the label a there are the fewest on 3, of b on 2, of all on 1.
	of := func(id wire.ServerID, all, a, b int) *tsDescriptor {
		d := &tsDescriptor{id: id, liveTablets: all, creations: map[loadKey]*creations{}}
		for label, n := range map[wire.Dimension]int{"a": a, "b": b} {
			for range n {
				d.liveByDimension = wire.CountDimension(d.liveByDimension, label)
			}
		}
		return d
	}
	servers := []*tsDescriptor{of(1, 9, 4, 5), of(2, 11, 6, 3), of(3, 12, 2, 4)}
	for label, want := range map[wire.Dimension]wire.ServerID{"": 1, "a": 3, "b": 2} {
		p := placement.Policy{Draw: func(n int) int { return n - 1 }}
		for _, d := range servers {
			p.Servers = append(p.Servers, placement.Server{ID: d.id, Live: d.liveTablets,
				Loads: d.loads(&catalog.Tablet{Table: 7, Dimension: label}, 0)})
		}
		require.Equal(t, []wire.ServerID{want}, p.Place(1), "%q", label)
		require.Equal(t, want, p.PlaceExtra([]wire.ServerID{8, 9}), "%q", label)
		p.TwoChoices = true
		p.Servers = slices.DeleteFunc(p.Servers, func(s placement.Server) bool {
			return s.ID == want%3+1
		})
		require.Equal(t, []wire.ServerID{want}, p.Place(1), "%q, of two", label)
	}
}
