package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tabletop/sim"
)

// Parting is where two runs part: the first event that differs.
type Parting struct {
	Before        []sim.Record // what both did last, steps left out
	Equal         int          // records, steps among them
	First, Second sim.Record   // empty: the run was over
	// FirstOn and SecondOn are what each did next, steps left out.
	FirstOn, SecondOn []sim.Record
	Results           [2]*Result
}

// context is how many records are kept on either side.
const around = 6

// Diff runs two plans and tells where the runs part; nil: they do not.
func Diff(a, b Plan) (*Parting, error) {
	once, first, err := traced(a)
	if err != nil {
		return nil, err
	}
	again, second, err := traced(b)
	if err != nil {
		return nil, err
	}
	n := 0
	for n < min(len(once), len(again)) && once[n] == again[n] {
		n++
	}
	if n == len(once) && n == len(again) {
		return nil, nil
	}
	p := &Parting{Equal: n, Results: [2]*Result{first, second}}
	for i := n - 1; i >= 0 && len(p.Before) < around; i-- {
		if once[i].Topic != sim.Step {
			p.Before = append(p.Before, once[i])
		}
	}
	slices.Reverse(p.Before)
	p.First, p.FirstOn = onFrom(once, n)
	p.Second, p.SecondOn = onFrom(again, n)
	return p, nil
}

func traced(p Plan) (all []sim.Record, res *Result, err error) {
	res, err = Run(p, Options{Trace: func(r sim.Record) { all = append(all, r) }})
	return all, res, err
}

// onFrom returns a record, and those that follow it, or begin with it, steps left out.
func onFrom(all []sim.Record, n int) (at sim.Record, on []sim.Record) {
	if n < len(all) {
		at = all[n]
	}
	for ; n < len(all) && len(on) < around; n++ {
		if all[n].Topic != sim.Step {
			on = append(on, all[n])
		}
	}
	return at, on
}

// At is when the runs part.
func (p *Parting) At() time.Duration {
	switch {
	case p.First == sim.Record{}:
		return time.Duration(p.Second.At)
	case p.Second == sim.Record{}:
		return time.Duration(p.First.At)
	}
	return time.Duration(min(p.First.At, p.Second.At))
}

func (p *Parting) String() string {
	var b strings.Builder
	list := func(title, mark string, records []sim.Record) {
		if title != "" {
			fmt.Fprintln(&b, title)
		}
		for _, r := range records {
			fmt.Fprintf(&b, "%s %s\n", mark, recordText(r))
		}
	}
	fmt.Fprintf(&b, "the runs part at %v, after %d equal records\n", p.At(), p.Equal)
	list("", " ", p.Before)
	list("", "-", p.FirstOn)
	list("", "+", p.SecondOn)
	once, again := recordText(p.First), recordText(p.Second)
	if once == again {
		fmt.Fprintf(&b, "both: %s, and what it carries differs\n", once)
	} else {
		fmt.Fprintf(&b, "the first record that differs\n- %s\n+ %s\n", once, again)
	}
	for i, mark := range []string{"-", "+"} {
		res := p.Results[i]
		fmt.Fprintf(&b, "%s ends as %s %s\n", mark, res.Verdict, res.Signature)
	}
	return b.String()
}
