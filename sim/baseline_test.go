package sim_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// What the kernel is measured beside: the same ping-mesh as the cheapest loop that a person would
// write for it, and as ordinary goroutines on the virtual clock of testing/synctest.

// bareMesh is an event loop with nothing else: one heap, one kind of call, no digest, no faults.
type bareMesh struct {
	meshConfig
	now    int64
	seq    uint64
	rand   uint64
	heap   []bareSlot
	events []bareEvent
	free   []int32
	sent   int
	late   int // deadlines that passed
}

// bareSlot repeats the sort keys of an event, so that comparisons stay within the heap.
type bareSlot struct {
	at  int64
	seq uint64
	ev  int32
}

type bareEvent struct {
	pos  int32 // in the heap
	kind uint8
	from uint8
	to   uint8
	call int32 // the event of the deadline
}

const (
	bareTick uint8 = iota
	bareRequest
	bareResponse
	bareDeadline
)

func newBareMesh(c meshConfig) *bareMesh {
	m := &bareMesh{meshConfig: c, rand: 1}
	for from := range c.nodes {
		for to := range c.nodes {
			if from != to {
				ev := m.event(bareTick, uint8(from), uint8(to))
				m.push(ev, int64(c.first(from, to)))
			}
		}
	}
	return m
}

func (m *bareMesh) event(kind, from, to uint8) int32 {
	var i int32
	if last := len(m.free) - 1; last >= 0 {
		i, m.free = m.free[last], m.free[:last]
	} else {
		i = int32(len(m.events))
		m.events = append(m.events, bareEvent{})
	}
	m.events[i] = bareEvent{kind: kind, from: from, to: to}
	return i
}

// run advances virtual time and returns the messages that were sent meanwhile.
func (m *bareMesh) run(d time.Duration) int {
	until, before := m.now+int64(d), m.sent
	for len(m.heap) > 0 && m.heap[0].at <= until {
		s := m.heap[0]
		m.now = s.at
		m.removeAt(0)
		m.fire(s.ev)
	}
	m.now = until
	return m.sent - before
}

func (m *bareMesh) fire(i int32) {
	e := &m.events[i]
	switch e.kind {
	case bareTick:
		from, to := e.from, e.to
		m.push(i, m.now+int64(m.period))
		call := m.event(bareDeadline, from, to)
		m.push(call, m.now+int64(m.deadline))
		req := m.event(bareRequest, from, to)
		m.events[req].call = call
		m.send(req)
	case bareRequest:
		e.kind = bareResponse
		m.send(i)
	case bareResponse:
		m.removeAt(int(m.events[e.call].pos))
		m.free = append(m.free, e.call, i)
	case bareDeadline:
		m.late++
	}
}

func (m *bareMesh) send(i int32) {
	m.sent++
	m.rand += 0x9e3779b97f4a7c15 // splitmix64
	x := m.rand
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	m.push(i, m.now+int64(m.latency(x^x>>31)))
}

func (m *bareMesh) push(ev int32, at int64) {
	m.seq++
	m.heap = append(m.heap, bareSlot{})
	m.up(len(m.heap)-1, bareSlot{at, m.seq, ev})
}

func (a bareSlot) before(b bareSlot) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

func (m *bareMesh) removeAt(i int) {
	last := len(m.heap) - 1
	moved := m.heap[last]
	m.heap = m.heap[:last]
	switch {
	case i == last:
	case i > 0 && moved.before(m.heap[(i-1)/4]):
		m.up(i, moved)
	default:
		m.down(i, moved)
	}
}

func (m *bareMesh) up(i int, s bareSlot) {
	for i > 0 && s.before(m.heap[(i-1)/4]) {
		m.put(i, m.heap[(i-1)/4])
		i = (i - 1) / 4
	}
	m.put(i, s)
}

func (m *bareMesh) down(i int, s bareSlot) {
	for child := 4*i + 1; child < len(m.heap); child = 4*i + 1 {
		least := child
		for c := child + 1; c < min(child+4, len(m.heap)); c++ {
			if m.heap[c].before(m.heap[least]) {
				least = c
			}
		}
		if !m.heap[least].before(s) {
			break
		}
		m.put(i, m.heap[least])
		i = least
	}
	m.put(i, s)
}

func (m *bareMesh) put(i int, s bareSlot) {
	m.heap[i] = s
	m.events[s.ev].pos = int32(i)
}

// synctestMesh runs the mesh as goroutines. A bubble cannot be left and entered again, so that it
// begins anew with every run.
type synctestMesh struct {
	meshConfig
	tb testing.TB
}

func (m *synctestMesh) run(d time.Duration) int {
	sent, ran := 0, false
	test := func(t *testing.T) {
		if ran { // the flag -count repeats tests
			return
		}
		ran = true
		synctest.Test(t, func(t *testing.T) { sent = m.bubble(d) })
	}
	// A bubble needs a *testing.T, of which a benchmark has none: this is how go test makes one.
	all := func(string, string) (bool, error) { return true, nil }
	if !testing.RunTests(all, []testing.InternalTest{{Name: "Synctest", F: test}}) {
		m.tb.Fatal("the bubble failed")
	}
	return sent
}

// bubble is about the least for goroutines that call each other: one for every pair that calls,
// one for every request, which sleeps on the way there and back.
func (m *synctestMesh) bubble(d time.Duration) int {
	end := time.Now().Add(d)
	counts := make(chan int)
	for from := range m.nodes {
		for to := range m.nodes {
			if from != to {
				go func() { counts <- m.caller(from, to, end) }()
			}
		}
	}
	sent := 0
	for range m.nodes * (m.nodes - 1) {
		sent += <-counts
	}
	return sent
}

func (m *synctestMesh) caller(from, to int, end time.Time) int {
	r := rand.NewPCG(uint64(from), uint64(to))
	next := time.Now().Add(m.first(from, to))
	sent := 0
	for i := uint64(0); next.Before(end); i++ {
		time.Sleep(time.Until(next))
		next = next.Add(m.period)
		answer := make(chan uint64, 1)
		there, back := m.latency(r.Uint64()), m.latency(r.Uint64())
		go func() {
			time.Sleep(there)
			request := i
			time.Sleep(back)
			answer <- request
		}()
		deadline := time.NewTimer(m.deadline)
		select {
		case <-answer:
			sent += 2
		case <-deadline.C:
			sent++
		}
		deadline.Stop()
	}
	return sent
}
