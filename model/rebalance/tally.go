package rebalance

// tally counts replicas by what they are of, at each server, and ranks the servers of a location
// by it.
type tally struct {
	layout *layout
	rows   []row
}

// row is what there is of one thing: how many at each server, and their ranks in each location.
type row struct {
	counts  sparse[int]
	ladders sparse[*ladder]
}

// newTally counts what there is of so many things, of which each tablet is one.
func newTally(l *layout, things int, of func(tablet int) int) *tally {
	t := &tally{l, make([]row, things)}
	for i, servers := range l.gather(things, of) {
		t.rows[i].counts = newSparse[int](servers)
	}
	for _, group := range l.groups { // what lies together is counted together
		for _, i := range group {
			for _, s := range l.c.Tablets[i].Replicas {
				t.add(of(i), s, 1)
			}
		}
	}
	return t
}

// gather lists the servers of each thing, some more than once.
func (l *layout) gather(things int, of func(tablet int) int) [][]int {
	servers := make([][]int, things)
	for i := range l.c.Tablets {
		servers[of(i)] = append(servers[of(i)], l.c.Tablets[i].Replicas...)
	}
	return servers
}

// add counts one more replica at a server, or with -1 one less.
func (t *tally) add(of, server, by int) {
	r, at := &t.rows[of], t.layout.at[server]
	ladder := r.ladders.put(at)
	if *ladder == nil {
		*ladder = newLadder(len(t.layout.members[at]))
	}
	n := r.counts.put(server)
	(*ladder).step(t.layout.place[server], *n, by)
	*n += by
}

func (t *tally) count(of, server int) int {
	if n := t.rows[of].counts.get(server); n != nil {
		return *n
	}
	return 0
}

// ladder returns the servers of a location, by their places in it; or nil if there has never been
// any of it.
func (t *tally) ladder(of, location int) *ladder {
	if l := t.rows[of].ladders.get(location); l != nil {
		return *l
	}
	return nil
}
