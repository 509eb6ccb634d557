// Package regress runs regression tests that tabletop shrink --go writes: what happens step by
// step, and the defect that it must not wake. A test needs no seed: it tries a few choices of
// latencies and of the order of what happens at once. It imports scenarios, and nothing below.
package regress

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"tabletop/scenarios"
)

var broken = flag.Bool("broken", false, "switch on the defects that the tests guard against: "+
	"all of them must fail")

// Test is what a cluster goes through. Without defects it must pass; with those it guards against
// it must fail as said, or it proves nothing.
type Test struct {
	Guards  []string // the defects; none: the failure is one of the code as it is
	Without []string // defences that are off with the defects
	Fails   string   // the signature of the failure with them
	Options []string
	Seed    uint64 // of the latencies and ties to begin with; a test seldom needs one
	Steps   []Step
	Heal    string // when all faults end, since the beginning
	Rest    string // that is healed last, and how it stays broken; empty: none is
}

// Step is an operation or a fault, and when it comes. Title is for people.
type Step struct{ At, Title, Do string }

// Plan returns the plan of the test, with its defects on.
func (x Test) Plan() (scenarios.Plan, error) {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("tabletop-plan %d\nheal %s\nseed %d", scenarios.PlanFormat, x.Heal, x.Seed)
	if x.Rest != "" {
		line("rest %s", x.Rest)
	}
	for _, id := range x.Guards {
		line("defect %s", id)
	}
	for _, id := range x.Without {
		line("without %s", id)
	}
	for _, o := range x.Options {
		line("option %s", o)
	}
	if x.Fails != "" {
		line("fails %s", x.Fails)
	}
	ops, faults := 0, 0
	for _, s := range x.Steps {
		if strings.HasPrefix(s.Do, "client-") {
			ops++
			line("op %d at=%s %s", ops, s.At, s.Do)
		} else {
			faults++
			line("fault %d at=%s %s", faults, s.At, s.Do)
		}
	}
	return scenarios.ParsePlan(strings.NewReader(b.String()))
}

// Run runs the test.
func (x Test) Run(t *testing.T) {
	t.Helper()
	p, err := x.Plan()
	switch {
	case err != nil:
	case *broken || len(x.Guards)+len(x.Without) == 0:
		err = p.Holds()
	default:
		err = p.Recheck()
	}
	if err != nil {
		t.Errorf("%v\nsteps:\n%s", err, x.steps())
	}
}

// steps lists the titles.
func (x Test) steps() string {
	var b strings.Builder
	for _, s := range x.Steps {
		fmt.Fprintf(&b, "  %8s  %s\n", s.At, s.Title)
	}
	return b.String()
}
