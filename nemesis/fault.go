// Package nemesis disturbs a cluster. A Fault is data: a line of text that prints and parses,
// with a time, a kind and a target that may be a role, resolved when the fault fires. Draw makes
// faults from a seed; an Executor carries them out and records what effect each had. It reads
// the model and acts on the world, and never judges.
//
//tabletop:deterministic
package nemesis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tabletop/model/master"
	"tabletop/sim"
)

// Kind is what a fault does.
type Kind string

// The kinds of faults.
const (
	Elect     Kind = "elect"
	StepDown  Kind = "step-down"
	Kill      Kind = "kill"
	PowerOff  Kind = "power-off"
	Pause     Kind = "pause"
	Partition Kind = "partition"
	KillAt    Kind = "kill-at"
)

// Kinds lists the kinds of faults, and what each does, for people.
var Kinds = []struct {
	Kind  Kind
	Title string
}{
	{Elect, "make the target a candidate, even against a live leader; tablet=TABLE for a tablet's"},
	{StepDown, "make the target, if it leads, a follower of the next term; tablet=TABLE likewise"},
	{Kill, "end the target's program, as kill -9; restart it after for=DURATION"},
	{PowerOff, "end it and lose what its disk had not synced; restart it after for=DURATION"},
	{Pause, "stop the target in its tracks, as SIGSTOP, for=DURATION"},
	{Partition, "cut the target off from=all, masters, tservers, clients or a node, dir=both, in " +
		"or out, for=DURATION"},
	{KillAt, "end the target's program when it next passes point=NAME; restart it after " +
		"for=DURATION"},
}

// Fault is one disturbance. Only the fields of its kind are set.
type Fault struct {
	ID     int           // unique in a plan, from 1
	At     time.Duration // virtual, since the world began
	Kind   Kind
	Target string        // a node or a role
	For    time.Duration // until it is undone; 0: until the cluster is healed
	From   string        // of Partition: all, masters, tservers, clients, or a node
	Dir    string        // of Partition: both, in (to the target) or out (from it)
	Table  string        // of Elect and StepDown: whose first tablet; empty: the master tablet
	Term   int64         // of Elect: the term that must result; 0: whichever
	Point  string        // of KillAt
}

// String prints the fault as ParseFault reads it.
func (f Fault) String() string {
	words := []string{strconv.Itoa(f.ID), "at=" + f.At.String(), string(f.Kind), f.Target}
	add := func(key, value string, present bool) {
		if present {
			words = append(words, key+"="+value)
		}
	}
	add("from", f.From, f.From != "")
	add("dir", f.Dir, f.Dir != "")
	add("tablet", f.Table, f.Table != "")
	add("term", strconv.FormatInt(f.Term, 10), f.Term != 0)
	add("point", f.Point, f.Point != "")
	add("for", f.For.String(), f.For != 0)
	return strings.Join(words, " ")
}

// ParseFault reads the words of a fault. The error names the word that is wrong.
func ParseFault(words []string) (Fault, error) {
	if len(words) < 4 {
		return Fault{}, fmt.Errorf("want ID at=DURATION KIND TARGET, and more words by kind")
	}
	var f Fault
	var err error
	if f.ID, err = strconv.Atoi(words[0]); err != nil || f.ID < 1 {
		return Fault{}, fmt.Errorf("bad fault number %q", words[0])
	}
	if f.At, err = parseDuration(words[1], "at"); err != nil {
		return Fault{}, err
	}
	f.Kind, f.Target = Kind(words[2]), words[3]
	allowed, known := fields[f.Kind]
	if !known {
		return Fault{}, fmt.Errorf("unknown fault %q", words[2])
	}
	for _, w := range words[4:] {
		if err := f.parseField(w, allowed); err != nil {
			return Fault{}, err
		}
	}
	return f, f.check()
}

var fields = map[Kind][]string{
	Elect: {"tablet", "term"}, StepDown: {"tablet"}, Kill: {"for"}, PowerOff: {"for"},
	Pause: {"for"}, Partition: {"from", "dir", "for"}, KillAt: {"point", "for"},
}

func (f *Fault) parseField(word string, allowed []string) error {
	key, value, _ := strings.Cut(word, "=")
	if !slices.Contains(allowed, key) || value == "" {
		return fmt.Errorf("%s: bad word %q", f.Kind, word)
	}
	var err error
	switch key {
	case "for":
		f.For, err = parseDuration(word, "for")
	case "from":
		f.From = value
	case "dir":
		f.Dir = value
	case "tablet":
		f.Table = value
	case "point":
		f.Point = value
	case "term":
		if f.Term, err = strconv.ParseInt(value, 10, 64); err != nil || f.Term < 1 {
			err = fmt.Errorf("bad term %q", value)
		}
	}
	return err
}

func parseDuration(word, key string) (time.Duration, error) {
	value, found := strings.CutPrefix(word, key+"=")
	d, err := time.ParseDuration(value)
	if !found || err != nil || d < 0 {
		return 0, fmt.Errorf("bad word %q: want %s=DURATION, such as %s=2.5s", word, key, key)
	}
	return d, nil
}

// check looks at what a single word does not show.
func (f *Fault) check() error {
	switch f.Kind {
	case Partition:
		if f.From == "" {
			f.From = "all"
		}
		if f.Dir == "" {
			f.Dir = "both"
		}
		if !slices.Contains([]string{"both", "in", "out"}, f.Dir) {
			return fmt.Errorf("bad direction %q: want both, in or out", f.Dir)
		}
	case KillAt:
		if findPoint(f.Point) == nil {
			return fmt.Errorf("unknown point %q", f.Point)
		}
	}
	return nil
}

func findPoint(name string) *sim.Point {
	for _, p := range master.Points {
		if p.Name() == name {
			return p
		}
	}
	return nil
}
