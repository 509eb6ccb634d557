package checker

import (
	"fmt"

	"tabletop/model/catalog"
	"tabletop/model/master"
	"tabletop/model/wire"
	"tabletop/sim"
)

// cache holds the caches of a ready leader to the master tablet it has applied: equal when it
// becomes ready, and from then on, row by row, from each publication to the next apply. Between
// apply and publication a row must be locked, or new.
type cache struct {
	j      *Judges
	looked *int
	open   []applied // rows that are locked since they were applied
}

// applied is a tablet's row that was applied under a ready leader, in which term.
type applied struct {
	m    *master.Master
	term int64
	id   wire.TabletID
}

func watchCache(j *Judges) *cache {
	c := &cache{j: j, looked: j.counter(CacheEqualsTablet)}
	master.LeaderReady.Subscribe(j.c.World, func(e master.LeaderEvent) {
		c.compareAll(e.Master, "when it became ready")
	})
	master.Applied.Subscribe(j.c.World, c.applied)
	master.Published.Subscribe(j.c.World, c.published)
	sim.Sent.Subscribe(j.c.World, func(*sim.Envelope) { c.unlocked() })
	return c
}

// Audit looks at what is left to the end: at the master tablet, and at the cache of its leader.
func (j *Judges) Audit() {
	if m := j.c.LeaderMaster(); m != nil {
		j.integrity.look()
		j.cache.compareAll(m, "at the end")
	}
}

func (c *cache) compareAll(m *master.Master, when string) {
	store := m.Store()
	attached := map[wire.TableID]int{}
	for _, id := range sim.Keys(store.Tablets) {
		row := store.Tablets[id]
		if store.Tables[row.Table] == nil {
			continue // see integrity
		}
		c.compareTablet(m, row, when)
		if !row.Gone() {
			attached[row.Table]++
		}
	}
	for _, id := range sim.Keys(store.Tables) {
		c.compareTable(m, store.Tables[id], when)
		if n := m.Attached(id); n != attached[id] {
			c.differs(m, "table", "miscounted", fmt.Sprintf("%s: %v has %d tablets, cached are %d",
				when, id, attached[id], n))
		}
	}
	for _, id := range m.CachedTables() {
		if store.Tables[id] == nil {
			c.differs(m, "table", "not-in-tablet", fmt.Sprintf("%v %s", id, when))
		}
	}
	for _, id := range m.CachedTablets() {
		if store.Tablets[id] == nil {
			c.differs(m, "tablet", "not-in-tablet", fmt.Sprintf("%v %s", id, when))
		}
	}
}

func (c *cache) compareTable(m *master.Master, row *catalog.Table, when string) {
	*c.looked++
	cached, _ := m.CachedTable(row.ID)
	if cached == nil || !cached.Equal(row) {
		c.differs(m, "table", "row-differs", fmt.Sprintf("%s: applied %+v, cached %+v", when, row,
			cached))
		return
	}
	if named := m.Named(row.Name); row.Live() && (named == nil || named.ID != row.ID) {
		c.differs(m, "table", "name-differs", fmt.Sprintf("%s: %s is %v", when, row.Name, row.ID))
	}
}

func (c *cache) compareTablet(m *master.Master, row *catalog.Tablet, when string) {
	*c.looked++
	if cached, _ := m.CachedTablet(row.ID); cached == nil || !cached.Equal(row) {
		c.differs(m, "tablet", "row-differs", fmt.Sprintf("%s: applied %+v, cached %+v", when, row,
			cached))
	}
}

// applied checks that rows which change under a ready leader are being written by it.
func (c *cache) applied(e master.AppliedEvent) {
	term, ready := e.Master.Ready()
	if !ready {
		return
	}
	for _, row := range e.Batch.Tables {
		*c.looked++
		cached, locked := e.Master.CachedTable(row.ID)
		if cached != nil && !locked && !cached.Equal(row) {
			c.differs(e.Master, "table", "changed-unlocked", row.ID.String())
		}
	}
	for _, row := range e.Batch.Tablets {
		*c.looked++
		cached, locked := e.Master.CachedTablet(row.ID)
		if cached != nil && !locked && !cached.Equal(row) {
			c.differs(e.Master, "tablet", "changed-unlocked", row.ID.String())
		}
		if locked {
			c.open = append(c.open, applied{e.Master, term, row.ID})
		}
	}
}

// unlocked looks at rows whose locks were let go since they were applied: they must have been
// published.
func (c *cache) unlocked() {
	kept := c.open[:0]
	for _, a := range c.open {
		if term, ready := a.m.Ready(); !ready || term != a.term || !a.m.Node().Alive() {
			continue
		}
		if _, locked := a.m.CachedTablet(a.id); locked {
			kept = append(kept, a)
		} else if row := a.m.Store().Tablets[a.id]; row != nil {
			c.compareTablet(a.m, row, "when unlocked")
		}
	}
	c.open = kept
}

// published checks that what became visible is what was applied.
func (c *cache) published(e master.PublishedEvent) {
	if _, ready := e.Master.Ready(); !ready {
		return // a leader deposed meanwhile; nobody is served from these caches
	}
	store := e.Master.Store()
	for _, row := range e.Batch.Tables {
		if applied := store.Tables[row.ID]; applied == nil {
			c.differs(e.Master, "table", "not-in-tablet", row.ID.String()+" when published")
		} else {
			c.compareTable(e.Master, applied, "when published")
		}
	}
	c.publishedTablets(e.Master, e.Batch.Tablets)
}

func (c *cache) publishedTablets(m *master.Master, rows []*catalog.Tablet) {
	for _, row := range rows {
		if applied := m.Store().Tablets[row.ID]; applied == nil {
			c.differs(m, "tablet", "not-in-tablet", row.ID.String()+" when published")
		} else {
			c.compareTablet(m, applied, "when published")
		}
	}
}

func (c *cache) differs(m *master.Master, object, reason, detail string) {
	c.j.report(Violation{Oracle: CacheEqualsTablet, Object: object, Reason: reason,
		Detail: m.Node().Name() + " " + detail})
}
