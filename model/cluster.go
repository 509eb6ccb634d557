// Package model is the system under test: a Kudu-like cluster of masters, tablet servers and
// clients in a simulated world. The packages below it are the parts; this one puts them together
// and says which node plays which role. It knows neither who disturbs it nor who judges it.
//
//tabletop:deterministic
package model

import (
	"fmt"
	"slices"
	"time"

	"tabletop/model/catalog"
	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/tserver"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Cluster is a cluster in a world. Masters, tablet servers and clients are numbered from 1 in
// names ("master-1", "ts-1", "client-1") and from 0 in the slices.
type Cluster struct {
	World    *sim.World
	Variants variant.Variants

	// The programs that ran last; nil before the first boot. Whether one runs still, its node
	// tells.
	Masters  []*master.Master
	TServers []*tserver.TServer
	Clients  []*client.Client

	masterNodes, tserverNodes, clientNodes []sim.NodeID
	founders                               []wire.ServerID // the masters it begins with
	open                                   raft.Opener     // of the master tablet
	mapping                                variant.Mapping // of locations, as it is now
	relocations                            []*relocation   // those in force, in their order
}

// Factories make parts that a cluster takes from outside the model.
type Factories struct {
	// Consensus opens the master tablet, if the option consensus is not kudu.
	Consensus raft.Opener
}

// New lays out a cluster of the model's own parts, switched off.
func New(cfg sim.Config, v variant.Variants) *Cluster { return NewWith(cfg, v, Factories{}) }

// NewWith lays out a cluster, switched off.
func NewWith(cfg sim.Config, v variant.Variants, f Factories) *Cluster {
	if v.Consensus == variant.KuduConsensus {
		f.Consensus = raft.OpenReplica
	} else if f.Consensus == nil {
		panic("model: no factory for consensus=" + v.Consensus)
	}
	cfg.Net.Latency, cfg.Disk.Sync = networks[v.Net], disks[v.Disk]
	c := &Cluster{World: sim.New(cfg), Variants: v,
		Masters:  make([]*master.Master, v.Options.Masters+v.Options.SpareMasters),
		TServers: make([]*tserver.TServer, v.Options.TServers),
		Clients:  make([]*client.Client, v.Options.Clients), open: f.Consensus,
		mapping: mappingOf(v)}
	for i := range v.Options.Masters {
		c.addMaster(i)
		c.founders = append(c.founders, wire.ServerOn(c.masterNodes[i], 0))
	}
	for i := range c.TServers {
		n := c.World.AddNode(fmt.Sprint("ts-", i+1), func(n *sim.Node) {
			c.TServers[i] = tserver.Boot(n, tserver.Config{Variants: v, Masters: c.masters()})
		})
		n.RestartAfter(v.RestartDelay)
		c.tserverNodes = append(c.tserverNodes, n.ID())
	}
	for i := range c.Clients {
		n := c.World.AddNode(fmt.Sprint("client-", i+1), func(n *sim.Node) {
			c.Clients[i] = client.New(n, v, c.masters())
		})
		c.clientNodes = append(c.clientNodes, n.ID())
	}
	for i := range v.Options.SpareMasters {
		c.addMaster(v.Options.Masters + i)
	}
	return c
}

func (c *Cluster) addMaster(i int) {
	n := c.World.AddNode(fmt.Sprint("master-", i+1), func(n *sim.Node) {
		c.Masters[i] = master.Boot(n, master.Config{Variants: c.Variants, Masters: c.masters(),
			Founders: c.founders, Open: c.open, Locate: c.locate(n)})
	})
	n.RestartAfter(c.Variants.RestartDelay)
	c.masterNodes = append(c.masterNodes, n.ID())
}

var networks = map[string]sim.Latency{
	"lan": {Min: 50 * time.Microsecond, Max: time.Millisecond,
		TailPPM: 5_000, TailMax: 20 * time.Millisecond},
	"wan": {Min: 2 * time.Millisecond, Max: 20 * time.Millisecond,
		TailPPM: 20_000, TailMax: 150 * time.Millisecond},
	"jitter": {Min: 50 * time.Microsecond, Max: 5 * time.Millisecond,
		TailPPM: 50_000, TailMax: 800 * time.Millisecond},
}

var disks = map[string]sim.Latency{
	"ssd": {Min: 100 * time.Microsecond, Max: 2 * time.Millisecond,
		TailPPM: 5_000, TailMax: 30 * time.Millisecond},
	"hdd": {Min: 2 * time.Millisecond, Max: 20 * time.Millisecond,
		TailPPM: 20_000, TailMax: 150 * time.Millisecond},
	"stalls": {Min: 500 * time.Microsecond, Max: 5 * time.Millisecond,
		TailPPM: 20_000, TailMax: 2 * time.Second},
}

// MasterOn returns the master that runs, or last ran, on a node; nil before its first boot.
func (c *Cluster) MasterOn(id sim.NodeID) *master.Master {
	return c.Masters[slices.Index(c.masterNodes, id)]
}

// TServerOn returns the tablet server that runs, or last ran, on a node.
func (c *Cluster) TServerOn(id sim.NodeID) *tserver.TServer {
	return c.TServers[slices.Index(c.tserverNodes, id)]
}

// Boot switches every node on but the spare masters.
func (c *Cluster) Boot() {
	for _, n := range c.World.Nodes() {
		if !c.Spare(n) {
			n.Boot()
		}
	}
}

// Spare reports whether the node is a spare master that was never booted.
func (c *Cluster) Spare(n *sim.Node) bool {
	i := slices.Index(c.masterNodes, n.ID())
	return i >= len(c.founders) && c.Masters[i] == nil
}

// masters returns the addresses that a program is started with: those of the masters that were
// booted ever and are not retired.
func (c *Cluster) masters() []wire.ServerID {
	var ids []wire.ServerID
	for i, id := range c.masterNodes {
		n := c.World.Node(id)
		switch {
		case n.Retired():
		case c.Masters[i] != nil:
			ids = append(ids, c.Masters[i].ID())
		case i < len(c.founders):
			ids = append(ids, c.founders[i])
		}
	}
	return ids
}

// MasterAddresses returns what a new client is told.
func (c *Cluster) MasterAddresses() []wire.ServerID { return c.masters() }

// ServerOn returns the master or tablet server that runs, or last ran, on a node.
func (c *Cluster) ServerOn(id sim.NodeID) wire.ServerID {
	if i := slices.Index(c.tserverNodes, id); i >= 0 {
		return c.TServers[i].ID()
	}
	if i := slices.Index(c.masterNodes, id); i >= 0 && c.Masters[i] != nil {
		return c.Masters[i].ID()
	}
	return wire.ServerOn(id, 0)
}

// MasterNodes returns the masters' nodes.
func (c *Cluster) MasterNodes() []sim.NodeID { return c.masterNodes }

// TServerNodes returns the tablet servers' nodes.
func (c *Cluster) TServerNodes() []sim.NodeID { return c.tserverNodes }

// ClientNodes returns the clients' nodes.
func (c *Cluster) ClientNodes() []sim.NodeID { return c.clientNodes }

// LeaderMaster returns the master that is ready to lead in the highest term that anybody leads,
// as an all-seeing observer knows it; nil if there is none.
func (c *Cluster) LeaderMaster() *master.Master {
	var leader *master.Master
	var term int64
	for _, m := range c.liveMasters() {
		if t, ok := m.Ready(); ok && t > term {
			leader, term = m, t
		}
	}
	return leader
}

func (c *Cluster) liveMasters() []*master.Master {
	var live []*master.Master
	for _, m := range c.Masters {
		if m != nil && m.Node().Alive() && m.Consensus() != nil {
			live = append(live, m)
		}
	}
	return live
}

func (c *Cluster) followerMaster() *sim.Node {
	leader := c.LeaderMaster()
	for _, m := range c.liveMasters() {
		if m != leader {
			return m.Node()
		}
	}
	return nil
}

func (c *Cluster) staleLeader() *sim.Node {
	highest := int64(0)
	for _, m := range c.liveMasters() {
		highest = max(highest, m.Consensus().Term())
	}
	for _, m := range c.liveMasters() {
		if term, ok := m.Ready(); ok && term < highest {
			return m.Node()
		}
	}
	return nil
}

// TabletsOf returns the tablets of a live table, or of all if the name is empty, in order, as the
// freshest master tablet knows them.
func (c *Cluster) TabletsOf(table string) []wire.TabletID {
	store := c.Catalog()
	if store == nil {
		return nil
	}
	return slices.DeleteFunc(sim.Keys(store.Tablets), func(id wire.TabletID) bool {
		owner := store.Tables[store.Tablets[id].Table]
		return owner == nil || table != "" && (owner.Name != table || !owner.Live()) ||
			owner.Gone() ||
			store.Tablets[id].Gone()
	})
}

// LeaderOf returns the node of the tablet server that leads a tablet in the highest term; nil if
// none does.
func (c *Cluster) LeaderOf(id wire.TabletID) *sim.Node {
	var leader *sim.Node
	var term int64
	for _, ts := range c.TServers {
		if ts == nil || !ts.Node().Alive() {
			continue
		}
		r := ts.Replica(id)
		if r != nil && r.Leader() == ts.ID() && r.Term() > term {
			leader, term = ts.Node(), r.Term()
		}
	}
	return leader
}

// Catalog returns the master tablet of the leader master; nil if there is none.
func (c *Cluster) Catalog() *catalog.Store {
	if m := c.LeaderMaster(); m != nil {
		return m.Store()
	}
	return nil
}
