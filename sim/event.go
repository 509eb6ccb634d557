package sim

import "math/bits"

// event is one entry of the queue. It is embedded in the thing that it fires (a process, a
// timer, a message on its way), so that scheduling allocates nothing, and it knows its place in
// the queue, so that cancelling removes it at once.
type event struct {
	at  Time
	tie uint64
	seq uint64
	pos int // index in the heap; -1: not queued; lower: in bucket -2-pos
	// neighbours in the bucket
	next, prev *event
	// held: it has come due and waits for its paused or slow owner.
	held bool
	// owner is the node whose program the event belongs to: it is dropped when that
	// incarnation has ended and held back while the node is paused. nil: the world itself.
	owner *Node
	inc   uint32
	what  firer
}

type firer interface{ fire() }

func (e *event) queued() bool { return e.pos != -1 }

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

// queue orders events by (time, tie-break, sequence). What is due soon is in an indexed four-ary
// heap. What is due later is in buckets of equal stretches of time, without an order, until its
// bucket is the next: most deadlines are cancelled before, which costs little there, and they do
// not make the heap deep.
//
// Taking the first entry leaves a hole at the root of the heap, since what it fires often schedules
// something that comes soon: that goes down from the root, instead of the last entry, and is not
// sifted up from the end.
type queue struct {
	heap []slot
	hole bool // the root was taken, and none is in its slot
	// none sorts before all others. What was taken does not: by now it may be queued again, with
	// another sequence number, and must not be moved as if it were at the root.
	none event

	next    int64 // the first bucket, counted from time zero, that is not in the heap yet
	far     int   // events in buckets
	buckets [bucketCount]*event
	used    [bucketCount / 64]uint64 // a bit for every bucket that is not empty
}

// A bucket is 2 ms long and all together 2 s. What comes after them goes into the heap at once.
const (
	bucketBits  = 21
	bucketCount = 1024
)

func bucketOf(t Time) int64 { return int64(t) >> bucketBits }

func (q *queue) len() int {
	if q.hole {
		return len(q.heap) - 1 + q.far
	}
	return len(q.heap) + q.far
}

// min returns the first event. There must be one.
func (q *queue) min() *event {
	if q.hole {
		q.hole = false
		q.removeAt(0)
	}
	for len(q.heap) == 0 || bucketOf(q.heap[0].at) >= q.next {
		q.advance()
	}
	return q.heap[0].ev
}

func (q *queue) push(e *event) {
	if b := bucketOf(e.at); b >= q.next && b < q.next+bucketCount {
		q.putOff(e, int(b%bucketCount))
		return
	}
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
	q.hole, q.heap[0] = true, slot{ev: &q.none}
	return e
}

func (q *queue) remove(e *event) {
	i := e.pos
	switch {
	case i == -1:
		return
	case i < -1:
		q.takeOut(e, -2-i)
	default:
		q.removeAt(i)
	}
	e.pos = -1
}

// putOff puts an event into a bucket.
func (q *queue) putOff(e *event, i int) {
	e.pos = -2 - i
	e.next = q.buckets[i]
	if e.next != nil {
		e.next.prev = e
	}
	q.buckets[i] = e
	q.used[i/64] |= 1 << (i % 64)
	q.far++
}

// takeOut takes an event out of its bucket.
func (q *queue) takeOut(e *event, i int) {
	if e.prev != nil {
		e.prev.next = e.next
	} else if q.buckets[i] = e.next; e.next == nil {
		q.used[i/64] &^= 1 << (i % 64)
	}
	if e.next != nil {
		e.next.prev = e.prev
	}
	e.next, e.prev = nil, nil
	q.far--
}

// advance brings the next bucket that is not empty into the heap, unless the heap has something
// that comes before it.
func (q *queue) advance() {
	if q.far == 0 {
		q.next = bucketOf(q.heap[0].at) + 1
		return
	}
	b := q.nextUsed()
	if len(q.heap) > 0 && bucketOf(q.heap[0].at) < b {
		q.next = bucketOf(q.heap[0].at) + 1
		return
	}
	q.next = b + 1
	i := b % bucketCount
	e := q.buckets[i]
	q.buckets[i] = nil
	q.used[i/64] &^= 1 << (i % 64)
	for e != nil {
		following := e.next
		e.next, e.prev = nil, nil
		q.far--
		q.push(e)
		e = following
	}
}

// nextUsed returns the first bucket that is not empty. There must be one.
func (q *queue) nextUsed() int64 {
	b := q.next
	for {
		i := b % bucketCount
		if word := q.used[i/64] >> (i % 64); word != 0 {
			return b + int64(bits.TrailingZeros64(word))
		}
		b += 64 - i%64
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
