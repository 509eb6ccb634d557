package rebalance

// evens are the groups of skew 1 of a location. None has to move for its own sake; they move to
// even out the total, from a server that has most of a group and of all to one that has least of
// both. A group keeps its skew.
//
// A group for which there is no move is not looked at again before that can have changed. While
// the total's ends are at the same heights their sets only lose members; between them no server's
// total changes. So what a group waits for is one height that an end comes to.
type evens struct {
	*evener
	// groups are by their stamps, which number the groups as they come to their skew, and come
	// anew with a move; stamps are by group.
	groups, stamps []int
	// ready are the stamps of the groups that may have a move of a follower; led are those of
	// groups that have none, and may have one of a leader.
	ready, led queue
	// atHigh, by the height of the highest servers, and atLow, by that of the lowest, are the
	// stamps that may have a move when the total has come there; atAny may with any change.
	atHigh, atLow [][]int
	atAny         []int
	high, low     int // what the ends of the total were when those were made ready
}

func newEvens(e *evener, groups []int) *evens {
	high, low := e.total.high, e.total.low
	v := &evens{evener: e, stamps: make([]int, len(e.ladders)), high: high, low: low,
		atHigh: make([][]int, high+1), atLow: make([][]int, high+1)}
	for _, g := range groups {
		v.enqueue(g)
	}
	return v
}

func (v *evens) enqueue(group int) {
	v.stamps[group] = len(v.groups)
	v.ready.put(len(v.groups))
	v.groups = append(v.groups, group)
}

// next moves a replica to even out the total, if it can.
func (v *evens) next() bool {
	v.wake()
	for {
		stamp, found := v.ready.take()
		if !found {
			break
		}
		if v.shift(stamp, false) {
			return true
		}
	}
	for {
		stamp, found := v.led.take()
		if !found {
			return false
		}
		if v.shift(stamp, true) {
			return true
		}
	}
}

// wake makes ready what waited for the ends to be where they are now.
func (v *evens) wake() {
	if v.high == v.total.high && v.low == v.total.low {
		return
	}
	for ; v.high > v.total.high; v.high-- {
		v.again(v.atHigh[v.high-1])
	}
	for ; v.low < v.total.low; v.low++ {
		v.again(v.atLow[v.low+1])
	}
	v.again(v.atAny)
	v.atAny = v.atAny[:0]
}

func (v *evens) again(stamps []int) {
	for _, s := range stamps {
		if v.stamps[v.groups[s]] == s {
			v.led.drop(s)
			v.ready.put(s)
		}
	}
}

// shift moves a replica of a group, or else lets it wait.
func (v *evens) shift(stamp int, led bool) bool {
	v.p.steps++
	group := v.groups[stamp]
	g := v.ladders[group]
	from := g.most().and(v.total.most(), v.from)
	if from.empty() {
		v.awaitHigh(stamp, g.most())
		return false
	}
	to := g.least().and(v.total.least(), v.to)
	if to.empty() {
		v.awaitLow(stamp, g.least())
		return false
	}
	if v.move(group, from, to, led) {
		v.enqueue(group)
		return true
	}
	if v.someLeave(group, from, led) {
		v.atAny = append(v.atAny, stamp)
	} else {
		v.awaitHigh(stamp, g.most())
	}
	if !led {
		v.led.put(stamp)
	}
	return false
}

// someLeave tells whether a tablet of the group may leave one of the servers at all.
func (v *evens) someLeave(group int, from set, led bool) bool {
	for i := range from.all() {
		if v.p.mayLeave(group, v.p.members[v.location][i], led) {
			return true
		}
	}
	return false
}

// awaitHigh lets a group wait until the highest of all are no higher than the highest of some
// servers that are below them now.
func (v *evens) awaitHigh(stamp int, some set) {
	for n := v.high - 1; n > v.low; n-- {
		if v.total.rung(n).meets(some) {
			v.atHigh[n] = append(v.atHigh[n], stamp)
			return
		}
	}
}

// awaitLow lets a group wait until the lowest of all are no lower than the lowest of some servers
// that are above them now.
func (v *evens) awaitLow(stamp int, some set) {
	for n := v.low + 1; n < v.high; n++ {
		if v.total.rung(n).meets(some) {
			v.atLow[n] = append(v.atLow[n], stamp)
			return
		}
	}
}

// queue has numbers, of which the least comes first.
type queue struct {
	in   set
	word int // the first that may have some
}

func (q *queue) put(i int) {
	for i/64 >= len(q.in) {
		q.in = append(q.in, 0)
	}
	q.in.add(i)
	q.word = min(q.word, i/64)
}

func (q *queue) drop(i int) {
	if i/64 < len(q.in) {
		q.in.remove(i)
	}
}

// take takes the first, if there is one.
func (q *queue) take() (int, bool) {
	for ; q.word < len(q.in); q.word++ {
		if w := q.in[q.word:]; w[0] != 0 {
			i := q.word*64 + w.first()
			q.in.remove(i)
			return i, true
		}
	}
	return 0, false
}
