package sim

import (
	"fmt"
	"strconv"
)

// Record is one line of a trace: an event of a topic, or, with the topic Step, one entry taken from
// the queue.
type Record struct {
	At     Time   `json:"t"`
	Node   string `json:"node,omitempty"` // whose step it is; empty: the world's
	Topic  string `json:"topic"`
	Text   string `json:"event"`
	Digest uint64 `json:"-"` // of everything up to and with this
}

// Step is the topic of records of steps.
const Step = "step"

func (r Record) String() string {
	node := r.Node
	if node == "" {
		node = "world"
	}
	return fmt.Sprintf("%v %s: %s %s", r.At, node, r.Topic, r.Text)
}

func (w *World) record(topic, text string) {
	w.trace(Record{At: w.now, Node: w.at, Topic: topic, Text: text, Digest: w.digest.Sum()})
}

// Note puts a line into the trace, if there is one, for whoever reads it: nothing happens in the
// world, and the digest stays as it was.
func (w *World) Note(topic, text string) {
	if w.trace != nil {
		w.at = ""
		w.record(topic, text)
	}
}

// traceStep records what is about to happen.
func (w *World) traceStep(ev *event) {
	w.at = ""
	if ev.owner != nil {
		w.at = ev.owner.name
	}
	text := "callback"
	switch what := ev.what.(type) {
	case *Proc:
		text = what.name + ", after " + strconv.Quote(what.label)
	case *Timer:
		text = "timer"
	case *Envelope:
		w.at = w.nodes[what.To].name
		text = "arrival of " + what.Msg.Kind().name
	case *stream:
		w.at = what.link.from.name
		text = "retransmission"
	}
	w.record(Step, text)
}

// Difference is where two runs part that should be equal: the record that comes after as many equal
// ones. A run that ended before has an empty one.
type Difference struct {
	After         int
	First, Second Record
}

func (d *Difference) String() string {
	return fmt.Sprintf("after %d equal records\n  once:  %v\n  again: %v", d.After, d.First,
		d.Second)
}

// Twice proves that a run is deterministic: run, which passes the function on as the Trace of the
// worlds that it makes, is called twice. It returns nil if both runs went the same way, and else
// the first record that differs, with its time and node.
func Twice(run func(trace func(Record))) *Difference {
	var once []Record
	run(func(r Record) { once = append(once, r) })
	var diff *Difference
	n := 0
	run(func(r Record) {
		if diff == nil && (n >= len(once) || once[n] != r) {
			diff = &Difference{After: n, Second: r}
			if n < len(once) {
				diff.First = once[n]
			}
		}
		n++
	})
	if diff == nil && n < len(once) {
		diff = &Difference{After: n, First: once[n]}
	}
	return diff
}
