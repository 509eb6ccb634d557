package sim

import "fmt"

// Event is something that happened, published on a topic.
type Event interface {
	// Fold folds the contents into the digest of the run.
	Fold(d *Digest)
}

// Topic carries events of one type to those who subscribed in a world. Topics are declared in
// package variables.
type Topic[T Event] struct {
	id   int
	name string
	hash uint64
}

// topicCount numbers the topics; package variables are initialized one after another.
var topicCount int

// NewTopic returns a topic of that name. It is for package variables only.
func NewTopic[T Event](name string) *Topic[T] {
	var d Digest
	d.String(name)
	topicCount++
	return &Topic[T]{id: topicCount - 1, name: name, hash: d.Sum()}
}

// Subscribe calls fn at every later event of the topic in the world, at the instant it happens
// and in the order of subscription. fn reads; it must not schedule, draw or write.
func (t *Topic[T]) Subscribe(w *World, fn func(T)) {
	for len(w.topics) <= t.id {
		w.topics = append(w.topics, nil)
	}
	if w.topics[t.id] == nil {
		w.topics[t.id] = &[]func(T){}
	}
	subs := w.topics[t.id].(*[]func(T))
	*subs = append(*subs, fn)
}

// Publish announces an event: it goes into the digest and to every subscriber.
func (t *Topic[T]) Publish(w *World, ev T) {
	w.digest.Uint64(t.hash)
	ev.Fold(&w.digest)
	if w.trace != nil {
		w.record(t.name, fmt.Sprint(ev))
	}
	if t.id >= len(w.topics) || w.topics[t.id] == nil {
		return
	}
	w.observing++
	for _, fn := range *w.topics[t.id].(*[]func(T)) {
		fn(ev)
	}
	w.observing--
}

// The topics of the world itself.
var (
	// NodeUp tells that a program was started.
	NodeUp = NewTopic[NodeEvent]("node-up")
	// NodeDown tells that a program ended, and why.
	NodeDown = NewTopic[NodeEvent]("node-down")
	// NodePaused tells that a program was stopped in its tracks.
	NodePaused = NewTopic[NodeEvent]("node-paused")
	// NodeResumed tells that a paused program goes on.
	NodeResumed = NewTopic[NodeEvent]("node-resumed")
	// NodeDisturbed tells that a node is slow, or its disk or clock at fault, and was not before.
	NodeDisturbed = NewTopic[NodeEvent]("node-disturbed")
	// NodeRestored tells that the last such fault of a node ended.
	NodeRestored = NewTopic[NodeEvent]("node-restored")
	// Sent tells that a program handed a message to the network.
	Sent = NewTopic[*Envelope]("sent")
	// Delivered tells that a program received a message.
	Delivered = NewTopic[*Envelope]("delivered")
	// LinkDisturbed tells that a link has a fault now, and had none.
	LinkDisturbed = NewTopic[LinkEvent]("link-disturbed")
	// LinkRestored tells that the last fault of a link ended.
	LinkRestored = NewTopic[LinkEvent]("link-restored")
	// Synced tells that a file, or the directory if File is empty, reached the disk.
	Synced = NewTopic[SyncEvent]("synced")
	// SyncFailed tells that a sync failed, and what was to be synced may be lost.
	SyncFailed = NewTopic[SyncEvent]("sync-failed")
	// DiskDamaged tells that a file lost something that was durable, and nobody was told.
	DiskDamaged = NewTopic[SyncEvent]("disk-damaged")
)

// NodeEvent tells what became of a program.
type NodeEvent struct {
	Node   *Node
	Reason string // of NodeDown
}

// Fold implements Event.
func (e NodeEvent) Fold(d *Digest) {
	d.Uint64(uint64(e.Node.id))
	d.String(e.Reason)
}

func (e NodeEvent) String() string {
	if e.Reason == "" {
		return e.Node.name
	}
	return e.Node.name + ": " + e.Reason
}

// SyncEvent tells what became of a sync: of what had been written to a file before it began.
type SyncEvent struct {
	Node *Node
	File string // empty for the directory
	Err  string // of SyncFailed
}

// Fold implements Event.
func (e SyncEvent) Fold(d *Digest) {
	d.Uint64(uint64(e.Node.id))
	d.String(e.File)
}

func (e SyncEvent) String() string { return e.Node.name + " " + e.File }

// LinkEvent tells what became of one direction between two nodes.
type LinkEvent struct {
	From, To *Node
	Fault    LinkFault // the first, or the last
}

// Fold implements Event.
func (e LinkEvent) Fold(d *Digest) { d.Uint64(uint64(e.From.id)<<32 | uint64(e.To.id)) }

func (e LinkEvent) String() string { return e.From.name + " to " + e.To.name }
