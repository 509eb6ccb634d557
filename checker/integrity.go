package checker

import (
	"fmt"
	"slices"
	"time"

	"tabletop/model/catalog"
	"tabletop/model/master"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// integrity holds the master tablet, after every entry, to be whole: a tablet has a table, of which
// it never changes the part; a table that is removed has no tablet left, and any other has exactly
// one for each of its partitions, which do not overlap. Under KUDU-495 a DDL is several entries, so
// that it need only be whole for whoever loads the catalog: when a leader becomes ready, and at the
// end. Another judge sees to it that names are unique.
type integrity struct {
	j       *Judges
	looked  *int
	applied int64 // index of the last entry seen
	tables  map[wire.TableID]*catalog.Table
	tablets map[wire.TabletID]*catalog.Tablet
	live    map[wire.TableID][]*catalog.Tablet // neither deleted nor replaced
	kept    map[wire.TableID]kept              // those that were soft-deleted last
	touched []wire.TableID                     // by entries since the last look
}

// kept is how long a soft-deleted table can be recalled, and what the clocks of the masters showed
// when that began.
type kept struct {
	reserve time.Duration
	since   map[sim.NodeID]sim.Time
}

func watchIntegrity(j *Judges) *integrity {
	g := &integrity{j: j, looked: j.counter(CatalogIntegrity),
		tables:  map[wire.TableID]*catalog.Table{},
		tablets: map[wire.TabletID]*catalog.Tablet{},
		live:    map[wire.TableID][]*catalog.Tablet{},
		kept:    map[wire.TableID]kept{}}
	master.Applied.Subscribe(j.c.World, g.apply)
	master.Published.Subscribe(j.c.World, g.published)
	master.LeaderReady.Subscribe(j.c.World, func(master.LeaderEvent) { g.look() })
	return g
}

func (g *integrity) apply(e master.AppliedEvent) {
	if e.Op.Index <= g.applied {
		return
	}
	g.applied = e.Op.Index
	for _, row := range e.Batch.Tables {
		if row.State == catalog.TableSoftDeleted {
			g.kept[row.ID] = kept{row.Reserve, g.clocks()}
		}
		g.tables[row.ID] = row
		g.touched = append(g.touched, row.ID)
	}
	for _, row := range e.Batch.Tablets {
		if g.note(row) {
			g.touched = append(g.touched, row.Table)
		}
	}
	if !g.j.c.Variants.Asking(nil).On(variant.KUDU495) {
		g.look()
	}
}

// look judges the tables that entries have touched since the last look.
func (g *integrity) look() {
	slices.Sort(g.touched)
	for _, id := range slices.Compact(g.touched) {
		g.whole(id)
	}
	g.touched = g.touched[:0]
}

func (g *integrity) clocks() map[sim.NodeID]sim.Time {
	now := map[sim.NodeID]sim.Time{}
	for _, id := range g.j.c.MasterNodes() {
		now[id] = g.j.c.World.Node(id).Now()
	}
	return now
}

// published looks at a table that a leader has dropped for good though nobody asked for it just
// then: by its own clock the time in which it can be recalled must be over.
func (g *integrity) published(e master.PublishedEvent) {
	for _, row := range e.Batch.Tables {
		if !row.Gone() || e.Batch.Cause != (wire.RequestID{}) {
			continue
		}
		n := e.Master.Node()
		was := g.kept[row.ID]
		if d := n.Now().Sub(was.since[n.ID()]); d < was.reserve {
			g.broken("table", "expired-early", "%s was to be kept for %v and is gone after %v",
				row.Name, was.reserve, d)
		}
	}
}

// note takes a tablet's row, and reports whether the tablet has come or gone.
func (g *integrity) note(row *catalog.Tablet) bool {
	old := g.tablets[row.ID]
	g.tablets[row.ID] = row
	if old != nil && (old.Table != row.Table || old.Partition != row.Partition) {
		g.broken("tablet", "part-changed", "%v held %v of %v, and holds %v of %v", row.ID,
			old.Partition, old.Table, row.Partition, row.Table)
	}
	if old != nil && old.Gone() == row.Gone() {
		return false
	}
	if row.Gone() {
		g.live[row.Table] = slices.DeleteFunc(g.live[row.Table],
			func(t *catalog.Tablet) bool { return t.ID == row.ID })
	} else {
		g.live[row.Table] = append(g.live[row.Table], row)
	}
	return true
}

// whole compares the tablets of a table with its row.
func (g *integrity) whole(id wire.TableID) {
	*g.looked++
	row, live := g.tables[id], g.live[id]
	switch {
	case row == nil:
		g.broken("tablet", "without-table", "there are tablets of %v, and it is not there", id)
		return
	case row.Gone() && len(live) > 0:
		g.broken("tablet", "outlives-table", "%v of %s is %v, and the table was removed",
			live[0].ID, row.Name, g.tablets[live[0].ID].State)
		return
	case row.Gone():
		return
	}
	if row.State == catalog.TableAltering && len(live) == 0 {
		g.broken("table", "altering-without-tablets",
			"%s (%v) is being altered, and nobody is there to say that it is done", row.Name, id)
	}
	for i, r := range row.Partitions.Ranges {
		if i > 0 && row.Partitions.Ranges[i-1].Upper > r.Lower {
			g.broken("table", "ranges-overlap", "%s has the ranges %v", row.Name,
				row.Partitions.Ranges)
		}
	}
	want, have := row.Partitions.Partitions(), []wire.Partition{}
	for _, t := range live {
		have = append(have, t.Partition)
	}
	slices.SortFunc(want, wire.Partition.Compare)
	slices.SortFunc(have, wire.Partition.Compare)
	if !slices.Equal(want, have) {
		g.broken("table", "not-covered", "%s (%v) has the partitions %v, and tablets for %v",
			row.Name, id, want, have)
	}
}

func (g *integrity) broken(object, reason, format string, args ...any) {
	g.j.report(Violation{Oracle: CatalogIntegrity, Object: object, Reason: reason,
		Detail: fmt.Sprintf(format, args...)})
}
