package sim

import "math/bits"

// event is one entry of the queue. It is embedded in the thing that it fires (a process, a
// timer, a message on its way), so that scheduling allocates nothing, and it knows its place in
// the queue, so that cancelling removes it at once.
type event struct {
	at  Time
	tie uint64
	seq uint64
	pos int // index in the queue, or -1
	// held: it has come due and waits for its paused or slow owner.
	held bool
	// owner is the node whose program the event belongs to: it is dropped when that
	// incarnation has ended and held back while the node is paused. nil: the world itself.
	owner *Node
	inc   uint32
	what  firer
}

type firer interface{ fire() }

func (e *event) queued() bool { return e.pos >= 0 }

// slot repeats the leading sort keys so that comparisons stay within the array.
type slot struct {
	at  Time
	tie uint64
	ev  *event
}

func (a slot) before(b slot) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	if a.tie != b.tie {
		return a.tie < b.tie
	}
	return a.ev.seq < b.ev.seq
}

// queue is an indexed four-ary heap ordered by (time, tie-break, sequence). Taking the first entry
// leaves a hole at the root, since what it fires mostly schedules something: that goes down from
// the root then, instead of the last entry, and is not sifted up from the end.
type queue struct {
	heap []slot
	hole bool // the root was taken; its slot still sorts before all others
}

// settle closes the hole.
func (q *queue) settle() {
	if q.hole {
		q.hole = false
		q.removeAt(0)
	}
}

func (q *queue) len() int {
	if q.hole {
		return len(q.heap) - 1
	}
	return len(q.heap)
}

func (q *queue) min() *event {
	q.settle()
	return q.heap[0].ev
}

func (q *queue) push(e *event) {
	if q.hole {
		q.hole = false
		q.down(0, slot{e.at, e.tie, e})
		return
	}
	q.heap = append(q.heap, slot{})
	q.up(len(q.heap)-1, slot{e.at, e.tie, e})
}

func (q *queue) pop() *event {
	e := q.min()
	e.pos = -1
	q.hole = true
	return e
}

func (q *queue) remove(e *event) {
	if e.queued() {
		i := e.pos
		e.pos = -1
		q.removeAt(i)
	}
}

// removeAt closes the gap of an entry that is no longer queued.
func (q *queue) removeAt(i int) {
	last := len(q.heap) - 1
	moved := q.heap[last]
	q.heap[last] = slot{}
	q.heap = q.heap[:last]
	if i == last {
		return
	}
	if i > 0 && moved.before(q.heap[(i-1)/4]) {
		q.up(i, moved)
	} else {
		q.down(i, moved)
	}
}

func (q *queue) up(i int, s slot) {
	for i > 0 {
		parent := (i - 1) / 4
		if !s.before(q.heap[parent]) {
			break
		}
		q.put(i, q.heap[parent])
		i = parent
	}
	q.put(i, s)
}

func (q *queue) down(i int, s slot) {
	for {
		child := 4*i + 1
		var least int
		switch {
		case child+3 < len(q.heap):
			least = q.first(q.first(child, child+1), q.first(child+2, child+3))
		case child < len(q.heap):
			least = child
			for c := child + 1; c < len(q.heap); c++ {
				least = q.first(least, c)
			}
		default:
			q.put(i, s)
			return
		}
		if !q.heap[least].before(s) {
			q.put(i, s)
			return
		}
		q.put(i, q.heap[least])
		i = least
	}
}

// first returns the index of the slot that comes first. It computes the answer instead of
// branching on it, since a processor cannot guess it: a borrow out of the 128-bit difference of
// (time, tie-break) tells.
func (q *queue) first(i, j int) int {
	a, b := &q.heap[i], &q.heap[j]
	if a.tie == b.tie { // seldom
		if b.before(*a) {
			return j
		}
		return i
	}
	_, less := bits.Sub64(b.tie, a.tie, 0)
	_, less = bits.Sub64(uint64(b.at), uint64(a.at), less)
	return i + (j-i)*int(less)
}

func (q *queue) put(i int, s slot) {
	q.heap[i] = s
	s.ev.pos = i
}
