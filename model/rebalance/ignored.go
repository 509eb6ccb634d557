package rebalance

import "slices"

// Staying returns the cluster without the servers that are ignored and what they have, and the
// numbers in c of those that stay. A tablet is as healthy as it was.
func (c *Cluster) Staying() (*Cluster, []int) {
	stay := &Cluster{Tables: c.Tables}
	var numbers []int
	place := map[int]int{None: None}
	for i, s := range c.Servers {
		if place[i] = None; !s.Ignored {
			place[i] = len(numbers)
			numbers = append(numbers, i)
			stay.Servers = append(stay.Servers, s)
		}
	}
	if len(numbers) == len(c.Servers) {
		return c, numbers
	}
	for _, t := range c.Tablets {
		t.Leader = place[t.Leader]
		var there []int
		for _, s := range t.Replicas {
			if place[s] != None {
				there = append(there, place[s])
			}
		}
		t.Replicas = there
		stay.Tablets = append(stay.Tablets, t)
	}
	return stay, numbers
}

// HighestFactor returns the highest replication factor: to how many servers all tablets can move.
func (c *Cluster) HighestFactor() int {
	most := 0
	for _, t := range c.Tables {
		most = max(most, t.ReplicationFactor)
	}
	return most
}

// empty moves what the ignored servers of c have to where the master would place it among those
// that the planner has, leaders last (IgnoredTserversRunner::GetReplaceMoves). Where the placement
// policy leaves no room for it, it is violated.
func (p *planner) empty(c *Cluster) {
	for t, tablet := range c.Tablets {
		leaving := slices.DeleteFunc(slices.Clone(tablet.Replicas), func(s int) bool {
			return !c.Servers[s].Ignored
		})
		slices.SortStableFunc(leaving, func(a, b int) int {
			return one(a == tablet.Leader) - one(b == tablet.Leader)
		})
		for _, from := range leaving {
			if !p.mayFix(t) || p.moved[t] || p.full() {
				break
			}
			to, rule := p.destination(t, p.limit(t))
			if to == None {
				to, rule = p.destination(t, p.table(t).ReplicationFactor)
			}
			if to == None {
				break
			}
			p.moves = append(p.moves, Move{Ignored, t, from, to, rule})
			p.replicas[t] = append(p.replicas[t], to)
			p.count(t, to, 1)
			p.put(t, to)
			p.moved[t] = p.options.Batch
		}
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
