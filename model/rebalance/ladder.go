package rebalance

import (
	"iter"
	"math/bits"
)

// set is a set of small numbers.
type set []uint64

func (s set) add(i int)    { s[i/64] |= 1 << (i % 64) }
func (s set) remove(i int) { s[i/64] &^= 1 << (i % 64) }

func (s set) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

// and returns what is in both.
func (s set) and(other set) set {
	both := make(set, len(s))
	for i := range s {
		both[i] = s[i] & other[i]
	}
	return both
}

// all yields the members, in order.
func (s set) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range s {
			for ; w != 0; w &= w - 1 {
				if !yield(i*64 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}

// ladder has servers on rungs, by how many replicas they have. Those at the ends are known at
// once.
type ladder struct {
	rungs     []set
	low, high int // the lowest and the highest rung that is not empty
	words     int
}

func newLadder(counts []int) *ladder {
	l := &ladder{words: (len(counts) + 63) / 64, low: counts[0]}
	for i, n := range counts {
		l.rung(n).add(i)
		l.low, l.high = min(l.low, n), max(l.high, n)
	}
	return l
}

func (l *ladder) rung(n int) set {
	for len(l.rungs) <= n {
		l.rungs = append(l.rungs, make(set, l.words))
	}
	return l.rungs[n]
}

// step takes a server from rung n one rung up or down.
func (l *ladder) step(i, n, by int) {
	l.rungs[n].remove(i)
	l.rung(n + by).add(i)
	l.low, l.high = min(l.low, n+by), max(l.high, n+by)
	for l.rungs[l.low].empty() {
		l.low++
	}
	for l.rungs[l.high].empty() {
		l.high--
	}
}

func (l *ladder) skew() int  { return l.high - l.low }
func (l *ladder) most() set  { return l.rungs[l.high] }
func (l *ladder) least() set { return l.rungs[l.low] }
