package rebalance

// tally counts replicas by what they are of, at each server, and ranks the servers of a location
// by it.
type tally struct {
	layout *layout
	rows   []row
}

// row is what there is of one thing: how many at each server, and their ranks in each location.
type row struct {
	counts  sparse[int32]
	ladders sparse[*ladder]
}

// newTally counts what there is of so many things, of which each tablet is one, or None.
func newTally(l *layout, held [][]int, things int, of func(tablet int) int) *tally {
	t := &tally{l, make([]row, things)}
	sizes := make([]int, things)
	for i := range l.c.Tablets {
		if thing := of(i); thing != None {
			sizes[thing] += len(l.c.Tablets[i].Replicas)
		}
	}
	var numbers slab[int32]
	for i, n := range sizes {
		n = min(n, len(l.at))
		t.rows[i].counts = sparse[int32]{keys: numbers.take(n)[:0], values: numbers.take(n)[:0]}
	}
	for s, tablets := range held {
		for _, tablet := range tablets {
			if thing := of(tablet); thing != None {
				*t.rows[thing].counts.last(s)++
			}
		}
	}
	r := newRanker(l)
	for i := range t.rows {
		r.rank(&t.rows[i])
	}
	return t
}

// ranker makes the ladders of rows.
type ranker struct {
	layout  *layout
	most    []int32   // by location: what a server of it has at most
	its     []*ladder // by location
	ladders slab[ladder]
	words   slab[uint64]
	keys    slab[int32]
	values  slab[*ladder]
}

func newRanker(l *layout) *ranker {
	n := len(l.members)
	return &ranker{layout: l, most: make([]int32, n), its: make([]*ladder, n)}
}

// rank puts the servers of a row on the ladders of their locations.
func (r *ranker) rank(of *row) {
	here := 0
	for i, s := range of.counts.keys {
		at := r.layout.at[s]
		if r.most[at] == 0 {
			here++
		}
		r.most[at] = max(r.most[at], of.counts.values[i])
	}
	of.ladders = sparse[*ladder]{keys: r.keys.take(here)[:0],
		values: r.values.take(here)[:0]}
	for at, most := range r.most {
		if most == 0 {
			continue
		}
		members := len(r.layout.members[at])
		width := (members + 63) / 64
		l := &r.ladders.take(1)[0]
		*l = ladder{words: r.words.take((int(most) + 1) * width), width: width, high: int(most)}
		l.rung(0).fill(members)
		r.its[at], r.most[at] = l, 0
		*of.ladders.last(at) = l
	}
	for i, s := range of.counts.keys {
		l := r.its[r.layout.at[s]]
		l.rung(0).remove(r.layout.place[s])
		l.rung(int(of.counts.values[i])).add(r.layout.place[s])
	}
	for _, l := range of.ladders.values {
		for l.rung(l.low).empty() {
			l.low++
		}
	}
}

// add counts one more replica at a server, or with -1 one less.
func (t *tally) add(of, server, by int) {
	r, at := &t.rows[of], t.layout.at[server]
	ladder := r.ladders.put(at)
	if *ladder == nil {
		*ladder = newLadder(len(t.layout.members[at]))
	}
	n := r.counts.put(server)
	(*ladder).step(t.layout.place[server], int(*n), by)
	*n += int32(by)
}

func (t *tally) count(of, server int) int {
	if n := t.rows[of].counts.get(server); n != nil {
		return int(*n)
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
