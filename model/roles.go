package model

import (
	"slices"
	"strings"

	"tabletop/sim"
)

// Role is a part that a node may play at a moment, by which faults name their targets.
type Role struct{ Name, Title string }

// tabletRoles are the roles in the first tablet of a live table, whose name follows.
var tabletRoles = []struct {
	prefix, title string
	find          func(c *Cluster, table string) *sim.Node
}{
	{"tablet-leader:", "the tablet server that leads the first tablet of a live table",
		(*Cluster).tabletLeader},
	{"tablet-follower:", "the first tablet server that votes there and does not lead",
		(*Cluster).tabletFollower},
	{"tablet-outsider:", "the first tablet server that runs and is no member there",
		(*Cluster).tabletOutsider},
}

var masterRoles = []struct {
	Role
	find func(c *Cluster) *sim.Node
}{
	{Role{"leader-master", "the master that is ready to lead in the highest term of all"},
		func(c *Cluster) *sim.Node {
			if m := c.LeaderMaster(); m != nil {
				return m.Node()
			}
			return nil
		}},
	{Role{"follower-master", "the first master that runs and is not the leader master"},
		(*Cluster).followerMaster},
	{Role{"stale-leader", "a master that believes it leads while a later term has begun"},
		(*Cluster).staleLeader},
}

// Roles tells, for people, who plays a role. A role that nobody plays now is played by no node.
func Roles() []Role {
	var all []Role
	for _, r := range masterRoles {
		all = append(all, r.Role)
	}
	for _, r := range tabletRoles {
		all = append(all, Role{r.prefix + "TABLE", r.title})
	}
	return all
}

// IsTarget reports whether the word names a node or a role of some cluster of this size.
func (c *Cluster) IsTarget(word string) bool {
	for _, r := range tabletRoles {
		if strings.HasPrefix(word, r.prefix) && word != r.prefix {
			return true
		}
	}
	for _, r := range masterRoles {
		if r.Name == word {
			return true
		}
	}
	return slices.ContainsFunc(c.World.Nodes(), func(n *sim.Node) bool { return n.Name() == word })
}

// Resolve returns the node that a word names now, or nil if nobody plays the role.
func (c *Cluster) Resolve(word string) *sim.Node {
	for _, r := range tabletRoles {
		if table, ok := strings.CutPrefix(word, r.prefix); ok {
			return r.find(c, table)
		}
	}
	for _, r := range masterRoles {
		if r.Name == word {
			return r.find(c)
		}
	}
	for _, n := range c.World.Nodes() {
		if n.Name() == word {
			return n
		}
	}
	return nil
}

func (c *Cluster) tabletLeader(table string) *sim.Node {
	ids := c.TabletsOf(table)
	if len(ids) == 0 {
		return nil
	}
	return c.LeaderOf(ids[0])
}

func (c *Cluster) tabletFollower(table string) *sim.Node {
	leader := c.tabletLeader(table)
	if leader == nil {
		return nil
	}
	for _, id := range c.TServerOn(leader.ID()).Replica(c.TabletsOf(table)[0]).Active().Voters() {
		if n := c.World.Node(id.Node()); n != leader && n.Alive() {
			return n
		}
	}
	return nil
}

// tabletOutsider is where a replica can be added.
func (c *Cluster) tabletOutsider(table string) *sim.Node {
	leader := c.tabletLeader(table)
	if leader == nil {
		return nil
	}
	config := c.TServerOn(leader.ID()).Replica(c.TabletsOf(table)[0]).Active()
	for _, ts := range c.TServers {
		if ts != nil && ts.Node().Alive() && !config.Has(ts.ID()) {
			return ts.Node()
		}
	}
	return nil
}
