package rebalance

import (
	"iter"
	"math/bits"
)

// set is a set of small numbers.
type set []uint64

// firstOf returns the set of the numbers below n.
func firstOf(n int) set {
	s := make(set, (n+63)/64)
	s.fill(n)
	return s
}

// fill puts the numbers below n, which take up all its room, into an empty set.
func (s set) fill(n int) {
	for i := range s {
		s[i] = 1<<min(64, n-i*64) - 1
	}
}

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

func (s set) size() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// and returns what is in both, in the room that it is given.
func (s set) and(other, both set) set {
	for i := range s {
		both[i] = s[i] & other[i]
	}
	return both
}

// meets tells whether something is in both.
func (s set) meets(other set) bool {
	for i := range s {
		if s[i]&other[i] != 0 {
			return true
		}
	}
	return false
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

// first and last return a member of a set that is not empty.
func (s set) first() int {
	i := 0
	for s[i] == 0 {
		i++
	}
	return i*64 + bits.TrailingZeros64(s[i])
}

func (s set) last() int {
	i := len(s) - 1
	for s[i] == 0 {
		i--
	}
	return i*64 + bits.Len64(s[i]) - 1
}

// ladder has servers on rungs, by how many replicas they have. Those at the ends are known at
// once.
type ladder struct {
	words     []uint64 // of all rungs, from the lowest, each a set
	width     int      // of a rung
	low, high int      // the lowest and the highest rung that is not empty
}

// newLadder has n servers, which have nothing.
func newLadder(n int) *ladder {
	first := firstOf(n)
	return &ladder{words: first, width: len(first)}
}

func (l *ladder) rung(n int) set { return l.words[n*l.width : (n+1)*l.width] }

// step takes a server from rung n one rung up or down.
func (l *ladder) step(i, n, by int) {
	if (n+by)*l.width == len(l.words) {
		l.words = append(l.words, make([]uint64, l.width)...)
	}
	l.rung(n).remove(i)
	l.rung(n + by).add(i)
	l.low, l.high = min(l.low, n+by), max(l.high, n+by)
	for l.rung(l.low).empty() {
		l.low++
	}
	for l.rung(l.high).empty() {
		l.high--
	}
}

func (l *ladder) skew() int  { return l.high - l.low }
func (l *ladder) most() set  { return l.rung(l.high) }
func (l *ladder) least() set { return l.rung(l.low) }

// leastOf returns those of some servers that have least.
func (l *ladder) leastOf(some set) set {
	found := make(set, len(some))
	for n := l.low; ; n++ {
		if l.rung(n).and(some, found); !found.empty() {
			return found
		}
	}
}
