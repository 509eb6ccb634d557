package sim

import (
	"slices"
	"time"
)

// segment tells what an envelope is to the transport.
type segment uint8

const (
	segMessage segment = iota
	segConnect         // asks for a connection
	segAccept          // grants it
	segReset           // refuses or ends it
)

// conn is a connection that a client program opened to a server program: ordered in each
// direction, without duplicates. A lost segment is retransmitted and those behind it wait; if
// that lasts, the connection is reset. There is one at a time per pair, and it is never reused
// after it broke: segments of a dead connection find its flags set and are dropped.
type conn struct {
	net            *network
	client, server *Node
	c2s, s2c       stream
	since          Time // when it was asked for
	open           bool
	inc            uint32      // the incarnation of the server that granted it
	waiting        []*Envelope // requests, until it is open
	calls          []*Proc     // who waits for a response
	clientGone     bool
	serverGone     bool
}

// stream is one direction of a connection.
type stream struct {
	conn    *conn
	link    *link
	tieSeed uint64
	sent    uint64      // segments so far
	arrived uint64      // of them, in order
	last    Time        // arrival of the latest segment; later ones arrive later
	backlog []*Envelope // lost and to be retransmitted, in order
	since   Time        // when the oldest of them was lost
	rto     time.Duration
	timer   event
}

func (n *network) connTo(client, server *Node) *conn {
	l := n.links[client.id][server.id]
	if c := l.conn; c != nil {
		if c.open || n.world.now.Sub(c.since) < n.cfg.ResetAfter {
			return c
		}
		c.reset(ErrReset) // nobody ever granted it
	}
	c := &conn{net: n, client: client, server: server, since: n.world.now}
	c.c2s.init(c, l)
	c.s2c.init(c, n.links[server.id][client.id])
	l.conn = c
	c.c2s.control(segConnect)
	return c
}

func (s *stream) init(c *conn, l *link) {
	s.conn, s.link = c, l
	s.timer = event{pos: -1, what: s}
	l.streams++
	s.tieSeed = Hash(c.net.world.seed, streamTie, uint64(l.from.id)<<32|uint64(l.to.id), l.streams)
}

var kindControl = NewKind("transport")

type controlMessage struct{}

func (controlMessage) Kind() *Kind  { return kindControl }
func (controlMessage) Fold(*Digest) {}
func (controlMessage) Size() int    { return 0 }

func (s *stream) control(what segment) {
	e := s.conn.net.envelope()
	e.what, e.Msg = what, controlMessage{}
	s.send(e)
}

func (s *stream) send(e *Envelope) {
	s.sent++
	e.stream, e.order = s, s.sent
	if len(s.backlog) > 0 || s.link.blocked() {
		s.lose(e)
		return
	}
	s.launch(e)
}

func (s *stream) launch(e *Envelope) {
	n := s.conn.net
	switch at, _, ft := n.cross(s.link, e); {
	case ft.held:
	case ft.lost:
		s.lose(e)
	default:
		s.last = max(at, s.last+1)
		n.world.scheduleKeyed(&e.ev, s.last, finish(s.tieSeed+e.order*mixA))
	}
}

// lose keeps the segment for retransmission.
func (s *stream) lose(e *Envelope) {
	n := s.conn.net
	if len(s.backlog) == 0 {
		s.since, s.rto = n.world.now, n.cfg.RetransmitAfter
		s.retryLater()
	}
	i := len(s.backlog)
	for i > 0 && s.backlog[i-1].order > e.order {
		i--
	}
	s.backlog = slices.Insert(s.backlog, i, e)
}

func (s *stream) retryLater() {
	w := s.conn.net.world
	w.scheduleKeyed(&s.timer, w.now.Add(s.rto), s.tieSeed)
}

// fire retransmits the backlog.
func (s *stream) fire() {
	n := s.conn.net
	if s.link.blocked() {
		if n.world.now.Sub(s.since) >= n.cfg.ResetAfter {
			s.giveUp()
			return
		}
		s.rto = min(2*s.rto, n.cfg.RetransmitMax)
		s.retryLater()
		return
	}
	backlog := s.backlog
	s.backlog = nil
	for _, e := range backlog {
		s.launch(e)
	}
}

func (s *stream) giveUp() {
	c := s.conn
	s.drop()
	if s == &c.c2s {
		c.reset(ErrReset)
	} else {
		c.serverGone = true
	}
}

// drop forgets what was sent and has not arrived.
func (s *stream) drop() {
	s.arrived = s.sent
	s.conn.net.world.queue.remove(&s.timer)
	for _, e := range s.backlog {
		s.conn.net.release(e)
	}
	s.backlog = nil
}

// fire is the arrival of a packet at a machine.
func (e *Envelope) fire() {
	s := e.stream
	if s == nil {
		e.arrive()
		return
	}
	if !e.kernel {
		switch {
		case e.order <= s.arrived: // of a backlog that was given up
			s.conn.net.release(e)
			return
		case s.link.blocked() || e.order != s.arrived+1:
			s.lose(e)
			return
		}
		s.arrived++
		// The machine takes the segment; a program that is paused or slow reads it later.
		if e.what != segConnect && s.link.to.takesLater(e) {
			return
		}
	}
	if c := s.conn; s == &c.c2s {
		c.atServer(e)
	} else {
		c.atClient(e)
	}
}

func (c *conn) atServer(e *Envelope) {
	switch {
	case c.serverGone || !c.server.alive || e.what == segMessage && c.inc != c.server.inc:
		c.net.release(e)
		if !c.clientGone {
			c.serverGone = true
			c.s2c.control(segReset)
		}
	case e.what == segConnect:
		c.net.release(e)
		c.inc = c.server.inc
		c.s2c.control(segAccept)
	default:
		c.server.receive(e)
	}
}

func (c *conn) atClient(e *Envelope) {
	if c.clientGone {
		c.net.release(e)
		return
	}
	switch e.what {
	case segAccept:
		c.open = true
		c.net.release(e)
		for _, req := range c.waiting {
			c.c2s.send(req)
		}
		c.waiting = nil
	case segReset:
		c.net.release(e)
		if c.open {
			c.reset(ErrReset)
		} else {
			c.reset(ErrRefused)
		}
	default:
		c.client.answered(e)
	}
}

// serverClosed ends the connection from the server's side: its program died.
func (c *conn) serverClosed() {
	if c.serverGone || c.clientGone || !c.open {
		return
	}
	c.serverGone = true
	c.s2c.control(segReset)
}

// reset ends the connection from the client's side: every call on it fails with err.
func (c *conn) reset(err error) {
	if c.clientGone {
		return
	}
	c.clientGone = true
	c.c2s.link.conn = nil
	c.c2s.drop()
	for _, req := range c.waiting {
		c.net.release(req)
	}
	c.waiting = nil
	calls := c.calls
	c.calls = nil
	for _, p := range calls {
		p.reply.err = err
		p.reply.conn = nil
		p.wake()
	}
}
