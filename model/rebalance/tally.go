package rebalance

// cell is one of several things at one server, or in one location.
type cell struct{ of, at int }

// tally counts replicas by what they are of, at each server, and ranks the servers of a location
// by it.
type tally struct {
	layout  *layout
	counts  map[cell]int
	ladders map[cell]*ladder
}

func newTally(l *layout) *tally {
	return &tally{l, map[cell]int{}, map[cell]*ladder{}}
}

// add counts one more replica at a server, or with -1 one less.
func (t *tally) add(of, server, by int) {
	at := cell{of, t.layout.at[server]}
	if t.ladders[at] == nil {
		t.ladders[at] = newLadder(len(t.layout.members[at.at]))
	}
	n := t.counts[cell{of, server}]
	t.ladders[at].step(t.layout.place[server], n, by)
	t.counts[cell{of, server}] = n + by
}

func (t *tally) count(of, server int) int { return t.counts[cell{of, server}] }

// ladder returns the servers of a location, by their places in it; or nil if there has never been
// any of it.
func (t *tally) ladder(of, location int) *ladder { return t.ladders[cell{of, location}] }
