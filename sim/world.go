package sim

import (
	"fmt"
	"runtime/debug"
	"time"
)

// Config describes a world. The zero value of every field has a sensible meaning.
type Config struct {
	Seed   uint64
	Net    NetConfig
	Disk   DiskConfig
	Limits Limits
	// CheckMessages proves that no message is changed once it was sent: one that was ends the run.
	CheckMessages bool
	// Trace receives a record of every event; nil records nothing. Tracing never changes a run.
	Trace func(Record)
}

// Limits bound a run, so that a livelock is a finding with a name and not a hang. Zero means
// the default.
type Limits struct {
	Events         uint64 // in the whole run; default 50 million
	StepsPerMoment uint64 // events at one instant of virtual time; default 200,000
	Processes      int    // at a time on one node; default 20,000
	Until          Time   // of virtual time in the whole run; default: no limit
}

func (l Limits) orDefault() Limits {
	if l.Events == 0 {
		l.Events = 50_000_000
	}
	if l.StepsPerMoment == 0 {
		l.StepsPerMoment = 200_000
	}
	if l.Processes == 0 {
		l.Processes = 20_000
	}
	if l.Until == 0 {
		l.Until = Never
	}
	return l
}

// Stats count what a run did.
type Stats struct {
	Events   uint64 // entries taken from the queue
	Messages uint64 // requests and responses handed to the network
	Bytes    uint64 // their sizes together
}

// Finding is an end of the run that nobody asked for: a panic in simulated code, or a limit
// that was passed.
type Finding struct {
	// Class is one of "panic", "livelock", "too-many-events", "too-many-processes", "too-late",
	// "deadlock" and "message-changed".
	Class  string
	At     Time
	Node   string // where, when a node is to blame
	Detail string
	Stack  string // of the panic
}

func (f *Finding) String() string {
	return fmt.Sprintf("%s on %s at %v: %s", f.Class, f.Node, f.At, f.Detail)
}

// World is one simulation. Close it when done: processes that still wait hold resources.
type World struct {
	now    Time
	seed   uint64
	seq    uint64
	queue  queue
	nodes  []*Node
	net    network
	disk   DiskConfig
	limits Limits
	stats  Stats
	digest Digest
	marks  checkpoints

	topics    []any // by topic: *[]func(T)
	observing int   // > 0 while observers run
	armed     map[armKey]func(*Proc)
	broken    map[armKey]func() bool

	armedWaits []*armedWait
	trace      func(Record)

	running *Proc // whose code is executing, if any
	idle    []*Proc
	moment  uint64 // events at the present instant
	halted  bool
	finding *Finding

	checking bool   // messages
	at       string // the node whose step it is, when traced
}

// New returns an empty world at time zero.
func New(cfg Config) *World {
	w := &World{
		seed:   cfg.Seed,
		limits: cfg.Limits.orDefault(),
		disk:   cfg.Disk.orDefault(),
		trace:  cfg.Trace,

		checking: cfg.CheckMessages,
		marks:    newCheckpoints(),
	}
	w.net.init(w, cfg.Net.orDefault())
	return w
}

// Now returns the present instant of virtual time.
func (w *World) Now() Time { return w.now }

// Seed returns the seed of the world.
func (w *World) Seed() uint64 { return w.seed }

// Reseed makes everything that is drawn from now on another seed's: latencies, losses, time-outs
// and the order of what is scheduled for one instant. What was drawn already stays. It is for a run
// that is to go on in another way than it did.
func (w *World) Reseed(seed uint64) {
	w.seed = seed
	for _, n := range w.nodes {
		n.tieSeed = n.tieSeedOf()
	}
	w.net.reseed()
}

// Stats returns what the run has done so far.
func (w *World) Stats() Stats { return w.stats }

// Digest returns the summary of everything that has happened so far.
func (w *World) Digest() uint64 { return w.digest.Sum() }

// Finding returns what ended the run early, or nil.
func (w *World) Finding() *Finding { return w.finding }

// Halt ends the run after the present event; RunUntil returns at once from then on.
func (w *World) Halt() { w.halted = true }

// Halted reports whether the run has ended early.
func (w *World) Halted() bool { return w.halted }

// At runs fn at the given instant, outside every node. Equal instants are ordered by key, which
// names the purpose: adding or removing one call does not reorder the others.
func (w *World) At(at Time, key uint64, fn func()) {
	ev := &event{pos: -1, what: callback(fn)}
	w.scheduleKeyed(ev, at, Hash(w.seed, streamTie, key))
}

// RunFor processes the events of the next d of virtual time.
func (w *World) RunFor(d time.Duration) { w.RunUntil(w.now.Add(d)) }

// RunUntil processes events up to and including the given instant. It returns early when the
// world was halted or made a finding.
func (w *World) RunUntil(until Time) {
	defer w.catch()
	for !w.halted && w.queue.len() > 0 {
		ev := w.queue.min()
		if ev.at > until {
			break
		}
		w.queue.pop()
		w.step(ev)
	}
	if !w.halted && until != Never && until > w.now {
		w.marks.upTo(until, &w.digest)
		w.now, w.moment = until, 0
	}
}

