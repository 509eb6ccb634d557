package rebalance

import "slices"

// layout is what no move changes: where the servers are, and which tablets are balanced together.
type layout struct {
	c         *Cluster
	locations []string
	members   [][]int // by location: its servers
	at        []int   // by server: its location
	place     []int   // by server: its place among the members
	group     []int   // by tablet: its group
	groups    [][]int // by group: the tablets of one range of one table
	ranges    []int   // by table: how many groups it has
}

func newLayout(c *Cluster) *layout {
	l := &layout{c: c}
	known := map[string]int{}
	for i, s := range c.Servers {
		at, found := known[s.Location]
		if !found {
			at = len(l.locations)
			known[s.Location] = at
			l.locations = append(l.locations, s.Location)
			l.members = append(l.members, nil)
		}
		l.at = append(l.at, at)
		l.place = append(l.place, len(l.members[at]))
		l.members[at] = append(l.members[at], i)
	}
	l.addGroups()
	return l
}

// addGroups numbers the groups by the order of the tables, and within a table by that of their
// first tablets.
func (l *layout) addGroups() {
	tablets := make([]int, len(l.c.Tablets))
	for t := range tablets {
		tablets[t] = t
	}
	slices.SortStableFunc(tablets, func(a, b int) int {
		return l.c.Tablets[a].Table - l.c.Tablets[b].Table
	})
	l.group = make([]int, len(tablets))
	l.ranges = make([]int, len(l.c.Tables))
	type key struct {
		table int
		start string
	}
	known := map[key]int{}
	for _, t := range tablets {
		k := key{l.c.Tablets[t].Table, l.c.Tablets[t].Range}
		g, found := known[k]
		if !found {
			g = len(l.groups)
			known[k] = g
			l.ranges[k.table]++
			l.groups = append(l.groups, nil)
		}
		l.group[t] = g
		l.groups[g] = append(l.groups[g], t)
	}
}

// held lists, by server, the tablets of which it has replicas, group by group.
func (l *layout) held() [][]int {
	sizes := make([]int, len(l.at))
	for i := range l.c.Tablets {
		for _, s := range l.c.Tablets[i].Replicas {
			sizes[s]++
		}
	}
	held := make([][]int, len(sizes))
	var numbers slab[int]
	for s, n := range sizes {
		held[s] = numbers.take(n)[:0]
	}
	for _, tablets := range l.groups {
		for _, t := range tablets {
			for _, s := range l.c.Tablets[t].Replicas {
				held[s] = append(held[s], t)
			}
		}
	}
	return held
}

// tableInRanges returns the tablet's table, or None if that is the same as its group.
func (l *layout) tableInRanges(tablet int) int {
	if table := l.c.Tablets[tablet].Table; l.ranges[table] > 1 {
		return table
	}
	return None
}

// countIn returns how many of the replicas are in the location.
func (l *layout) countIn(replicas []int, location int) int {
	n := 0
	for _, s := range replicas {
		if l.at[s] == location {
			n++
		}
	}
	return n
}

// limit returns how many replicas of a tablet one location may have, so that a majority is left
// when it is lost: fewer than half.
func (l *layout) limit(tablet int) int {
	return (l.table(tablet).ReplicationFactor - 1) / 2
}

func (l *layout) table(tablet int) *Table { return &l.c.Tables[l.c.Tablets[tablet].Table] }

// allowed tells whether the tablet's table may have replicas in the location at all.
func (l *layout) allowed(tablet, location int) bool {
	list := l.table(tablet).Locations
	return len(list) == 0 || slices.Contains(list, l.locations[location])
}
