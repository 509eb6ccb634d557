package scenarios

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/checker"
	"tabletop/model/variant"
)

// These seeds reach every probe: who changes the model, or what storms draw, so that some state is
// not met any more, learns it here.
func TestStormsReachEveryProbe(t *testing.T) {
	t.Parallel()
	missing := map[string]bool{}
	for _, p := range checker.Probes {
		missing[p.Name] = true
	}
	_, err := Fuzz{Scenario: "storm", Select: variant.Selection{}, First: 400, Count: 250,
		Each: func(r *Result) bool {
			for name := range r.Probes {
				delete(missing, name)
			}
			return len(missing) > 0
		}}.Run(t.Context())
	require.NoError(t, err)
	require.Empty(t, missing)
}

// Without faults nothing is reached that takes one.
func TestCalmReachesNoProbeOfFaults(t *testing.T) {
	p, err := Draw("storm", 3, variant.Selection{Options: []string{"tservers=3"}})
	require.NoError(t, err)
	p.Faults = nil
	res, err := Run(p, Options{})
	require.NoError(t, err)
	for _, name := range []string{"same-master-again", "missed-a-reign", "all-masters-down",
		"lost-before-reply", "load-interrupted", "entries-overwritten", "copy-interrupted",
		"retry-finds-answer", "replica-failed", "two-believe-they-lead"} {
		require.Zero(t, res.Probes[name], name)
	}
	require.NotZero(t, res.Probes["alter-on-alter"])
}
