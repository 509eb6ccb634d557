package sim

import (
	"fmt"
	"slices"
	"time"
)

// NodeID numbers the nodes of a world from zero, in the order they were added.
type NodeID int32

// Node is a machine with one program. Between Boot and Kill the program runs; its memory is
// whatever its processes, timers and closures hold, and is gone afterwards.
type Node struct {
	retired bool // it was taken away for good
	world   *World
	id      NodeID
	name    string
	program func(*Node)
	disk    *Disk

	alive  bool
	paused bool
	dying  bool // its processes are being unwound
	inc    uint32
	procs  procList
	held   []*event // what came due while paused, in order

	off          bool  // without power
	doomed       *doom // the program ends once the process that runs has given up control
	restartAfter time.Duration

	clock clock
	slowness
	troubles int // faults that slow it, or are of its disk or clock

	server  func(*Proc, NodeID, Message) Message
	handler func(NodeID, Message)
	draws   map[uint64]uint64
	ties    uint64
	tieSeed uint64
}

// doom says how a program ends.
type doom struct {
	reason  string
	crash   bool // its own doing, and the supervisor's business
	noPower bool // the machine with it
}

// AddNode adds a machine, switched off. The program is called at every boot, at a single
// instant; it starts processes and timers and announces its service.
func (w *World) AddNode(name string, program func(*Node)) *Node {
	n := &Node{
		world: w, id: NodeID(len(w.nodes)), name: name, program: program,
		draws: map[uint64]uint64{},
	}
	n.tieSeed = n.tieSeedOf()
	n.turn = event{pos: -1, what: (*nextTurn)(n)}
	n.disk = newDisk(n, w.disk)
	w.nodes = append(w.nodes, n)
	w.net.grow(len(w.nodes))
	return n
}

func (n *Node) tieSeedOf() uint64 { return Hash(n.world.seed, streamTie, uint64(n.id), 1) }

// Node returns the node of that number.
func (w *World) Node(id NodeID) *Node { return w.nodes[id] }

// Nodes returns all nodes in the order they were added.
func (w *World) Nodes() []*Node { return w.nodes }

// ID returns the number of the node.
func (n *Node) ID() NodeID { return n.id }

// Name returns the name of the node.
func (n *Node) Name() string { return n.name }

// World returns the world of the node.
func (n *Node) World() *World { return n.world }

// Disk returns the disk of the node. It outlives the program.
func (n *Node) Disk() *Disk { return n.disk }

// Alive reports whether the program runs (paused counts as running).
func (n *Node) Alive() bool { return n.alive }

// Paused reports whether the program is stopped in its tracks.
func (n *Node) Paused() bool { return n.paused }

// Incarnation counts the ends of the program so far.
func (n *Node) Incarnation() int { return int(n.inc) }

// RestartAfter sets the delay after which a supervisor restarts a program that crashed of
// itself (Proc.Crash). Zero means never.
func (n *Node) RestartAfter(d time.Duration) { n.restartAfter = d }

// Boot starts the program. It does nothing if the program runs already.
func (n *Node) Boot() {
	if n.alive || n.retired {
		return
	}
	n.world.mustNotObserve("Boot")
	n.alive, n.off = true, false
	NodeUp.Publish(n.world, NodeEvent{Node: n})
	n.program(n)
}

// Retire takes the machine away for good: its program ends, and it is never booted again. It
// reports whether the machine was there.
func (n *Node) Retire() bool {
	was := !n.retired
	n.retired = true // before whoever watches hears of it
	n.PowerOff()
	return was
}

// Retired reports whether the machine was taken away.
func (n *Node) Retired() bool { return n.retired }

// Kill ends the program between two steps of it, as kill -9 does: processes are unwound at
// their blocking points, memory is gone, peers see their connections reset. What was written
// to the disk stays there, synced or not. It reports whether there was a program to kill.
func (n *Node) Kill() bool { return n.end(doom{reason: "killed"}) }

// PowerOff ends the program and the machine with it, until the next Boot: peers hear nothing, and
// what the disk had not synced is lost, except perhaps for some of the oldest such writes and a
// torn piece of the next. It reports whether there was a program to kill.
func (n *Node) PowerOff() bool {
	if !n.alive {
		n.off = true
		n.disk.losePower()
		return false
	}
	return n.end(doom{reason: "power lost", noPower: true})
}

