package sim

import "time"

// waitList is a queue of parked processes, first in first out.
type waitList struct{ first, last *Proc }

func (l *waitList) push(p *Proc) {
	p.list, p.prev, p.next = l, l.last, nil
	if l.last != nil {
		l.last.next = p
	} else {
		l.first = p
	}
	l.last = p
}

func (l *waitList) remove(p *Proc) {
	if p.prev != nil {
		p.prev.next = p.next
	} else {
		l.first = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	} else {
		l.last = p.prev
	}
	p.list, p.prev, p.next = nil, nil, nil
}

func (l *waitList) pop() *Proc {
	p := l.first
	l.remove(p)
	return p
}

// Cond lets processes wait until another says that something may have changed. The zero value
// is ready. Whoever was woken checks its condition again: the world went on meanwhile.
type Cond struct{ waiting waitList }

// Wait blocks until the next Broadcast.
func (c *Cond) Wait(p *Proc, label string) { c.WaitUntil(p, label, Never) }

// WaitUntil blocks until the next Broadcast or the deadline. It reports whether it was woken in
// time.
func (c *Cond) WaitUntil(p *Proc, label string, deadline Time) bool {
	c.waiting.push(p)
	p.block(label, deadline)
	inTime := !p.timedOut
	if why := p.napLabel; why != "" {
		p.napLabel = ""
		p.Sleep(why, p.nap)
	}
	return inTime
}

// Broadcast wakes everyone who waits.
func (c *Cond) Broadcast() {
	for c.waiting.first != nil {
		c.waiting.pop().wake()
	}
}

// BroadcastAfter wakes everyone who waits, but only after d: as if each woke now and slept first,
// for what the label says. That costs one switch to the process, not two.
func (c *Cond) BroadcastAfter(label string, d time.Duration) {
	for c.waiting.first != nil {
		c.waiting.pop().sleepOn(label, d)
	}
}

// Mutex is a lock that is handed over in the order of requests. The zero value is unlocked.
type Mutex struct {
	held    bool
	waiting waitList
}

// Lock blocks until the lock is the caller's.
func (m *Mutex) Lock(p *Proc, label string) {
	if !m.held {
		m.held = true
		return
	}
	m.waiting.push(p)
	p.block(label, Never)
}

// TryLock takes the lock if nobody has it.
func (m *Mutex) TryLock() bool {
	if m.held {
		return false
	}
	m.held = true
	return true
}

// Locked reports whether somebody has the lock.
func (m *Mutex) Locked() bool { return m.held }

// Unlock hands the lock to the one who has waited longest.
func (m *Mutex) Unlock() {
	if !m.held {
		panic("sim: Unlock of an unlocked Mutex")
	}
	if m.waiting.first == nil {
		m.held = false
		return
	}
	m.waiting.pop().wake()
}

// RWMutex is a lock for many readers or one writer. A waiting writer keeps new readers out. The
// zero value is unlocked.
type RWMutex struct {
	readers int
	writer  bool
	writers waitList
}

// TryRLock takes the lock for reading unless a writer has it or waits for it.
func (m *RWMutex) TryRLock() bool {
	if m.writer || m.writers.first != nil {
		return false
	}
	m.readers++
	return true
}

// RUnlock gives a read lock back.
func (m *RWMutex) RUnlock() {
	if m.readers == 0 {
		panic("sim: RUnlock of an RWMutex without readers")
	}
	m.readers--
	m.admit()
}

// Lock blocks until the lock is the caller's alone.
func (m *RWMutex) Lock(p *Proc, label string) {
	if !m.writer && m.readers == 0 {
		m.writer = true
		return
	}
	m.writers.push(p)
	p.block(label, Never)
}

// Unlock gives the write lock back.
func (m *RWMutex) Unlock() {
	if !m.writer {
		panic("sim: Unlock of an RWMutex without a writer")
	}
	m.writer = false
	m.admit()
}

func (m *RWMutex) admit() {
	if m.readers == 0 && m.writers.first != nil {
		m.writer = true
		m.writers.pop().wake()
	}
}
