package master

import (
	"slices"

	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// catalogManager is the caches of one leadership. Rows change only by publish.
type catalogManager struct {
	v       variant.Variants
	tables  map[wire.TableID]*tableInfo // removed ones too
	names   map[string]*tableInfo       // live ones
	soft    map[wire.TableID]*tableInfo // soft-deleted ones
	tablets map[wire.TabletID]*tabletInfo
	results map[wire.ServerID]*catalog.Result

	locations map[wire.TableID][]wire.TabletLocations // with L7, answers to lookups

	reserved map[string]bool           // names that requests in flight are about to give
	flights  map[wire.ServerID]*flight // requests in flight, with the defence exactly-once-ddl
}

// tableInfo is a cached table. Its lock is held while a change of its row is on its way.
type tableInfo struct {
	row       *catalog.Table
	removedAt sim.Time // when this leader learned that the table was dropped

	lock    sim.Mutex
	tablets []*tabletInfo // attached: neither deleted nor replaced, by partition
	tasks   []*task       // not yet ended
	// softSince is when this leader soft-deleted the table, or loaded the row that says so.
	softSince sim.Time
}

// tabletInfo is a cached tablet.
type tabletInfo struct {
	row   *catalog.Tablet
	table *tableInfo
	lock  sim.Mutex
	// createdAt is when this leader chose the replicas, or loaded the row that says so.
	createdAt sim.Time
	// reported is the greatest schema version that any replica reported to this leader; -1
	// before the first.
	reported int64
	// vouched is the latest term whose leader told, when it had committed something, that the
	// configuration of that index is the last in its log: no other that an earlier leader appended
	// after it will ever be committed. What that leader itself appends later may be.
	vouched wire.OpID
}

func newCatalogManager(v variant.Variants) *catalogManager {
	return &catalogManager{
		v:         v,
		tables:    map[wire.TableID]*tableInfo{},
		names:     map[string]*tableInfo{},
		soft:      map[wire.TableID]*tableInfo{},
		tablets:   map[wire.TabletID]*tabletInfo{},
		results:   map[wire.ServerID]*catalog.Result{},
		reserved:  map[string]bool{},
		locations: map[wire.TableID][]wire.TabletLocations{},
		flights:   map[wire.ServerID]*flight{},
	}
}

func (c *catalogManager) addTable(row *catalog.Table, now sim.Time) *tableInfo {
	t := &tableInfo{row: row}
	c.tables[row.ID] = t
	c.file(t, now)
	return t
}

// file puts a table under its name or among the soft-deleted ones, by its row.
func (c *catalogManager) file(t *tableInfo, now sim.Time) {
	switch {
	case t.row.Live():
		c.names[t.row.Name] = t
	case !t.row.Gone():
		c.soft[t.row.ID], t.softSince = t, now
	default:
		t.removedAt = now
	}
}

func (c *catalogManager) addTablet(row *catalog.Tablet) *tabletInfo {
	table := c.tables[row.Table]
	if table == nil {
		panic("master: tablet " + row.ID.String() + " without a table")
	}
	info := &tabletInfo{row: row, table: table, reported: -1}
	c.tablets[row.ID] = info
	if !row.Gone() {
		table.tablets = append(table.tablets, info)
		slices.SortFunc(table.tablets, func(a, b *tabletInfo) int {
			return a.row.Partition.Compare(b.row.Partition)
		})
	}
	return info
}

// lockTable returns the live table of that name, locked, or nil. The name is looked up again
// once the lock is held: the one who had it may have renamed or dropped the table (9583cad6e).
func (c *catalogManager) lockTable(p *sim.Proc, name string) *tableInfo {
	t := c.names[name]
	if t == nil {
		return nil
	}
	t.lock.Lock(p, "lock of table "+name)
	if c.names[name] != t && !(c.v.On(variant.NoNameRecheck) && t.row.Live()) {
		t.lock.Unlock()
		return nil
	}
	return t
}

// lockTablets locks tablets in the order of their ids and returns the function that unlocks
// them.
func lockTablets(p *sim.Proc, tablets []*tabletInfo) (unlock func()) {
	byID := map[wire.TabletID]*tabletInfo{}
	for _, t := range tablets {
		byID[t.row.ID] = t
	}
	ids := sim.Keys(byID)
	for _, id := range ids {
		byID[id].lock.Lock(p, "lock of "+id.String())
	}
	return func() {
		for _, id := range ids {
			byID[id].lock.Unlock()
		}
	}
}

// lockAllTablets locks all tablets of the table, whose lock the caller has. One that is replaced
// during the wait (see assignTablets) leaves another in its place, so the list is checked again.
func (t *tableInfo) lockAllTablets(p *sim.Proc) (tablets []*tabletInfo, unlock func()) {
	for {
		tablets = slices.Clone(t.tablets)
		unlock = lockTablets(p, tablets)
		if slices.Equal(tablets, t.tablets) {
			return tablets, unlock
		}
		unlock()
	}
}

// writeAndPublish replicates a batch and, when it was applied, publishes it.
func (m *Master) writeAndPublish(p *sim.Proc, term int64, b *catalog.Batch) wire.Status {
	if b.Empty() {
		return wire.Status{}
	}
	status := m.write(p, term, b)
	if status.OK() {
		m.publish(b)
	}
	return status
}

// publish makes rows that were replicated and applied visible in the caches, all at one instant.
func (m *Master) publish(b *catalog.Batch) {
	for _, row := range b.Tables {
		m.cat.publishTable(row, m.node.Now())
		delete(m.cat.locations, row.ID)
	}
	for _, row := range b.Tablets {
		m.cat.publishTablet(row)
		delete(m.cat.locations, row.Table)
	}
	for _, id := range b.Purged {
		if t := m.cat.tables[id]; t != nil {
			m.cat.purgeTable(t)
		}
	}
	for _, r := range b.Results {
		m.cat.results[r.Request.Client] = r
	}
	Published.Publish(m.node.World(), PublishedEvent{m, b})
}

func (c *catalogManager) publishTable(row *catalog.Table, now sim.Time) {
	t := c.tables[row.ID]
	if t == nil {
		c.addTable(row, now)
		return
	}
	if c.names[t.row.Name] == t {
		delete(c.names, t.row.Name)
	}
	delete(c.soft, row.ID)
	t.row = row
	c.file(t, now)
}

func (c *catalogManager) publishTablet(row *catalog.Tablet) {
	info := c.tablets[row.ID]
	if info == nil {
		c.addTablet(row)
		return
	}
	info.row = row
	if row.Gone() {
		info.detach()
	}
}

// detach takes the tablet from its table.
func (t *tabletInfo) detach() {
	t.table.tablets = slices.DeleteFunc(t.table.tablets,
		func(o *tabletInfo) bool { return o == t })
}