// Run processes events until none is left. If a process waits then, nothing can wake it any more:
// the run ends with a finding that says who waits for what.
func (w *World) Run() {
	w.RunUntil(Never)
	if w.halted {
		return
	}
	var waits []Wait
	for _, n := range w.nodes {
		if n.alive {
			waits = append(waits, n.Waits()...)
		}
	}
	if len(waits) == 0 {
		return
	}
	f := &Finding{Class: "deadlock", At: w.now, Node: waits[0].Node,
		Detail: "nothing is left to happen, and"}
	for i, wait := range waits {
		if i == maxWaits {
			f.Detail += fmt.Sprintf("\n  %d more wait", len(waits)-i)
			break
		}
		f.Detail += "\n  " + wait.String()
	}
	w.found(f)
}

// maxWaits is how many waits a finding lists.
const maxWaits = 20

// Close ends every process. The world cannot be used afterwards.
func (w *World) Close() {
	w.halted = true
	for _, n := range w.nodes {
		if n.alive {
			n.stop()
		}
	}
	for _, p := range w.idle {
		p.co.close()
	}
	w.idle = nil
}

func (w *World) step(ev *event) {
	if ev.at > w.now {
		w.marks.upTo(ev.at, &w.digest)
		w.now = ev.at
		w.moment = 0
	}
	w.stats.Events++
	w.moment++
	if w.stats.Events > w.limits.Events || w.moment > w.limits.StepsPerMoment ||
		w.now > w.limits.Until {
		w.exceeded(ev)
		return
	}
	if w.trace != nil {
		w.traceStep(ev)
	}
	if n := ev.owner; n != nil {
		if n.inc != ev.inc || !n.alive {
			return
		}
		if n.paused {
			n.hold(ev)
			return
		}
		if n.slow > 0 && n.later(ev) {
			return
		}
		w.digest.Uint64(uint64(w.now)<<8 ^ uint64(n.id))
	} else {
		w.digest.Uint64(uint64(w.now) << 8)
	}
	ev.what.fire()
}

func (w *World) exceeded(ev *event) {
	f := &Finding{Class: "livelock", At: w.now, Node: "world"}
	f.Detail = fmt.Sprintf("%d events at one instant", w.moment)
	switch {
	case w.stats.Events > w.limits.Events:
		f.Class = "too-many-events"
		f.Detail = fmt.Sprintf("%d events in one run", w.stats.Events)
	case w.now > w.limits.Until:
		f.Class = "too-late"
		f.Detail = fmt.Sprintf("the run goes on after %v", w.limits.Until)
	}
	if ev.owner != nil {
		f.Node = ev.owner.name
	}
	if p, ok := ev.what.(*Proc); ok {
		f.Detail += fmt.Sprintf(", the last of process %q at %q", p.name, p.label)
	}
	w.found(f)
}

func (w *World) found(f *Finding) {
	if w.finding == nil {
		w.finding = f
	}
	w.halted = true
}

// catch turns a panic of a callback or an observer into a finding.
func (w *World) catch() {
	//tabletop:allow recover: the loop is where a panic of a callback becomes a finding
	if r := recover(); r != nil {
		w.found(&Finding{Class: "panic", At: w.now, Node: "world", Detail: fmt.Sprint(r),
			Stack: string(debug.Stack())})
	}
}

var streamTie = NewStream("sim/tie")

// schedule puts an event of a node's program into the queue. The order among events of one
// instant comes from the seed, so that seeds explore orders; it is counted per node, so that what
// one node does leaves the ties of the others alone.
func (w *World) schedule(ev *event, at Time) {
	ev.inc = ev.owner.inc
	w.scheduleKeyed(ev, at, ev.owner.nextTie())
}

func (n *Node) nextTie() uint64 {
	n.ties++
	return finish(n.tieSeed + n.ties*mixA)
}

// scheduleKeyed puts an event into the queue whose place among others of its instant hangs on
// what it is for.
func (w *World) scheduleKeyed(ev *event, at Time, tie uint64) {
	w.mustNotObserve("scheduling")
	w.seq++
	ev.at, ev.tie, ev.seq = max(at, w.now), tie, w.seq
	w.queue.push(ev)
}

func (w *World) mustNotObserve(what string) {
	if w.observing > 0 {
		panic("sim: " + what + " by an observer; observers only read")
	}
}

type callback func()

func (f callback) fire() { f() }

// checkpoints remember the digest at regular instants, so that a replay that diverges can say
// between which two. There are at most sixteen: when full, the interval doubles.
type checkpoints struct {
	interval time.Duration
	next     Time
	sums     []uint16
}

const maxCheckpoints = 16

func newCheckpoints() checkpoints {
	return checkpoints{interval: time.Second, next: Time(time.Second)}
}

func (c *checkpoints) upTo(t Time, d *Digest) {
	for c.next < t {
		c.sums = append(c.sums, uint16(d.Sum()))
		if len(c.sums) == maxCheckpoints {
			for i := range maxCheckpoints / 2 {
				c.sums[i] = c.sums[2*i+1]
			}
			c.sums = c.sums[:maxCheckpoints/2]
			c.interval *= 2
		}
		c.next = Time(c.interval) * Time(len(c.sums)+1)
	}
}

// Checkpoints returns the interval between checkpoints and the low bits of the digest at each.
func (w *World) Checkpoints() (time.Duration, []uint16) { return w.marks.interval, w.marks.sums }
