package sim

import (
	"fmt"
	"runtime/debug"
	"time"
)

// Proc is a process: sequential code on a node that may sleep, wait, lock and call. It is valid
// only while its function runs and is reused afterwards, so it must not be kept.
type Proc struct {
	ev   event // the wake-up that is due, if any
	node *Node
	co   *coroutine

	name string
	fn   func(*Proc)
	call *Envelope // for a process that serves a request

	label    string // what it waits for, as a sentence for people
	since    Time   // since when
	parked   bool
	timedOut bool
	unwind   bool
	done     bool

	nap      time.Duration // it sleeps when it is woken, if napLabel says why
	napLabel string

	list       *waitList // where it waits, if in a list
	next, prev *Proc     // in that list
	up, down   *Proc     // in the list of the node's processes

	cause Cause
	reply reply // of the call it waits for
}

// unwound is thrown through a process whose node has died.
type unwound struct{}

// Node returns the node the process runs on.
func (p *Proc) Node() *Node { return p.node }

// Now returns what the monotonic clock of the node shows.
func (p *Proc) Now() Time { return p.node.Now() }

// Sleep blocks for d. The label says why, as a sentence for people ("backoff").
func (p *Proc) Sleep(label string, d time.Duration) {
	p.block(label, p.Now().Add(d))
}

// Yield lets everything else that is due at this instant go first, in an order drawn from the
// seed.
func (p *Proc) Yield() { p.Sleep("yield", 0) }

// Crash ends the program of the node at once, as a fatal error in it would. It does not return.
func (p *Proc) Crash(reason string) {
	p.node.doomed = &doom{reason: reason, crash: true}
	panic(unwound{})
}

// Must crashes the program if err is not nil, as a fatal check does.
func (p *Proc) Must(err error) {
	if err != nil {
		p.Crash(err.Error())
	}
}

// Go starts a process on the node. It begins at this instant, after the caller has blocked or
// returned.
func (n *Node) Go(name string, fn func(*Proc)) {
	n.mustLive("starting a process")
	p := n.newProc(name)
	p.fn = fn
	n.world.schedule(&p.ev, n.world.now)
}

func (n *Node) newProc(name string) *Proc {
	w := n.world
	if n.procs.count >= w.limits.Processes {
		w.found(&Finding{Class: "too-many-processes", At: w.now, Node: n.name,
			Detail: fmt.Sprintf("%d processes at once, the last one %q", n.procs.count, name)})
	}
	var p *Proc
	if last := len(w.idle) - 1; last >= 0 {
		p = w.idle[last]
		w.idle = w.idle[:last]
	} else {
		p = &Proc{}
		p.ev = event{pos: -1, what: p}
		p.co = newCoroutine(p.body)
	}
	p.node, p.ev.owner, p.name, p.label, p.since = n, n, name, "start", w.now
	p.done, p.unwind, p.timedOut, p.napLabel = false, false, false, ""
	n.procs.push(p)
	return p
}

// fire resumes the process: the time it slept for has passed, or somebody woke it.
func (p *Proc) fire() {
	if p.list != nil {
		p.list.remove(p)
		p.timedOut = true
	}
	p.resume()
}

func (p *Proc) resume() {
	w := p.node.world
	outer := w.running
	w.running = p
	p.co.run()
	w.running = outer
	n := p.node
	if p.done {
		p.retire()
	}
	if n.doomed != nil && !n.dying && (outer == nil || outer.node != n) {
		n.die()
	}
}

func (p *Proc) retire() {
	p.node.procs.remove(p)
	p.fn, p.call, p.cause, p.reply = nil, nil, Cause{}, reply{}
	p.node.world.idle = append(p.node.world.idle, p)
}

// body is the root of the process: here a panic still has its inner stack.
func (p *Proc) body() {
	defer func() {
		p.done = true
		//tabletop:allow recover: the root of a process is where a panic becomes a finding
		if r := recover(); r != nil {
			if _, ok := r.(unwound); !ok {
				p.panicked(r)
			}
		}
	}()
	if p.call != nil {
		p.serve()
		return
	}
	p.fn(p)
}

func (p *Proc) panicked(r any) {
	p.node.world.found(&Finding{
		Class: "panic", At: p.node.world.now, Node: p.node.name,
		Detail: fmt.Sprintf("process %q: %v", p.name, r), Stack: string(debug.Stack()),
	})
}

// block parks the process until it is woken or the deadline passes; p.timedOut tells which for
// a process that waits in a list.
func (p *Proc) block(label string, deadline Time) {
	n := p.node
	n.mustLive("blocking")
	if n.world.running != p {
		panic(fmt.Sprintf("sim: process %q blocked from outside itself", p.name))
	}
	p.label, p.since, p.timedOut = label, n.world.now, false
	if deadline != Never {
		n.world.schedule(&p.ev, n.clock.when(deadline))
	}
	if len(n.world.armedWaits) > 0 {
		p.passWait(label)
	}
	p.park()
}

func (p *Proc) park() {
	p.parked = true
	p.co.park()
	p.parked = false
	if p.unwind {
		panic(unwound{})
	}
}

// wake makes a parked process runnable at this instant. The caller has taken it off its list.
func (p *Proc) wake() {
	w := p.node.world
	if p.node.dying || p.ev.held {
		return
	}
	w.queue.remove(&p.ev)
	w.schedule(&p.ev, w.now)
}

// sleepOn makes a parked process sleep from now on. The caller has taken it off its list.
func (p *Proc) sleepOn(label string, d time.Duration) {
	n := p.node
	if n.dying || p.ev.held {
		return
	}
	if len(n.world.armedWaits) > 0 { // what is armed strikes a process that runs
		p.nap, p.napLabel = d, label
		p.wake()
		return
	}
	n.world.queue.remove(&p.ev)
	p.label, p.since = label, n.world.now
	n.world.schedule(&p.ev, n.clock.when(n.Now().Add(d)))
}

// Wait is one process that waits, for dumps.
type Wait struct {
	Node, Process, Label string
	Since                Time
}

func (w Wait) String() string {
	return fmt.Sprintf("%s: %s waits for %q since %v", w.Node, w.Process, w.Label, w.Since)
}

// Waits lists the processes of the node and what each waits for, oldest first.
func (n *Node) Waits() []Wait {
	var waits []Wait
	for p := n.procs.first; p != nil; p = p.down {
		waits = append(waits, Wait{Node: n.name, Process: p.name, Label: p.label, Since: p.since})
	}
	return waits
}

// procList is the list of a node's processes in the order of their starts.
type procList struct {
	first, last *Proc
	count       int
}

func (l *procList) push(p *Proc) {
	l.count++
	p.up, p.down = l.last, nil
	if l.last != nil {
		l.last.down = p
	} else {
		l.first = p
	}
	l.last = p
}

func (l *procList) remove(p *Proc) {
	l.count--
	if p.up != nil {
		p.up.down = p.down
	} else {
		l.first = p.down
	}
	if p.down != nil {
		p.down.up = p.up
	} else {
		l.last = p.up
	}
	p.up, p.down = nil, nil
}
