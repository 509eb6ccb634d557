package sim

import "errors"

// Errors of a call. A call that failed may have been executed.
var (
	// ErrTimedOut tells that no answer came before the deadline.
	ErrTimedOut = errors.New("timed out")
	// ErrRefused tells that no program listens at the other end.
	ErrRefused = errors.New("connection refused")
	// ErrReset tells that the connection broke: the other program ended, or nothing came
	// through for too long.
	ErrReset = errors.New("connection reset")
)

// reply is what a process that made a call knows of its answer.
type reply struct {
	id   uint64
	conn *conn // while it waits
	msg  Message
	err  error
}

// Serve announces the function that answers requests to this node, from now until the program
// ends. Every request runs in a process of its own and must be answered.
func (n *Node) Serve(fn func(p *Proc, from NodeID, req Message) Message) { n.server = fn }

// Call sends a request to another node, over the connection between the two, and blocks until
// the answer or the deadline. It returns ErrTimedOut, ErrRefused or ErrReset when no answer
// came; the request may have been executed all the same.
func (p *Proc) Call(to NodeID, req Message, deadline Time) (Message, error) {
	n, w := p.node, p.node.world
	n.mustLive("a call")
	if deadline <= n.Now() {
		return nil, ErrTimedOut
	}
	c := w.net.connTo(n, w.nodes[to])
	w.net.callID++
	p.reply = reply{id: w.net.callID, conn: c}
	c.calls = append(c.calls, p)

	e := w.net.envelope()
	e.From, e.To, e.Msg, e.caller, e.callID = n.id, to, req, p, p.reply.id
	e.cause = p.ForkCause()
	w.sent(e)
	if c.open {
		c.c2s.send(e)
	} else {
		c.waiting = append(c.waiting, e)
	}

	p.block(req.Kind().label, deadline)
	r := p.reply
	p.reply = reply{}
	switch {
	case r.err != nil:
		return nil, r.err
	case r.msg != nil:
		return r.msg, nil
	}
	r.conn.forget(p, r.id)
	return nil, ErrTimedOut
}

func (w *World) sent(e *Envelope) {
	w.stats.Messages++
	w.stats.Bytes += uint64(e.Size())
	if w.checking {
		e.sum = e.contents()
	}
	w.publish(Sent, e)
}

// publish is Publish for the topics of messages, without the detour of a generic function when
// nobody listens.
func (w *World) publish(t *Topic[*Envelope], e *Envelope) {
	if w.trace != nil || t.id < len(w.topics) && w.topics[t.id] != nil {
		t.Publish(w, e)
		return
	}
	w.digest.Uint64(t.hash)
	e.Fold(&w.digest)
}

// delivered tells that a program takes a message, which must be what was sent.
func (w *World) delivered(e *Envelope) {
	if w.checking {
		e.check()
	}
	w.publish(Delivered, e)
}

// forget takes a call that timed out off the connection.
func (c *conn) forget(p *Proc, id uint64) {
	for i, other := range c.calls {
		if other == p {
			c.calls = append(c.calls[:i], c.calls[i+1:]...)
			break
		}
	}
	for i, req := range c.waiting {
		if req.callID == id {
			c.net.release(req)
			c.waiting = append(c.waiting[:i], c.waiting[i+1:]...)
			break
		}
	}
}

// receive starts a process for a request.
func (n *Node) receive(e *Envelope) {
	n.world.delivered(e)
	if n.server == nil {
		e.stream.conn.serverClosed()
		n.world.net.release(e)
		return
	}
	p := n.newProc(e.Msg.Kind().name)
	p.call = e
	p.cause = e.cause
	p.resume()
}

// serve is the body of a process that answers a request.
func (p *Proc) serve() {
	e, n := p.call, p.node
	resp := n.server(p, e.From, e.Msg)
	if resp == nil {
		panic("sim: no answer to " + e.Msg.Kind().name)
	}
	if n.world.checking {
		e.check()
	}
	if e.again { // nobody waits for an answer
		n.world.net.release(e)
		return
	}
	c := e.stream.conn
	e.From, e.To, e.Response, e.Msg, e.kernel = e.To, e.From, true, resp, false
	e.ev.owner = nil
	n.world.sent(e)
	if c.clientGone || c.serverGone {
		n.world.net.release(e)
		return
	}
	c.s2c.send(e)
}

// answered hands a response to the process that waits for it, if it still does.
func (n *Node) answered(e *Envelope) {
	n.world.delivered(e)
	p, c := e.caller, e.stream.conn
	if e.Awaited() {
		p.reply.msg, p.reply.conn = e.Msg, nil
		for i, other := range c.calls {
			if other == p {
				c.calls = append(c.calls[:i], c.calls[i+1:]...)
				break
			}
		}
		p.wake()
	}
	n.world.net.release(e)
}
