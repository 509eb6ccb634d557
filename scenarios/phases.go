package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"tabletop/checker"
)

// stages are the phases that come one after another, if the run gets so far.
var stages = []string{"storm", "liveness", "read back", "quiet", "rest", "ksck", "audits"}

// phase tells that a part of the run begins, or how it ended. The trace has the name only: runs of
// two plans are compared by it.
func (r *run) phase(name, format string, args ...any) {
	r.stage = max(r.stage, slices.Index(stages, name)+1)
	if most := r.opts.stages; most > 0 && r.stage > most {
		r.c.World.Halt()
		return
	}
	r.c.World.Note("phase", name)
	r.story.phase(name, format, args...)
}

// swarm tells what was drawn: how many operations and faults, and which kinds of these.
func (p Plan) swarm() string {
	var kinds []string
	for _, f := range p.Faults {
		if !slices.Contains(kinds, string(f.Kind)) {
			kinds = append(kinds, string(f.Kind))
		}
	}
	slices.Sort(kinds)
	text := fmt.Sprintf("%d operations on %d tables, %d faults", len(p.Ops), len(p.tables()),
		len(p.Faults))
	if len(kinds) > 0 {
		text += ": " + strings.Join(kinds, ", ")
	}
	return text
}

// budgets tells how long each stage may take from now on.
func (r *run) budgets() string {
	var all []string
	for _, s := range checker.Stages {
		all = append(all, fmt.Sprintf("%s within %v", s, checker.BudgetOf(s, r.c.Variants)))
	}
	return strings.Join(all, ", ")
}
