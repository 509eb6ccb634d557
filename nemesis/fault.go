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
	"tabletop/model/placement"
	"tabletop/model/tserver"
	"tabletop/sim"
)

// Fault is one disturbance. Only the fields of its kind are set.
type Fault struct {
	ID     int           // unique in a plan, from 1
	At     time.Duration // virtual, since the world began
	Kind   Kind
	Target string        // a node, a role, a group, or several with commas between
	For    time.Duration // until it is undone; 0: until the cluster is healed

	From  string // the other ends of the links: all, masters, tservers, clients, or a node
	Dir   string // of the links: both, in (to the target) or out (from it)
	Shape string // of Split: halves, bridge or ring
	Turn  int    // of Split: by how many places the nodes are rotated before
	Place string // of Relocate: a location, or none
	Table string // whose first tablet; empty: the master tablet
	To    string // of Transfer: the successor; empty: anybody
	// Change is what ChangeConfig does: add, remove or replace.
	Change string
	Term   int64         // of Elect: the term that must result; 0: whichever
	Point  string        // of KillAt, CutAt and DeposeAt
	Label  string        // of KillWait: how the wait's label begins, - for spaces
	K      int           // of KillSync: which sync
	When   string        // of KillSync: before or after it takes effect
	Power  bool          // of KillWait and KillSync: the machine loses its power
	PPM    int           // how many of a million
	By     time.Duration // how much
	Rate   int           // bytes a second
}

// field is a word of a fault's line after the target: KEY=VALUE.
type field struct {
	key   string
	value func(f *Fault) string // as printed; empty: not set
	set   func(f *Fault, value string) error
}

// fields are all that there are, in the order in which they are printed.
var fields = []field{
	text("from", func(f *Fault) *string { return &f.From }),
	oneOf("dir", func(f *Fault) *string { return &f.Dir }, "both", "in", "out"),
	oneOf("shape", func(f *Fault) *string { return &f.Shape }, "halves", "bridge", "ring"),
	number("turn", func(f *Fault) *int { return &f.Turn }),
	text("tablet", func(f *Fault) *string { return &f.Table }),
	{"location", func(f *Fault) string { return f.Place }, func(f *Fault, value string) error {
		if f.Place = value; value == nowhere {
			return nil
		}
		return placement.ValidLocation(value)
	}},
	text("to", func(f *Fault) *string { return &f.To }),
	oneOf("change", func(f *Fault) *string { return &f.Change }, "add", "remove", "replace"),
	{"term", func(f *Fault) string { return positive(f.Term) }, func(f *Fault, value string) error {
		var err error
		if f.Term, err = strconv.ParseInt(value, 10, 64); err != nil || f.Term < 1 {
			return fmt.Errorf("bad term %q", value)
		}
		return nil
	}},
	{"point", func(f *Fault) string { return f.Point }, func(f *Fault, value string) error {
		if f.Point = value; findPoint(value) == nil {
			return fmt.Errorf("unknown point %q", value)
		}
		return nil
	}},
	text("label", func(f *Fault) *string { return &f.Label }),
	number("k", func(f *Fault) *int { return &f.K }),
	oneOf("when", func(f *Fault) *string { return &f.When }, "before", "after"),
	{"power", func(f *Fault) string {
		if f.Power {
			return "off"
		}
		return ""
	}, func(f *Fault, value string) error {
		if f.Power = value == "off"; !f.Power {
			return fmt.Errorf("bad word %q: want power=off", "power="+value)
		}
		return nil
	}},
	signed("ppm", func(f *Fault) *int { return &f.PPM }),
	{"by", func(f *Fault) string { return duration(f.By) }, func(f *Fault, value string) error {
		var err error
		if f.By, err = time.ParseDuration(value); err != nil || f.By == 0 {
			return fmt.Errorf("bad word %q: want by=DURATION, such as by=100ms", "by="+value)
		}
		return nil
	}},
	number("rate", func(f *Fault) *int { return &f.Rate }),
	{"for", func(f *Fault) string { return duration(f.For) }, func(f *Fault, value string) error {
		var err error
		f.For, err = parseDuration("for="+value, "for")
		return err
	}},
}

func text(key string, at func(*Fault) *string) field {
	return field{key, func(f *Fault) string { return *at(f) }, func(f *Fault, value string) error {
		*at(f) = value
		return nil
	}}
}

func oneOf(key string, at func(*Fault) *string, values ...string) field {
	return field{key, func(f *Fault) string { return *at(f) }, func(f *Fault, value string) error {
		if *at(f) = value; !slices.Contains(values, value) {
			return fmt.Errorf("bad word %q: want %s=%s", key+"="+value, key,
				strings.Join(values, " or "))
		}
		return nil
	}}
}

func number(key string, at func(*Fault) *int) field { return integer(key, at, 1) }

func signed(key string, at func(*Fault) *int) field { return integer(key, at, -500_000) }

func integer(key string, at func(*Fault) *int, least int) field {
	return field{key, func(f *Fault) string { return positive(int64(*at(f))) },
		func(f *Fault, value string) error {
			n, err := strconv.Atoi(value)
			if err != nil || n < least || n == 0 || n > 1_000_000_000 {
				return fmt.Errorf("bad word %q: want a number", key+"="+value)
			}
			*at(f) = n
			return nil
		}}
}

func positive(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// String prints the fault as ParseFault reads it.
func (f Fault) String() string {
	words := []string{strconv.Itoa(f.ID), "at=" + f.At.String(), string(f.Kind), f.Target}
	for _, field := range fields {
		if value := field.value(&f); value != "" {
			words = append(words, field.key+"="+value)
		}
	}
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
	k := infoOf(f.Kind)
	if k == nil {
		return Fault{}, fmt.Errorf("unknown fault %q", words[2])
	}
	for _, w := range words[4:] {
		if err := f.parseField(w, k); err != nil {
			return Fault{}, err
		}
	}
	for _, key := range k.Needs {
		if !f.has(key) {
			return Fault{}, fmt.Errorf("%s: want %s=", f.Kind, key)
		}
	}
	if f.By < 0 && f.Kind != ClockJump || f.PPM < 0 && f.Kind != Drift {
		return Fault{}, fmt.Errorf("%s: want a value that is not negative", f.Kind)
	}
	return f, nil
}

// parseField reads one word.
func (f *Fault) parseField(word string, k *KindInfo) error {
	key, value, _ := strings.Cut(word, "=")
	i := slices.IndexFunc(fields, func(field field) bool { return field.key == key })
	if i < 0 || value == "" || !slices.Contains(k.Needs, key) && !slices.Contains(k.May, key) {
		return fmt.Errorf("%s: bad word %q", f.Kind, word)
	}
	return fields[i].set(f, value)
}

func (f *Fault) has(key string) bool {
	i := slices.IndexFunc(fields, func(field field) bool { return field.key == key })
	return fields[i].value(f) != ""
}

func parseDuration(word, key string) (time.Duration, error) {
	value, found := strings.CutPrefix(word, key+"=")
	d, err := time.ParseDuration(value)
	if !found || err != nil || d < 0 {
		return 0, fmt.Errorf("bad word %q: want %s=DURATION, such as %s=2.5s", word, key, key)
	}
	return d, nil
}

// Points lists the places in the code of masters and tablet servers at which faults may strike.
func Points() []*sim.Point { return slices.Concat(master.Points, tserver.Points) }

func findPoint(name string) *sim.Point {
	for _, p := range Points() {
		if p.Name() == name {
			return p
		}
	}
	return nil
}
