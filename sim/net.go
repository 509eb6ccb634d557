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

func (n *network) init(w *World, cfg NetConfig) { n.world, n.cfg = w, cfg }

func (n *network) grow(size int) {
	for len(n.links) < size {
		n.links = append(n.links, nil)
	}
	for i := range n.links {
		for len(n.links[i]) < size {
			l := &link{from: n.world.nodes[i], to: n.world.nodes[len(n.links[i])]}
			n.links[i] = append(n.links[i], l)
		}
	}
}

// word returns the random word of a packet. It hangs on what the packet is sent for, or else on
// its link and kind and how many of these there were.
func (n *network) word(l *link, k *Kind, c *Cause) uint64 {
	if k.id >= len(l.kinds) {
		l.grow(k.id + 1)
	}
	of := &l.kinds[k.id]
	if of.hash == 0 {
		of.hash = hashOf(n.world.seed, streamLatency, uint64(l.from.id)<<32|uint64(l.to.id), k.hash)
	}
	if c.key != 0 {
		c.count++
		return of.hash.with(c.key).with(c.count).word()
	}
	of.count++
	return of.hash.with(of.count).word()
}

// reseed forgets what was hashed with another seed.
func (n *network) reseed() {
	for _, row := range n.links {
		for _, l := range row {
			for i := range l.kinds {
				l.kinds[i].hash = 0
			}
		}
	}
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

// release takes an envelope back that is not queued. It clears what a use may leave out, field by
// field: the whole is large, and most of it is set anew.
func (n *network) release(e *Envelope) {
	e.From, e.To, e.Response, e.Msg = 0, 0, false, nil
	e.what, e.stream, e.caller, e.cause = segMessage, nil, nil, Cause{}
	e.kernel, e.again = false, false
	e.ev.owner = nil
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
