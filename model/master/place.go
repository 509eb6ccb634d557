package master

import (
	"slices"

	"tabletop/model/catalog"
	"tabletop/model/placement"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// How the leader master chooses servers for replicas (PlacementPolicy and what it is told).

var streamPlace = sim.NewStream("master/placement")

// loadKey is what a load is of: a range, a table (any range), or all (table 0).
type loadKey struct {
	table wire.TableID
	lower int64
	all   bool // ranges of the table
}

// keysOf lists what a new replica of a tablet counts for.
func keysOf(row *catalog.Tablet) [3]loadKey {
	return [3]loadKey{{table: row.Table, lower: row.Partition.Lower},
		{table: row.Table, all: true}, {all: true}}
}

// creations counts the replicas that a server was chosen for, of any label, and halves with time.
type creations struct {
	load      int64 // in units of 1/placement.Whole
	decayedAt sim.Time
}

// recent returns the decayed count of recent creations.
func (d *tsDescriptor) recent(k loadKey, now sim.Time) int64 {
	c := d.creations[k]
	if c == nil {
		return 0
	}
	left, rest := placement.Decay(c.load, now.Sub(c.decayedAt), replicaCreationHalfLife)
	c.load, c.decayedAt = left, now.Add(-rest)
	if left == 0 {
		delete(d.creations, k)
	}
	return left
}

// noteCreation counts one more (TSDescriptor::IncrementRecentReplicaCreations).
func (d *tsDescriptor) noteCreation(row *catalog.Tablet, now sim.Time) {
	for _, k := range keysOf(row) {
		d.recent(k, now)
		if d.creations[k] == nil {
			d.creations[k] = &creations{decayedAt: now}
		}
		d.creations[k].load += placement.Whole
	}
}

// live returns how many live replicas the server has told of; in all: of those of the tablet's
// label, if it has one (TSDescriptor::num_live_replicas).
func (d *tsDescriptor) live(k loadKey, label wire.Dimension) int {
	if k.table == 0 && label == "" {
		return d.liveTablets
	}
	if k.table == 0 {
		return wire.LiveOf(d.liveByDimension, label)
	}
	n := 0
	for _, r := range d.liveByRange {
		if r.Table == k.table && (k.all || r.Lower == k.lower) {
			n += r.Live
		}
	}
	return n
}

// loads returns what the server has for the choice of a replica of a tablet.
func (d *tsDescriptor) loads(row *catalog.Tablet, now sim.Time) placement.Loads {
	var loads [3]int64
	for i, k := range keysOf(row) {
		loads[i] = int64(d.live(k, row.Dimension))*placement.Whole + d.recent(k, now)
	}
	return placement.Loads{Range: loads[0], Table: loads[1], Total: loads[2]}
}

// policy is how servers for a tablet are chosen among those.
func (m *Master) policy(row *catalog.Tablet, among []*tsDescriptor) placement.Policy {
	p := placement.Policy{Draw: m.drawPlace, EvenAllInOne: m.v.On(variant.KUDU3008),
		TwoChoices: m.v.Placement == variant.PlaceTwoChoices}
	for _, d := range among {
		p.Servers = append(p.Servers, placement.Server{ID: d.id, Location: d.location,
			Live: d.liveTablets, Loads: d.loads(row, m.node.Now())})
	}
	return p
}

// assign returns the row with replicas chosen, or nil if there are too few servers.
func (m *Master) assign(row *catalog.Tablet, table *catalog.Table) *catalog.Tablet {
	p := m.policy(row, m.placeable(m.v.On(variant.KUDU1138), table.Locations))
	servers := p.Place(table.Replicas)
	if servers == nil {
		return nil
	}
	for _, id := range servers {
		m.ts.descriptors[id].noteCreation(row, m.node.Now())
	}
	m.placed(row, table, p, nil, servers)
	next := row.In(catalog.TabletCreating)
	next.Consensus = wire.ConsensusState{Leader: wire.NoServer, Config: wire.NewConfig(servers...)}
	return next
}

// placeExtra returns the server for one more replica, or NoServer if there is none. It is not
// counted among the recent creations, as in Kudu, so that replicas of several tablets may come to
// one server before its next heartbeat tells of them.
func (m *Master) placeExtra(t *tabletInfo, c wire.RaftConfig) wire.ServerID {
	table := t.table.row
	p := m.policy(t.row, m.placeable(false, table.Locations))
	known := slices.DeleteFunc(c.Servers(), func(id wire.ServerID) bool {
		return m.ts.descriptors[id] == nil
	})
	to := p.PlaceExtra(known)
	if to != wire.NoServer {
		var stay []wire.ServerID
		for _, member := range c.Members {
			if !member.Replace {
				stay = append(stay, member.ID)
			}
		}
		m.placed(t.row, table, p, known, append(stay, to))
	}
	return to
}

// placed tells observers of a choice: of all servers of a new tablet, which has no members yet, or
// of the last of those that the tablet will have.
func (m *Master) placed(row *catalog.Tablet, table *catalog.Table, p placement.Policy,
	members, will []wire.ServerID) {
	e := PlacementEvent{Master: m, Tablet: row.ID, Factor: table.Replicas, Pinned: table.Locations,
		Members: members, Servers: p.Servers, Chosen: will}
	var where []string
	for _, s := range p.Servers {
		if slices.Contains(will, s.ID) {
			where = append(where, s.Location)
		}
	}
	e.Violates = placement.Violates(where, table.Replicas)
	if members != nil {
		e.Chosen = will[len(will)-1:]
	}
	ReplicasPlaced.Publish(m.node.World(), e)
}

func (m *Master) drawPlace(n int) int {
	return int(sim.Below(m.node.Draw(streamPlace, 0), uint64(n)))
}
