package sim

import "time"

// slowness makes the steps of a program take time. What comes due meanwhile waits its turn among
// what is held, as it does while the program is paused.
type slowness struct {
	slow   time.Duration // that every step takes; 0: none
	free   Time          // when the program is done with the step that it is at
	turn   event         // the next step
	slowed int
}

// nextTurn is a node, as what its turn fires.
type nextTurn Node

// Slow makes every step of the program take that long, one after another, as on a machine that is
// short of processor time. Zero ends it; what waits then happens now, in its order.
func (n *Node) Slow(step time.Duration) {
	n.disturb(n.slow > 0, step > 0)
	n.slow = step
	if step == 0 && !n.paused {
		n.release()
	}
}

// Slowed counts the steps that had to wait their turn so far.
func (n *Node) Slowed() int { return n.slowed }

// later holds a step of a slow program back if the program is still at another. It reports whether
// it did.
func (n *Node) later(ev *event) bool {
	w := n.world
	if len(n.held) == 0 && w.now >= n.free {
		n.free = w.now.Add(n.slow)
		return false
	}
	n.slowed++
	n.hold(ev)
	if !n.turn.queued() {
		w.scheduleKeyed(&n.turn, n.free, n.nextTie())
	}
	return true
}

// fire lets the program take the step that has waited longest.
func (t *nextTurn) fire() {
	n := (*Node)(t)
	if n.paused || len(n.held) == 0 {
		return
	}
	ev := n.held[0]
	n.held = n.held[1:]
	ev.held = false
	n.free = n.world.now.Add(n.slow)
	if len(n.held) > 0 {
		n.world.scheduleKeyed(&n.turn, n.free, n.nextTie())
	}
	ev.what.fire()
}

// takesLater reports whether a packet that has arrived at the machine is read later: the program
// is paused or slow.
func (n *Node) takesLater(e *Envelope) bool {
	if !n.alive || !n.paused && n.slow == 0 {
		return false
	}
	e.kernel = true
	e.ev.owner, e.ev.inc = n, n.inc
	if n.paused {
		n.hold(&e.ev)
		return true
	}
	return n.later(&e.ev)
}
