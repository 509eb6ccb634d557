package master

import (
	"fmt"
	"strings"

	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

var streamID = sim.NewStream("master/id")

// newID draws an id for the process, as random as Kudu's: a retry gets others.
func (m *Master) newID() uint64 { return m.node.Draw(streamID, 0)>>32 | 1 }

// createTable follows CatalogManager::CreateTableHelper. The table runs, and its name is taken,
// before any replica has been asked for; the background task does that.
func (d *ddl) createTable(p *sim.Proc, req *wire.CreateTableRequest) *wire.DDLResponse {
	if s := catalog.CheckSchema(req.Schema); !s.OK() {
		return d.refuse(p, s)
	}
	partitions, s := catalog.CheckPartitions(req.Partitions)
	if !s.OK() {
		return d.refuse(p, s)
	}
	if s := catalog.CheckReplicas(req.Replicas); !s.OK() {
		return d.refuse(p, s)
	}
	w := wanted{servers: req.Replicas, factor: req.Replicas, where: req.Locations,
		tablets: len(partitions.Partitions())}
	if !d.m.v.CheckTServers {
		w.servers = 0
	}
	if s := d.enoughTServers(p, w); !s.OK() {
		return d.refuse(p, s)
	}
	release, s := d.m.cat.reserve(req.Name)
	if !s.OK() {
		return d.refuse(p, s)
	}
	defer release()
	row := &catalog.Table{ID: wire.TableID(d.m.newID()), Name: req.Name,
		State: catalog.TableRunning, Replicas: req.Replicas, Partitions: partitions,
		Schema: req.Schema, Applied: req.Schema, Locations: req.Locations}
	b := &catalog.Batch{Tables: []*catalog.Table{row}}
	for _, partition := range partitions.Partitions() {
		b.Tablets = append(b.Tablets, d.m.newTablet(row.ID, partition, req.Dimension))
	}
	if d.m.v.On(variant.PublishBeforeReplicate) {
		defer d.m.cat.showHollow(p, row)()
	}
	resp := d.commit(p, b, d.answer(wire.Status{}, row.ID, 0))
	if resp.Status.OK() {
		d.m.bgWake.Broadcast()
		p.At(PointPublished)
	}
	return resp
}

// showHollow puts a table into the caches before it is written: it has no schema and no tablets
// yet, but whoever asks is told of it. The function that it returns ends the creation, and forgets
// the table if it was not written (CatalogManager::AbortTableCreation of 0.7).
func (c *catalogManager) showHollow(p *sim.Proc, row *catalog.Table) (end func()) {
	hollow := &catalog.Table{ID: row.ID, Name: row.Name, State: catalog.TableRunning}
	t := c.addTable(hollow, p.Now())
	t.lock.Lock(p, "lock of table "+row.Name)
	return func() {
		if t.row == hollow {
			delete(c.names, row.Name)
			delete(c.tables, row.ID)
			t.row = hollow.Removed()
		}
		t.lock.Unlock()
	}
}

func (m *Master) newTablet(table wire.TableID, partition wire.Partition,
	label wire.Dimension) *catalog.Tablet {
	return &catalog.Tablet{ID: wire.TabletID(m.newID()), Table: table, Partition: partition,
		Dimension: label, State: catalog.TabletPreparing, Consensus: wire.ConsensusState{
			Leader: wire.NoServer, Config: wire.NewConfig()}}
}

// wanted is what a request needs tablet servers for.
type wanted struct {
	servers         int // how many there must be
	factor, tablets int // of the new tablets
	where           []string
}

// enoughTServers compares how many are needed, and how many replicas the new tablets have, with the
// servers this process knows to live where they may be. With the defence, a process that knows too
// few waits for more instead of refusing; if there are too many tablets, or too few servers where a
// table is bound to, only for half of the time, so that the client hears why.
func (d *ddl) enoughTServers(p *sim.Proc, w wanted) wire.Status {
	half := p.Now().Add(d.req.Header().Timeout / 2)
	for {
		live, until := len(d.m.placeable(false, w.where)), d.deadline
		refusal := wire.Status{}
		switch {
		case live < w.servers && len(w.where) > 0:
			until = half
			refusal = wire.Err(wire.TooFewInLocations, fmt.Sprintf(
				"not enough live tablet servers%s: %d replicas, %d servers", w.place(), w.servers,
				live))
		case live < w.servers:
			refusal = wire.Err(wire.ReplicationFactorTooHigh, fmt.Sprintf(
				"not enough live tablet servers: %d replicas, %d servers", w.servers, live))
		case live == 0 && d.m.v.On(variant.WaitForTServers): // nobody knows how many are too many
		case w.factor > 1 && w.tablets*w.factor > MaxCreateTabletsPerTS*live:
			until = half
			refusal = wire.Err(wire.TooManyTablets, fmt.Sprintf(
				"too many new replicas%s: %d, %d servers", w.place(), w.tablets*w.factor, live))
		}
		if refusal.OK() || !d.m.v.On(variant.WaitForTServers) {
			return refusal
		}
		if !d.m.news.WaitUntil(p, "more tablet servers", until) {
			return refusal
		}
		if !d.m.leads(d.term) {
			return errNotLeader
		}
	}
}

// place says where the servers must be; empty: anywhere.
func (w wanted) place() string {
	if len(w.where) == 0 {
		return ""
	}
	return " in " + strings.Join(w.where, " and ")
}
