package scenarios

import (
	"fmt"
	"slices"

	"tabletop/checker"
)

// effective counts the faults that had an effect.
func (r *run) effective() int {
	n := 0
	for _, rec := range r.nemesis.Records() {
		if !rec.Inert() {
			n++
		}
	}
	return n
}

// vacuous says why the run proves nothing; empty: it does prove something.
func (r *run) vacuous() string {
	if r.checks != nil {
		if missed := r.checks.missed; missed != "" {
			return missed
		}
		for _, rec := range r.nemesis.Records() {
			if rec.Missed != "" || rec.Inert() {
				return "inert fault: " + rec.String()
			}
		}
		return ""
	}
	switch {
	case r.effective() == 0:
		return "no fault had an effect"
	case r.meter.masterLeaders < 2:
		return "no leadership of the masters changed"
	case r.judges.History.Overlaps() < minOverlaps:
		return fmt.Sprintf("fewer than %d operations overlapped on one name", minOverlaps)
	}
	return r.unlooked()
}

const minOverlaps = 2

// alone reports whether a judge has nobody to look at, since no replica has a peer.
func (r *run) alone(name string) bool {
	v := r.c.Variants
	return v.TServers < 3 && (name == checker.ReplicaManagement ||
		(name == checker.LeaderStability || name == checker.Quiescence) && v.Masters == 1)
}

// unlooked names a judge that never looked.
func (r *run) unlooked() string {
	names, counts := r.judges.Looked()
	for _, name := range names {
		excused := slices.Contains(r.plan.Skip, name) ||
			name == checker.Liveness && r.judges.MayStandStill() ||
			r.judges.Silent()[name] != "" || r.alone(name)
		if counts[name] == 0 && !excused {
			return "the judge of " + name + " never looked"
		}
	}
	return ""
}
