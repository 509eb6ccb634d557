package sim

// Send hands a message to the network as a datagram: it arrives after the latency of the link,
// perhaps after messages that were sent later, and nobody says so if it is lost.
func (n *Node) Send(to NodeID, m Message) {
	n.mustLive("a send")
	w := n.world
	e := w.net.envelope()
	e.From, e.To, e.Msg = n.id, to, m
	w.sent(e)
	w.net.launch(e)
}

// Handle announces the function that takes datagrams to this node, from now until the program
// ends. It runs at a single instant.
func (n *Node) Handle(fn func(from NodeID, m Message)) { n.handler = fn }

// launch puts a datagram on its link.
func (n *network) launch(e *Envelope) {
	l := n.links[e.From][e.To]
	if l.blocked() {
		n.release(e)
		return
	}
	switch at, word, ft := n.cross(l, e); {
	case ft.held:
	case ft.lost:
		n.release(e)
	default:
		n.world.scheduleKeyed(&e.ev, at, word)
	}
}

// cross draws when a packet comes to the other end of a link and what befalls it on the way. A
// second copy of it, if there is one, is sent off.
func (n *network) cross(l *link, e *Envelope) (at Time, word uint64, ft fate) {
	word = n.word(l, e.Msg.Kind(), &e.cause)
	at = n.world.now.Add(n.cfg.Latency.Draw(word))
	if len(l.faults) == 0 {
		return at, word, ft
	}
	ft = l.meet(e, word)
	at = at.Add(ft.late)
	if ft.again > 0 && !ft.held && !ft.lost {
		n.world.scheduleKeyed(&n.copyOf(e).ev, at.Add(ft.again), finish(word+1))
	}
	return at, word, ft
}

// copyOf returns a second envelope with the same message. Nobody waits for an answer to it.
func (n *network) copyOf(e *Envelope) *Envelope {
	c := n.envelope()
	c.From, c.To, c.Msg, c.cause, c.sum = e.From, e.To, e.Msg, e.cause, e.sum
	c.again = e.request()
	return c
}

// arrive is the arrival of a datagram, or of a request that is delivered again.
func (e *Envelope) arrive() {
	n := e.net
	to := n.world.nodes[e.To]
	if !e.kernel && (n.links[e.From][e.To].blocked() || to.takesLater(e)) {
		if !e.kernel {
			n.release(e)
		}
		return
	}
	switch {
	case !to.alive:
	case e.again:
		if to.server != nil {
			to.receive(e)
			return
		}
	case to.handler != nil:
		n.world.delivered(e)
		to.handler(e.From, e.Msg)
	}
	n.release(e)
}
