package checker

import (
	"cmp"
	"fmt"
	"slices"

	"tabletop/model/client"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Event is one operation of a history: what was asked, when, and what was learned.
type Event struct {
	Process string // a client; after an unknown outcome it goes on as another process
	Call    sim.Time
	Return  sim.Time // Never: it may take effect at any time after its call
	Op      client.Op
	Out     Answer
	commit  int // which of the master tablet carried it out, from 1; 0: none is known
}

// Answer is what an operation learned, as far as the specification speaks of it.
type Answer struct {
	Code    wire.Code
	Table   wire.TableID
	Version int64
	Schema  wire.Schema
	Tables  []wire.ListedTable
}

// AlterDone is the kind of the event that a client was told its alter or recall is complete: the
// version told is visible from then on.
const AlterDone client.Kind = "alter-done"

// TableGone is the kind of the event that a client which waited for its create or alter was told
// that there is no such table any more.
const TableGone client.Kind = "table-gone"

func (e Event) String() string {
	if e.Op.Kind == cut {
		return fmt.Sprintf("[%v] what follows is left out", e.Call)
	}
	return fmt.Sprintf("[%v, %v] %s op %d: %v -> %s", e.Call, e.Return, e.Process, e.Op.ID, e.Op,
		e.outcome())
}

// outcome tells what was learned.
func (e Event) outcome() string {
	out := e.Out.Code.String()
	switch {
	case e.Op.Kind == client.List && e.Out.Code == wire.OK:
		out = fmt.Sprint(e.Out.Tables)
	case e.Out.Code == wire.OK:
		out = fmt.Sprintf("%v v%d", e.Out.Table, e.Out.Version)
		if e.Out.Schema != nil {
			out += fmt.Sprint(" ", e.Out.Schema.Names())
		}
	}
	return out
}

// History records the operations of all clients.
type History struct {
	open   map[int]*pending // by operation
	events []*pending
	lives  map[string]int // how many unknown outcomes a client has had
}

// pending is an operation and how far it has come.
type pending struct {
	Event
	request  wire.RequestID
	answered bool
	ended    sim.Time // when the client stopped trying; Never: it has not
	unknown  bool     // the client cannot know whether it took effect
}

func recordHistory(w *sim.World) *History {
	h := &History{open: map[int]*pending{}, lives: map[string]int{}}
	client.Called.Subscribe(w, func(e client.OpEvent) {
		if e.Op.OnRows() {
			return
		}
		name := e.Node().Name()
		p := &pending{request: e.Request, unknown: true, ended: sim.Never, Event: Event{
			Call: w.Now(), Return: sim.Never, Op: e.Op,
			Process: fmt.Sprintf("%s.%d", name, h.lives[name])}}
		h.open[e.Op.ID] = p
		h.events = append(h.events, p)
	})
	client.Answered.Subscribe(w, func(e client.OpEvent) {
		if !e.Op.OnRows() {
			h.answered(w.Now(), e)
		}
	})
	client.Done.Subscribe(w, func(e client.OpEvent) { h.done(w.Now(), e) })
	return h
}

func (h *History) answered(now sim.Time, e client.OpEvent) {
	p, out := h.open[e.Op.ID], e.Outcome
	p.answered, p.ended = true, now
	p.Out = Answer{Code: out.Status.Code, Table: out.Table, Version: out.Version,
		Schema: out.Schema, Tables: out.Tables}
	// An error of the environment says nothing of the catalog, not even whether an earlier
	// attempt took effect.
	p.unknown = out.Unknown || out.Status.Code.Class() == wire.Environment
	if p.unknown {
		h.lives[e.Node().Name()]++
		return
	}
	p.Return = now
}

// Expired is the kind of the event that the masters dropped a soft-deleted table whose time was
// over.
const Expired client.Kind = "expired"

// done records what a client that waited was told in the end. That a create
// is complete says nothing of the catalog.
func (h *History) done(now sim.Time, e client.OpEvent) {
	kind := AlterDone
	switch {
	case !e.Outcome.Status.OK():
		kind = TableGone
	case e.Op.Kind == client.Create:
		return
	}
	waited := h.open[e.Op.ID]
	h.events = append(h.events, &pending{request: waited.request, answered: true, ended: now,
		Event: Event{Process: waited.Process, Call: e.PollCalled, Return: now,
			Op: client.Op{ID: e.Op.ID, Kind: kind, Name: e.Op.Name, NewName: e.Op.NewName},
			Out: Answer{Code: e.Outcome.Status.Code, Table: e.Outcome.Table,
				Version: e.Outcome.Version}}})
}

// Outstanding lists the operations that no client has given up or had answered.
func (h *History) Outstanding() []Event {
	var events []Event
	for _, p := range h.events {
		if !p.answered {
			events = append(events, p.Event)
		}
	}
	return events
}

// unanswered lists the operations called since an instant that got no answer of the catalog.
func (h *History) unanswered(since sim.Time) []Event {
	var events []Event
	for _, p := range h.events {
		if p.Call >= since && p.unknown {
			events = append(events, p.Event)
		}
	}
	return events
}

// ReportUnanswered reports the operations that a cluster at rest, since that instant, did not
// answer.
func (j *Judges) ReportUnanswered(since sim.Time) {
	if j.MayStandStill() {
		return
	}
	j.rows.reportUnanswered(since)
	for _, e := range j.History.unanswered(since) {
		j.report(Violation{Oracle: Availability, Object: "request", Reason: "unanswered-at-rest",
			Detail: e.String()})
	}
}

// Settled tells how the operations of unknown outcome were settled.
type Settled struct {
	TookEffect int // an entry of the master tablet carries them out
	Seen       int // of these, some client was told of the table and version that they made
	Never      int // there is none, and none can come any more
}

// settle decides every DDL of unknown outcome by the applied master tablet, once nothing of it is
// on its way any more, and returns the history of what did and what did not happen. It takes
// the log's word for whether, never for when: what took effect did so at any time after its
// call. It reports answers that the log contradicts.
func (j *Judges) settle() ([]Event, Settled) {
	var events []Event
	var settled Settled
	j.effects.show(func(*commit) bool { return true })
	for _, p := range j.History.events {
		effect := j.effects.effectOf(p.request)
		switch {
		case !p.unknown:
			j.compareAnswer(p, effect)
			e := p.Event
			if effect != nil && e.Op.ChangesCatalog() && e.Out.Code == wire.OK {
				e.commit = effect.by.number
			}
			events = append(events, e)
		case !p.Op.ChangesCatalog():
		case effect == nil:
			settled.Never++
		default:
			settled.TookEffect++
			e := p.Event
			e.Out = Answer{Table: effect.table.ID, Version: effect.table.Version}
			e.commit = effect.by.number
			events = append(events, e)
			if j.History.showed(e.Out) {
				settled.Seen++
			}
		}
	}
	for _, x := range j.effects.expired {
		x.commit = x.by.number
		events = append(events, x.Event)
	}
	return events, settled
}

// showed reports whether a client was told of a version of a table, or of a later one.
func (h *History) showed(made Answer) bool {
	return slices.ContainsFunc(h.events, func(p *pending) bool {
		return !p.unknown && p.Out.Table == made.Table && p.Out.Version >= made.Version
	})
}

func (j *Judges) compareAnswer(p *pending, effect *requested) {
	if p.Out.Code.Class() == wire.Refusal && p.Op.ChangesCatalog() && effect != nil {
		j.report(Violation{Oracle: ExactlyOnce, Object: "request",
			Reason: "refused-after-effect",
			Detail: fmt.Sprintf("%v, though entry %v carried it out", p.Event, effect.op)})
	}
}

// Overlaps counts the pairs of DDL operations that clients were carrying out at the same time on
// one name.
func (h *History) Overlaps() int {
	ddl := slices.DeleteFunc(slices.Clone(h.events), func(e *pending) bool {
		return !e.Op.ChangesCatalog()
	})
	slices.SortStableFunc(ddl, func(a, b *pending) int { return cmp.Compare(a.Call, b.Call) })
	pairs := 0
	var before []*pending // those that began before and may go on
	for _, a := range ddl {
		before = slices.DeleteFunc(before, func(b *pending) bool { return b.ended <= a.Call })
		for _, b := range before {
			if b.Call < a.ended && shareName(a.Op, b.Op) {
				pairs++
			}
		}
		before = append(before, a)
	}
	return pairs
}

func shareName(a, b client.Op) bool {
	return slices.ContainsFunc(namesOf(a), func(n string) bool {
		return slices.Contains(namesOf(b), n)
	})
}

// namesOf lists the names of tables that an operation speaks of; none for a list of all.
func namesOf(op client.Op) []string {
	switch {
	case op.Kind == client.List:
		return nil
	case op.NewName != "":
		return []string{op.Name, op.NewName}
	}
	return []string{op.Name}
}

// DDL counts the operations that were to change the catalog.
func (h *History) DDL() int {
	n := 0
	for _, p := range h.events {
		if p.Op.ChangesCatalog() {
			n++
		}
	}
	return n
}
