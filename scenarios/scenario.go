package scenarios

import (
	"fmt"
	"strings"

	"tabletop/model/variant"
)

// Scenario is a named kind of run.
type Scenario struct {
	Name, Title string
	// plan makes the plan of a seed.
	plan func(seed uint64, s variant.Selection) Plan
	// checks, of a scripted scenario, assert that the run goes as the script says.
	checks func(*run) *stepChecks
	ops    int // that a scripted scenario wants, at least
	// tablets tells that what becomes of the tablets' consensus is told as that of the masters is.
	tablets bool
	loads   []load // whose operations are told as details
	terse   bool   // all but steps and phases are told as details
	// Compared are the variants that the scenario is for, and Sequence says what all of them go
	// through: a ticket, or a story.
	Compared []Variant
	Sequence string
}

// Variant is a selection with a name, for comparing.
type Variant struct {
	Name   string
	Title  string
	Select variant.Selection
}

// Scenarios lists all scenarios; the first is the default of fuzz. It is filled by init, since
// the scenarios' own functions look scenarios up.
var Scenarios []Scenario

func init() {
	Scenarios = []Scenario{
		{Name: "storm", Title: "random DDL under random faults", plan: stormPlan},
		{Name: "disaster", Title: "a storm that may damage the disks of a majority: it may stand " +
			"still, but never lie", plan: disasterPlan},
		{Name: "sweep", Title: "one DDL, and the leader master killed at one point of it",
			plan: sweepPlan, ops: 2,
			checks: func(r *run) *stepChecks { return &stepChecks{r: r} }},
		{Name: "kudu-1353",
			Title: "the eight steps of KUDU-1353: an AlterTable that hangs for ever",
			plan:  kudu1353Plan, checks: kudu1353Checks, ops: 2, Compared: kudu1353Variants,
			Sequence: "ticket"},
		{Name: "kudu-1353-rename", Title: "the same with a rename, as the test that was flaky",
			plan: kudu1353RenamePlan, checks: kudu1353Checks, ops: 2, Compared: kudu1353Variants,
			Sequence: "ticket"},
	}
	for _, sc := range scripts() {
		Scenarios = append(Scenarios, sc.scenario())
	}
}

// Find returns the scenario of that name.
func Find(name string) (Scenario, error) {
	var names []string
	for _, s := range Scenarios {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Scenario{}, fmt.Errorf("unknown scenario %q; there are %s", name,
		strings.Join(names, ", "))
}

// Draw makes the plan that a scenario has for a seed. The error names what is not known.
func Draw(name string, seed uint64, s variant.Selection) (Plan, error) {
	scenario, err := Find(name)
	if err != nil {
		return Plan{}, err
	}
	p := scenario.plan(seed, s)
	p.drawn = &s
	_, err = p.Select.Resolve()
	return p, err
}
