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
	c, _ = c.Staying()
	l := newLayout(c)
	held := l.held()
	ofTable := newTally(l, held, len(c.Tables), func(t int) int { return c.Tablets[t].Table })
	b := Balance{TableSkew: make([]int, len(c.Tables)),
		ClusterSkew: skew(len(held), func(s int) int { return len(held[s]) })}
	for t := range c.Tables {
		b.TableSkew[t] = skew(len(held), func(s int) int { return ofTable.count(t, s) })
	}
	for at, name := range l.locations {
		load := Load{Location: name, Servers: len(l.members[at])}
		for _, s := range l.members[at] {
			load.Replicas += len(held[s])
		}
		b.Locations = append(b.Locations, load)
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
