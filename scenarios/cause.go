package scenarios

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tabletop/model"
	"tabletop/model/variant"
	"tabletop/sim"
)

// Causes takes failing runs that show defects to their causes: the least that fails in the same
// way, where the run parts from the one without the defect, and its point of no return.
type Causes struct {
	For     time.Duration // of wall clock at most to shrink each failure
	Runs    int           // for each instant that may be the point of no return
	Workers int           // 0: one per processor
}

// Cause is what is known of one defect.
type Cause struct {
	Defect    string        `json:"defect"`
	Token     string        `json:"token"` // of the run that was found
	Code      uint32        `json:"code"`  // CodeVersion
	For       time.Duration `json:"for_ns"`
	Signature string        `json:"signature"`
	Plan      string        `json:"plan"` // the least that fails so
	Before    PlanSize      `json:"before"`
	After     PlanSize      `json:"after"`
	Tries     int           `json:"tries"`
	Smallest  bool          `json:"smallest"`
	Wall      time.Duration `json:"wall_ns"` // that shrinking took
	// Of Others other choices of latencies and ties OthersFail fail in the same way.
	Others     int `json:"others"`
	OthersFail int `json:"others_fail"`
	// Asked is when it is first asked whether the defect is on, and Parts when the run parts from
	// the one without it. The first execution of its branch that makes a difference is between.
	Asked time.Duration `json:"asked_ns"`
	Parts time.Duration `json:"parts_ns"`
	Fails time.Duration `json:"fails_ns"`
	// At is the point of no return, and Event what happens there; empty: the run is lost from the
	// start. Of Runs that go another way from the start, before it and after it so many fail.
	At         time.Duration `json:"at_ns"`
	Event      string        `json:"event"`
	Runs       int           `json:"runs"`
	FailStart  int           `json:"fail_start"`
	FailBefore int           `json:"fail_before"`
	FailAfter  int           `json:"fail_after"`
	Error      string        `json:"error,omitempty"` // why nothing is known
}

// Of lists from what searches found one failing run for each defect: the first.
func (Causes) Of(searches []Detection) []Detection {
	var all []Detection
	for _, d := range searches {
		if d.Found() && !slices.ContainsFunc(all, func(o Detection) bool {
			return o.Defect == d.Defect
		}) {
			all = append(all, d)
		}
	}
	return all
}

// Known returns what the same code found of a failing run within the same bounds.
func (k Causes) Known(all []Cause, d Detection) (Cause, bool) {
	for _, c := range slices.Backward(all) {
		if c.Token == d.Token && c.Defect == d.Defect && c.Code == CodeVersion &&
			c.For == k.For && (c.Runs == k.Runs || c.Error != "") {
			return c, true
		}
	}
	return Cause{}, false
}

// Find looks for the cause of a failing run. The error is the context's; what else goes wrong is
// said in the cause.
func (k Causes) Find(ctx context.Context, d Detection) (Cause, error) {
	c := Cause{Defect: d.Defect, Token: d.Token, Code: CodeVersion, For: k.For}
	if err := k.find(ctx, &c); err != nil {
		c.Error = err.Error()
	}
	return c, ctx.Err()
}

func (k Causes) find(ctx context.Context, c *Cause) error {
	token, err := ParseToken(c.Token)
	if err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, k.For)
	defer cancel()
	s, err := Shrink{Workers: k.Workers}.Run(short, token.Plan)
	if err != nil {
		return err
	}
	c.Signature, c.Plan, c.Before, c.After = s.Signature, s.Plan.String(), s.Before, s.After
	c.Tries, c.Smallest, c.Wall = s.Tries, s.Smallest, s.Wall
	c.Others, c.OthersFail = s.Others, s.OthersFail
	parting, err := Diff(token.Plan, token.Plan.without(c.Defect))
	if err != nil {
		return err
	}
	if parting == nil {
		return fmt.Errorf("the run is the same without %s", c.Defect)
	}
	c.Parts = parting.At()
	if c.Asked, err = firstAsked(token.Plan, c.Defect); err != nil {
		return err
	}
	n, err := Why{Signature: s.Signature, Runs: k.Runs, Workers: k.Workers}.Run(ctx, token.Plan)
	if err != nil {
		return err
	}
	c.Fails, c.Runs = n.Fails, n.Runs
	c.FailStart, c.FailBefore, c.FailAfter = n.Start, n.Before, n.After
	if n.Event != (Line{}) {
		c.At, c.Event = time.Duration(n.Event.At), n.Event.Who+": "+n.Event.Text
	}
	return nil
}

// without returns the plan with a defect removed. The defences that it needs off stay off, unless
// it is nothing but their absence.
func (p Plan) without(id string) Plan {
	d, _ := variant.FindDefect(id)
	p.Select.Without = append(append(slices.Clone(p.Select.Without), d.Defences()...), id)
	return p
}

// Left is how many faults and operations are left.
func (c Cause) Left() int { return c.After.Faults + c.After.Ops }

// Placed reports whether the point of no return lies where it is to be expected: not before the
// first question about the defect, and not after the failure.
func (c Cause) Placed() bool { return c.Event != "" && c.Asked <= c.At && c.At <= c.Fails }

// PlacedLate reports whether it lies there, and not before the difference is felt.
func (c Cause) PlacedLate() bool { return c.Placed() && c.Parts <= c.At }

// firstAsked returns when a plan's run first asks for a defect, or for what the defect is the
// absence of.
func firstAsked(p Plan, id string) (time.Duration, error) {
	switches, first := switchesOf(id), sim.Never
	_, err := Run(p, Options{asked: func(c *model.Cluster, s variant.Switch) {
		if slices.Contains(switches, s) {
			first = min(first, c.World.Now())
		}
	}})
	return time.Duration(first), err
}

// asking returns the system as it is to be made, so that questions about its switches are told of.
func (r *run) asking(v variant.Variants) variant.Variants {
	if r.opts.asked == nil {
		return v
	}
	return v.Asking(func(s variant.Switch) {
		if r.c != nil {
			r.opts.asked(r.c, s)
		}
	})
}

// Spread is the median and the 95th percentile of some values.
type Spread[T int | time.Duration] struct{ Median, P95 T }

func (s Spread[T]) String() string { return fmt.Sprintf("%v (%v)", s.Median, s.P95) }

// SpreadOf measures of each cause one thing.
func SpreadOf[T int | time.Duration](all []Cause, of func(Cause) T) Spread[T] {
	var values []T
	for _, c := range all {
		values = append(values, of(c))
	}
	return Spread[T]{median(values), percentile(values, 95)}
}
