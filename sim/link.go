package sim

import "time"

// The fault model of the network. A link is one direction between two nodes. A packet is a plain
// send or a segment of a connection. What befalls a packet is drawn for it alone when it is sent:
// it may be lost, arrive damaged (the receiver's checksum notices, and it counts as lost), arrive
// twice, or take longer than those sent after it. A link may let nothing pass (cut), hold what is
// sent until the fault ends (clog), or pass so many bytes a second only, the rest waiting in line.
//
// A plain send meets all of this. A connection numbers its segments: what is lost is sent again,
// what comes too early waits, what comes twice is dropped; so its programs see delays, and a reset
// if nothing passes for too long. The one way in which a program gets a request twice, other than
// by asking twice, is the fault Redeliver, which stands for a proxy or a library that repeats it.

// LinkFault says what is wrong with some links. Of a zero field nothing is.
type LinkFault struct {
	// Cut lets nothing pass. What is on its way is lost too.
	Cut bool
	// Clog holds what is sent until the fault ends; then it goes on in its order.
	Clog bool
	// Of a million packets, how many are lost, damaged, sent twice or made late by up to Late.
	Lose, Damage, Duplicate, Reorder int
	// Of a million requests, how many the server gets a second time, up to Late after the first.
	Redeliver int
	// Late bounds what Reorder and Redeliver add; 0 means a second.
	Late time.Duration
	// Slow is added to the latency.
	Slow Latency
	// Bandwidth is how many bytes pass in a second; 0: all.
	Bandwidth int
}

// Effects counts what a fault of the network has done.
type Effects struct {
	Blocked     int // packets and retransmissions that met a cut
	Held        int // packets that waited in a clog
	Lost        int
	Damaged     int
	Duplicated  int
	Reordered   int
	Redelivered int
	Delayed     int // packets slowed
}

// Total adds all of them up.
func (e Effects) Total() int {
	return e.Blocked + e.Held + e.Lost + e.Damaged + e.Duplicated + e.Reordered + e.Redelivered +
		e.Delayed
}

// Direction is one way between two nodes.
type Direction struct{ From, To NodeID }

// Disturbance is a fault of some links, from Disturb until End. Several may be on one link; a
// packet meets them in their order.
type Disturbance struct {
	Effects Effects

	net   *network
	fault LinkFault
	links []*link
	began Time
	held  []*Envelope // in the clog
}

// link is one direction between two nodes.
type link struct {
	from, to *Node
	faults   []*Disturbance
	cuts     int // how many of them cut it
	kinds    []linkKind
	streams  uint64 // connections opened so far
	conn     *conn  // the one that from opened to to, if any
	free     Time   // when the line is, under a bandwidth
}

// linkKind is what the draws for one kind of message on a link hang on.
type linkKind struct {
	hash  hash   // of link and kind; 0: not hashed yet
	count uint64 // packets so far that have no cause
}

func (l *link) grow(kinds int) {
	l.kinds = append(l.kinds, make([]linkKind, kinds-len(l.kinds))...)
}

// Disturb makes links faulty from now on.
func (w *World) Disturb(f LinkFault, ways ...Direction) *Disturbance {
	if f.Late == 0 {
		f.Late = time.Second
	}
	d := &Disturbance{net: &w.net, fault: f, began: w.now}
	for _, way := range ways {
		l := w.net.links[way.From][way.To]
		l.faults = append(l.faults, d)
		d.links = append(d.links, l)
		if f.Cut {
			l.cuts++
		}
		if len(l.faults) == 1 {
			LinkDisturbed.Publish(w, LinkEvent{l.from, l.to, f})
		}
	}
	return d
}

// Cut blocks links from now on.
func (w *World) Cut(ways ...Direction) *Disturbance {
	return w.Disturb(LinkFault{Cut: true}, ways...)
}

// End takes the fault away; what it held goes on.
func (d *Disturbance) End() {
	w := d.net.world
	for _, l := range d.links {
		for i, other := range l.faults {
			if other == d {
				l.faults = append(l.faults[:i:i], l.faults[i+1:]...)
				break
			}
		}
		if d.fault.Cut {
			l.cuts--
		}
		if len(l.faults) == 0 {
			LinkRestored.Publish(w, LinkEvent{l.from, l.to, d.fault})
		}
	}
	held := d.held
	d.links, d.held = nil, nil
	for _, e := range held {
		d.release(e)
	}
}

// release sends a packet on that was held. A connection that was held for too long is given up, as
// it would have been while it waited.
func (d *Disturbance) release(e *Envelope) {
	n := d.net
	switch s := e.stream; {
	case s == nil:
		n.launch(e)
	case e.order <= s.arrived: // its connection was given up
		n.release(e)
	case n.world.now.Sub(d.began) >= n.cfg.ResetAfter:
		n.release(e)
		s.giveUp()
	default:
		s.launch(e)
	}
}

// Blocked reports whether a link lets nothing pass now.
func (w *World) Blocked(d Direction) bool { return w.net.links[d.From][d.To].cuts > 0 }

// Disturbed reports whether anything is wrong with a link now.
func (w *World) Disturbed(d Direction) bool { return len(w.net.links[d.From][d.To].faults) > 0 }

// blocked reports whether a packet is lost now: to a cut, which counts it, or to a machine
// without power.
func (l *link) blocked() bool {
	if l.cuts > 0 {
		for _, d := range l.faults {
			if d.fault.Cut {
				d.Effects.Blocked++
			}
		}
		return true
	}
	return l.to.off
}

// fate is what befalls one packet.
type fate struct {
	lost, held bool
	late       time.Duration
	again      time.Duration // when positive: sent twice, the second this much later
}

var streamLink = NewStream("sim/link")

// meet draws what the faults of a link do to a packet, from the random word of the packet.
func (l *link) meet(e *Envelope, word uint64) fate {
	var ft fate
	for _, d := range l.faults {
		word = finish(word ^ uint64(streamLink))
		r := Rand{state: word}
		d.meet(l, e, &r, &ft)
		if ft.lost || ft.held {
			break
		}
	}
	return ft
}

func (d *Disturbance) meet(l *link, e *Envelope, r *Rand, ft *fate) {
	f, got := &d.fault, &d.Effects
	plain := e.stream == nil
	switch {
	case f.Clog:
		got.Held++
		d.held = append(d.held, e)
		ft.held = true
		return
	case r.Chance(f.Lose):
		got.Lost++
		ft.lost = true
		return
	case r.Chance(f.Damage):
		got.Damaged++
		ft.lost = true
		return
	}
	if plain && r.Chance(f.Duplicate) || e.request() && r.Chance(f.Redeliver) {
		ft.again = 1 + r.Duration(0, f.Late)
		if plain {
			got.Duplicated++
		} else {
			got.Redelivered++
		}
	}
	if r.Chance(f.Reorder) {
		got.Reordered++
		ft.late += r.Duration(0, f.Late)
	}
	if f.Slow != (Latency{}) {
		got.Delayed++
		ft.late += f.Slow.Draw(r.Uint64())
	}
	if f.Bandwidth > 0 {
		ft.late += l.queue(d, e.Size())
	}
}

// queue makes a packet wait until the line is free, and keeps it busy.
func (l *link) queue(d *Disturbance, size int) time.Duration {
	now := l.from.world.now
	begin := max(now, l.free)
	l.free = begin.Add(time.Duration(size) * time.Second / time.Duration(d.fault.Bandwidth))
	d.Effects.Delayed++
	return l.free.Sub(now)
}
