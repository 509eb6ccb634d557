package sim

import "fmt"

// Message is what nodes send to each other. A message is immutable once it was sent.
type Message interface {
	// Kind tells which message it is; a constant of the type.
	Kind() *Kind
	// Fold folds the contents into a digest.
	Fold(d *Digest)
	// Size returns the length on the wire in bytes, without the header.
	Size() int
}

// Kind names one type of message. Kinds are declared in package variables.
type Kind struct {
	name  string
	label string // of a process that waits for the answer
	hash  uint64
	id    int
}

// kindCount numbers the kinds; package variables are initialized one after another.
var kindCount int

// NewKind returns a kind of that name.
func NewKind(name string) *Kind {
	var d Digest
	d.String(name)
	kindCount++
	return &Kind{name: name, label: "answer to " + name, hash: d.Sum(), id: kindCount - 1}
}

// String returns the name of the kind.
func (k *Kind) String() string { return k.name }

// headerSize is what connection, call number and deadline take on the wire, in bytes.
const headerSize = 32

// Envelope is one message on its way. Observers must not keep it: it is used again.
type Envelope struct {
	From, To NodeID
	Response bool // to an earlier request, whose sender To is
	Msg      Message

	net    *network
	ev     event
	what   segment
	stream *stream // nil: a datagram, or a request that is delivered again
	order  uint64  // in the stream, by the time it was first sent
	caller *Proc   // who waits for the response
	callID uint64
	cause  Cause
	kernel bool   // received by the machine, not yet read by its program
	again  bool   // a request that is delivered again
	sum    uint64 // of the contents when sent, when messages are checked
}

// request reports whether somebody waits for an answer to the message.
func (e *Envelope) request() bool { return e.caller != nil && !e.Response }

// CallID returns the number of the call that a request and its response belong to.
func (e *Envelope) CallID() uint64 { return e.callID }

// Again reports whether the message is a request that is delivered again (LinkFault.Redeliver).
func (e *Envelope) Again() bool { return e.again }

// Call is a call whose request or response was seen.
type Call struct {
	caller *Proc
	id     uint64
}

// Call returns the call that a request and its response belong to.
func (e *Envelope) Call() Call { return Call{e.caller, e.callID} }

// Open reports whether the caller still waits for the response.
func (c Call) Open() bool { return c.caller != nil && c.caller.reply.id == c.id }

// Awaited reports whether the message is a response for which its caller still waits.
func (e *Envelope) Awaited() bool {
	return e.Response && e.caller.reply.conn == e.stream.conn && e.caller.reply.id == e.callID
}

// Size returns the length on the wire in bytes.
func (e *Envelope) Size() int { return headerSize + e.Msg.Size() }

// Fold folds who, whom and what into a digest.
func (e *Envelope) Fold(d *Digest) {
	d.Uint64(uint64(e.From)<<33 ^ uint64(e.To)<<1 ^ b2u(e.Response) ^ e.Msg.Kind().hash)
	e.Msg.Fold(d)
}

// contents digests the message alone.
func (e *Envelope) contents() uint64 {
	var d Digest
	e.Msg.Fold(&d)
	return d.Sum()
}

// check makes a finding if the message is not what it was when it was sent.
func (e *Envelope) check() {
	if e.contents() == e.sum {
		return
	}
	w := e.net.world
	w.found(&Finding{Class: "message-changed", At: w.now, Node: w.nodes[e.From].name,
		Detail: fmt.Sprintf("%v to %s was changed after it was sent", e.Msg.Kind(),
			w.nodes[e.To].name)})
}

func (e *Envelope) String() string {
	nodes := e.net.world.nodes
	text := nodes[e.From].name + " to " + nodes[e.To].name + ": " + e.Msg.Kind().name
	if s, ok := e.Msg.(fmt.Stringer); ok {
		text += " " + s.String()
	}
	return text
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// Cause is what a message is sent for: its latency hangs on that, so that taking one client
// operation out of a run leaves the messages of all others as they were. The answer to a
// message, and all that is called for on the way, have the same cause.
type Cause struct{ key, count uint64 }

// SetCause makes everything that the process sends from now on hang on the given key, such as
// the number of a client operation. Without a cause, draws hang on link and kind.
func (p *Proc) SetCause(key uint64) { p.cause = Cause{key: finish(key + 1)} }

// ForkCause returns a cause for another process that acts for the same as this one. Each call
// returns another, so that their draws differ.
func (p *Proc) ForkCause() Cause {
	if p.cause.key == 0 {
		return Cause{}
	}
	p.cause.count++
	return Cause{key: finish(p.cause.key + p.cause.count*mixB)}
}

// InheritCause makes the process act for what another forked for it.
func (p *Proc) InheritCause(c Cause) { p.cause = c }
