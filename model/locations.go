package model

import (
	"slices"
	"strings"

	"tabletop/model/variant"
	"tabletop/sim"
)

// Relocated tells that the location mapping says otherwise of a node from now on.
var Relocated = sim.NewTopic[RelocationEvent]("relocated")

// RelocationEvent tells what the mapping says of a node.
type RelocationEvent struct {
	Node     *sim.Node
	Master   string // who alone is told; empty: most
	Location string // empty: the mapping fails
}

// Fold implements sim.Event.
func (e RelocationEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Node.ID()))
	d.String(e.Master)
	d.String(e.Location)
}

func (e RelocationEvent) String() string {
	text := e.Node.Name() + " is at " + e.Location
	if e.Location == "" {
		text = "nobody knows where " + e.Node.Name() + " is"
	}
	if e.Master != "" {
		text += ", as " + e.Master + " is told"
	}
	return text
}

// locate returns the location mapping as a master finds it.
func (c *Cluster) locate(master *sim.Node) func(sim.NodeID) (string, bool) {
	return func(id sim.NodeID) (string, bool) {
		return c.LocationOf(c.World.Node(id), master.Name())
	}
}

// LocationOf returns where the mapping says that a node is, if it does not fail: to the master of a
// name, or to most if the name is empty.
func (c *Cluster) LocationOf(n *sim.Node, master string) (location string, ok bool) {
	return c.mapping.Of(n.Name(), master)
}

// relocation is an entry that the mapping got after the beginning.
type relocation struct{ key, location string }

// Relocate changes what the mapping says of a node, to one master or, if the name is empty, to
// most; the empty location makes it fail. Masters ask when the node registers. It returns what
// undoes it, or nil if nothing changes. Of several changes of one entry the latest counts that is
// not undone.
func (c *Cluster) Relocate(n *sim.Node, master, location string) (undo func()) {
	key := n.Name()
	if master != "" {
		key += "@" + master
	}
	before, had := c.mapping[key]
	if len(c.mapping) == 0 || had && before == location {
		return nil
	}
	r := &relocation{key, location}
	remap := func(all []*relocation) {
		c.relocations, c.mapping = all, mappingOf(c.Variants)
		for _, r := range all {
			c.mapping[r.key] = r.location
		}
		now, _ := c.LocationOf(n, master)
		Relocated.Publish(c.World, RelocationEvent{n, master, now})
	}
	remap(append(c.relocations, r))
	return func() {
		remap(slices.DeleteFunc(c.relocations, func(o *relocation) bool { return o == r }))
	}
}

// Locations lists where tablet servers are, by name.
func (c *Cluster) Locations() []string {
	var all []string
	for _, id := range c.tserverNodes {
		l, _ := c.LocationOf(c.World.Node(id), "")
		if l != "" && !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	slices.Sort(all)
	return all
}

// ServersIn returns the nodes of the tablet servers in a location.
func (c *Cluster) ServersIn(location string) []*sim.Node {
	var nodes []*sim.Node
	for _, id := range c.tserverNodes {
		n := c.World.Node(id)
		if l, ok := c.LocationOf(n, ""); ok && l == location {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// Place returns the location that a target of a fault means, "location:/dc-0/rack-1".
func Place(target string) (location string, ok bool) {
	return strings.CutPrefix(target, "location:")
}

func mappingOf(v variant.Variants) variant.Mapping {
	m, err := variant.ParseMapping(v.Locations)
	if err != nil {
		panic(err) // it was read when the option was set
	}
	return m
}
