package checker

import (
	"fmt"
	"io"
	"slices"

	"github.com/anishathalye/porcupine"

	"tabletop/model/client"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Part is what a history says of names that belong together.
type Part struct {
	Names  []string
	Events []Event
}

// Illegal returns the parts of the history that were found not linearizable.
func (j *Judges) Illegal() []Part { return j.illegal }

// Shortest returns the smallest part of an illegal one that it finds to be illegal still. What it
// leaves out is what a legal history could do without: all that came later, then answers which only
// read, then whole tables that nothing left speaks of.
func (p Part) Shortest() Part {
	p.Events = p.shortestPrefix()
	for i := len(p.Events) - 1; i >= 0; i-- {
		if e := p.Events[i]; !e.writes() && e.Op.Kind != cut {
			p.without(func(j int) bool { return i == j })
		}
	}
	var ids []wire.TableID
	for _, e := range p.Events {
		if e.Op.Kind == client.Create && e.writes() {
			ids = append(ids, e.Out.Table)
		}
	}
	for _, id := range ids {
		if p.apart(id) {
			p.without(func(i int) bool { return p.Events[i].Out.Table == id })
		}
	}
	return p
}

// writes reports whether the event took effect on the catalog.
func (e Event) writes() bool {
	return (e.Op.ChangesCatalog() || e.Op.Kind == Expired) && e.Out.Code == wire.OK
}

// illegal reports whether no order explains the events, as far as the budget goes.
func (p Part) illegal(events []Event) bool {
	v, _, _ := CheckComponent(events, p.Names)
	return v == Illegal
}

// without leaves events out, by their numbers, if the rest is illegal still.
func (p *Part) without(drop func(int) bool) {
	var rest []Event
	for i, e := range p.Events {
		if !drop(i) {
			rest = append(rest, e)
		}
	}
	if p.illegal(rest) {
		p.Events = rest
	}
}

// shortestPrefix returns what had been answered, and what had begun, at the earliest instant at
// which the history was illegal already.
func (p Part) shortestPrefix() []Event {
	var ends []sim.Time
	for _, e := range p.Events {
		ends = append(ends, e.Return)
	}
	slices.Sort(ends)
	ends = slices.Compact(ends)
	low, high := 0, len(ends)-1 // illegal at high
	for low < high {
		middle := (low + high) / 2
		if p.illegal(p.prefix(ends[middle])) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return p.prefix(ends[high])
}

// cut is the kind of the event that ends what is looked at of a history: operations that were under
// way by then may have taken effect before it, or not.
const cut client.Kind = "cut"

func (p Part) prefix(end sim.Time) []Event {
	var events []Event
	open := false
	for _, e := range p.Events {
		switch {
		case e.Return <= end:
		case e.Call <= end && e.writes():
			e.Return, open = sim.Never, true
		default:
			continue
		}
		events = append(events, e)
	}
	if open {
		events = append(events, Event{Call: end, Return: sim.Never, Op: client.Op{Kind: cut}})
	}
	return events
}

// apart reports whether no refusal that is left may be due to the table: then the rest of a legal
// history is legal without it.
func (p Part) apart(id wire.TableID) bool {
	var names []string
	for _, e := range p.Events {
		if e.Out.Table == id {
			names = append(names, namesOf(e.Op)...)
		}
	}
	return !slices.ContainsFunc(p.Events, func(e Event) bool {
		switch {
		case e.Out.Table == id:
			return false
		case e.Op.Kind == client.List:
			return slices.ContainsFunc(e.Out.Tables, func(t wire.ListedTable) bool {
				return t.ID == id
			})
		}
		return e.Out.Code != wire.OK && e.Out.Code != wire.TableNotFound &&
			slices.ContainsFunc(namesOf(e.Op), func(n string) bool {
				return slices.Contains(names, n)
			})
	})
}

// Draw writes Porcupine's picture of the part: a page of HTML.
func (p Part) Draw(w io.Writer) error {
	model := specification(p.Events, p.Names, new(int))
	model.DescribeOperation = func(input, _ any) string {
		e := p.Events[input.(int)]
		if e.Op.Kind == cut {
			return e.String()
		}
		return fmt.Sprintf("%v -> %s", e.Op, e.outcome())
	}
	_, info := porcupine.CheckOperationsVerbose(model, operations(p.Events), 0)
	return porcupine.Visualize(model, info, w)
}
