package rebalance

// Balance is how evenly replicas are spread.
type Balance struct {
	// TableSkew is, by table, the most replicas of it on one server less the fewest.
	TableSkew []int
	// ClusterSkew is the same of all replicas.
	ClusterSkew int
	// Locations are in the order of their first servers.
	Locations []Load
}

// Load is what a location has: Replicas/Servers is its load.
type Load struct {
	Location          string
	Replicas, Servers int
}

// Balance measures the cluster.
func (c *Cluster) Balance() Balance {
	p := newPlanner(c, Options{})
	b := Balance{TableSkew: make([]int, len(c.Tables)),
		ClusterSkew: skew(len(c.Servers), p.total)}
	for t := range c.Tables {
		b.TableSkew[t] = skew(len(c.Servers), func(s int) int { return p.ofTable.count(t, s) })
	}
	for l, name := range p.locations {
		b.Locations = append(b.Locations, Load{name, p.inside[l], len(p.members[l])})
	}
	return b
}

// skew returns the greatest less the least of what the servers have.
func skew(servers int, has func(server int) int) int {
	if servers == 0 {
		return 0
	}
	low, high := has(0), has(0)
	for s := range servers {
		low, high = min(low, has(s)), max(high, has(s))
	}
	return high - low
}