// Pause stops the program in its tracks, as SIGSTOP does: what comes due waits for Resume,
// connections stay open, peers hear nothing. It reports whether there was anything to pause.
func (n *Node) Pause() bool {
	if !n.alive || n.paused {
		return false
	}
	n.paused = true
	NodePaused.Publish(n.world, NodeEvent{Node: n})
	return true
}

// Resume lets a paused program go on; what came due meanwhile happens now, in its order.
func (n *Node) Resume() {
	if !n.paused {
		return
	}
	n.paused = false
	NodeResumed.Publish(n.world, NodeEvent{Node: n})
	n.release()
}

// release lets what was held happen now, in its order.
func (n *Node) release() {
	for _, ev := range n.unhold() {
		n.world.seq++
		ev.at, ev.tie, ev.seq = n.world.now, 0, n.world.seq
		n.world.queue.push(ev)
	}
}

// Held counts the events that wait for the node to be resumed.
func (n *Node) Held() int { return len(n.held) }

func (n *Node) hold(ev *event) {
	ev.held = true
	n.held = append(n.held, ev)
}

// unhold gives back what was held.
func (n *Node) unhold() []*event {
	held := n.held
	n.held = nil
	for _, ev := range held {
		ev.held = false
	}
	return held
}

// end ends the program now, or, if a process of it is running, when that has given up control.
func (n *Node) end(d doom) bool {
	w := n.world
	if !n.alive {
		return false
	}
	w.mustNotObserve("ending a program")
	n.doomed = &d
	if w.running == nil || w.running.node != n {
		n.die()
	}
	return true
}

// die carries out the doom.
func (n *Node) die() {
	w, d := n.world, n.doomed
	n.stop()
	n.off = d.noPower
	w.net.nodeDied(n)
	if d.noPower {
		n.disk.losePower()
	}
	NodeDown.Publish(w, NodeEvent{Node: n, Reason: d.reason})
	if inc := n.inc; d.crash && n.restartAfter > 0 {
		w.At(w.now.Add(n.restartAfter), uint64(n.id)<<32|uint64(inc), func() {
			if n.inc == inc {
				n.Boot()
			}
		})
	}
}

// stop unwinds every process of the node. Their deferred functions run; an effect on the world
// from one of them is an error.
func (n *Node) stop() {
	n.dying = true
	for n.procs.first != nil {
		p := n.procs.first
		n.world.queue.remove(&p.ev)
		if p.list != nil {
			p.list.remove(p)
		}
		if p.parked {
			p.unwind = true
			p.resume()
		} else {
			p.retire()
		}
	}
	n.dying, n.alive, n.paused, n.doomed = false, false, false, nil
	n.unhold()
	n.world.queue.remove(&n.turn)
	n.server, n.handler = nil, nil
	n.inc++
}

// disturb counts a fault that was there before or not, and is there now or not.
func (n *Node) disturb(before, now bool) {
	switch {
	case now && !before:
		if n.troubles++; n.troubles == 1 {
			NodeDisturbed.Publish(n.world, NodeEvent{Node: n})
		}
	case before && !now:
		if n.troubles--; n.troubles == 0 {
			NodeRestored.Publish(n.world, NodeEvent{Node: n})
		}
	}
}

func (n *Node) mustLive(what string) {
	if n.dying || n.doomed != nil {
		panic(fmt.Sprintf("sim: %s on %s while it dies", what, n.name))
	}
	if !n.alive {
		panic(fmt.Sprintf("sim: %s on %s, which is down", what, n.name))
	}
}

// Timer runs a function at a single instant on its node. It is made once and set many times.
type Timer struct {
	ev event
	fn func()
}

// NewTimer returns a timer that is not set.
func (n *Node) NewTimer(fn func()) *Timer {
	t := &Timer{fn: fn}
	t.ev = event{pos: -1, owner: n, what: t}
	return t
}

func (t *Timer) fire() { t.fn() }

// Reset sets the timer to fire once, d from now, whatever it was set to before.
func (t *Timer) Reset(d time.Duration) {
	n := t.ev.owner
	n.mustLive("setting a timer")
	t.Stop()
	n.world.schedule(&t.ev, n.clock.when(n.Now().Add(d)))
}

// Stop unsets the timer.
func (t *Timer) Stop() {
	n := t.ev.owner
	n.world.queue.remove(&t.ev)
	if t.ev.held {
		t.ev.held = false
		n.held = slices.DeleteFunc(n.held, func(ev *event) bool { return ev == &t.ev })
	}
}

// Set reports whether the timer is going to fire.
func (t *Timer) Set() bool { return t.ev.queued() || t.ev.held }
