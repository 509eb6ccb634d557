package sim

import "time"

// NetConfig describes the network. The zero value of every field means the default.
type NetConfig struct {
	// Latency of every link.
	Latency Latency
	// RetransmitAfter is the first wait of a connection whose segment was lost; it doubles up
	// to RetransmitMax. Defaults 200 ms and 5 s.
	RetransmitAfter, RetransmitMax time.Duration
	// ResetAfter is how long a connection retransmits before it gives up. Default 20 s.
	ResetAfter time.Duration
}

func (c NetConfig) orDefault() NetConfig {
	if c.Latency == (Latency{}) {
		c.Latency = Latency{Min: 50 * time.Microsecond, Max: time.Millisecond,
			TailPPM: 5000, TailMax: 20 * time.Millisecond}
	}
	if c.RetransmitAfter == 0 {
		c.RetransmitAfter = 200 * time.Millisecond
	}
	if c.RetransmitMax == 0 {
		c.RetransmitMax = 5 * time.Second
	}
	if c.ResetAfter == 0 {
		c.ResetAfter = 20 * time.Second
	}
	return c
}

// Latency is a distribution of delays: even over [Min, Max], and in TailPPM of a million cases
// even over [Max, TailMax].
type Latency struct {
	Min, Max time.Duration
	TailPPM  int
	TailMax  time.Duration
}

// Draw maps a random word to a delay.
func (l Latency) Draw(word uint64) time.Duration {
	if l.TailPPM > 0 && Below(finish(word), 1_000_000) < uint64(l.TailPPM) {
		return Between(word, l.Max, l.TailMax)
	}
	return Between(word, l.Min, l.Max)
}

var streamLatency = NewStream("sim/latency")

// network is all links of a world.
type network struct {
	world  *World
	cfg    NetConfig
	links  [][]*link // by sender and receiver
	free   []*Envelope
	callID uint64
}

// link is one direction between two nodes.
type link struct {
	from, to *Node
	cuts     []*Cut
	counts   map[*Kind]uint64
	streams  uint64 // opened so far
	conn     *conn  // the connection that from opened to to, if any
}

func (n *network) init(w *World, cfg NetConfig) { n.world, n.cfg = w, cfg }

func (n *network) grow(size int) {
	for len(n.links) < size {
		n.links = append(n.links, nil)
	}
	for i := range n.links {
		for len(n.links[i]) < size {
			l := &link{from: n.world.nodes[i], to: n.world.nodes[len(n.links[i])]}
			l.counts = map[*Kind]uint64{}
			n.links[i] = append(n.links[i], l)
		}
	}
}

func (n *network) delay(l *link, k *Kind, c *Cause) time.Duration {
	var word uint64
	from, to := uint64(l.from.id), uint64(l.to.id)
	if c.key != 0 {
		c.count++
		word = Hash(n.world.seed, streamLatency, from<<32|to, k.hash, c.key, c.count)
	} else {
		l.counts[k]++
		word = Hash(n.world.seed, streamLatency, from<<32|to, k.hash, l.counts[k])
	}
	return n.cfg.Latency.Draw(word)
}

func (n *network) envelope() *Envelope {
	if last := len(n.free) - 1; last >= 0 {
		e := n.free[last]
		n.free = n.free[:last]
		return e
	}
	e := &Envelope{net: n}
	e.ev = event{pos: -1, what: e}
	return e
}

func (n *network) release(e *Envelope) {
	*e = Envelope{net: n}
	e.ev = event{pos: -1, what: e}
	n.free = append(n.free, e)
}

// nodeDied closes the connections of a program that ended. What it has sent still arrives, and
// from a server a reset after it; unless the machine is without power: then peers hear nothing.
func (n *network) nodeDied(dead *Node) {
	for i := range n.links {
		if c := n.links[dead.id][i].conn; c != nil {
			n.links[dead.id][i].conn = nil
			c.clientGone = true
			c.calls = nil
			if dead.off {
				c.c2s.drop()
			}
		}
		if c := n.links[i][dead.id].conn; c != nil && dead.off {
			c.serverGone = true
			c.s2c.drop()
		} else if c != nil {
			c.serverClosed()
		}
	}
}

// Direction is one way between two nodes.
type Direction struct{ From, To NodeID }

// Cut blocks some directions of the network until it is healed. Cuts may overlap.
type Cut struct {
	net   *network
	links []*link
	// Blocked counts how often the cut kept something from passing: segments and retransmissions.
	Blocked int
}

// Cut blocks the given directions from now on. What is on its way is lost too; connections
// retransmit it.
func (w *World) Cut(directions ...Direction) *Cut {
	c := &Cut{net: &w.net}
	for _, d := range directions {
		l := w.net.links[d.From][d.To]
		l.cuts = append(l.cuts, c)
		c.links = append(c.links, l)
		if len(l.cuts) == 1 {
			LinkCut.Publish(w, LinkEvent{l.from, l.to})
		}
	}
	return c
}

// Heal lets the directions pass again, as far as no other cut blocks them.
func (c *Cut) Heal() {
	for _, l := range c.links {
		for i, other := range l.cuts {
			if other == c {
				l.cuts = append(l.cuts[:i:i], l.cuts[i+1:]...)
				break
			}
		}
		if len(l.cuts) == 0 {
			LinkHealed.Publish(c.net.world, LinkEvent{l.from, l.to})
		}
	}
	c.links = nil
}

// Blocked reports whether some cut blocks the direction now.
func (w *World) Blocked(d Direction) bool { return len(w.net.links[d.From][d.To].cuts) > 0 }

// blocked reports whether a segment is lost now: to a cut, which counts it, or to a machine
// without power.
func (l *link) blocked() bool {
	for _, c := range l.cuts {
		c.Blocked++
	}
	return len(l.cuts) > 0 || l.to.off
}
