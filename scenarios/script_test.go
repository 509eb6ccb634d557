package scenarios

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
)

// Every story passes under ideal, whatever the seed, and fails as it says without what it shows but
// for a few seeds, where those who race happen to come in time.
func TestStories(t *testing.T) {
	t.Parallel()
	for _, sc := range scripts() {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			if sc.heal > 10*time.Minute {
				t.Skip("some seconds each; TestGoldenScripts makes one run")
			}
			const seeds = 10
			failed := uint64(0)
			for seed := uint64(1); seed <= seeds; seed++ {
				res := mustRun(t, sc.name, seed, variant.Selection{}, Options{})
				require.Equal(t, Pass, res.Verdict, "seed %d: %s\n%s", seed, res.Signature,
					res.Detail)
				if sc.under != "" {
					res = mustRun(t, sc.name, seed, variant.Selection{Profile: sc.under}, Options{})
					if res.shows(sc.signature) {
						failed++
					}
				}
			}
			require.True(t, sc.under == "" || failed*10 >= seeds*9, "%d seeds fail", failed)
		})
	}
}

// A story without one of its faults, or of the operations that its acts name, does not pass: its
// conditions miss what should have come of it.
func TestEveryActOfAStoryCounts(t *testing.T) {
	t.Parallel()
	for _, sc := range scripts() {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			whole, err := Draw(sc.name, 0, variant.Selection{})
			require.NoError(t, err)
			left := func(what string, spoil func(*Plan)) {
				p, err := Draw(sc.name, 0, variant.Selection{})
				require.NoError(t, err)
				spoil(&p)
				res, err := Run(p, Options{})
				require.NoError(t, err)
				require.NotEqual(t, Pass, res.Verdict, "without %s", what)
			}
			left("operations", func(p *Plan) { p.Ops = nil })
			if sc.churn.faults != nil {
				return // an hour of faults: its last act says how many elections it takes
			}
			for i, f := range whole.Faults {
				left(f.String(), func(p *Plan) { p.Faults = slices.Delete(p.Faults, i, i+1) })
			}
		})
	}
}
