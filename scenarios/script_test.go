package scenarios

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
)

// Every story passes under ideal, whatever the seed.
func TestStories(t *testing.T) {
	for _, sc := range scripts() {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(20) {
				res := mustRun(t, sc.name, seed, variant.Selection{}, Options{})
				require.Equal(t, Pass, res.Verdict, "seed %d: %s\n%s", seed, res.Signature,
					res.Detail)
			}
		})
	}
}

// A story without one of its faults, or of the operations that its acts name, does not pass: its
// conditions miss what should have come of it.
func TestEveryActOfAStoryCounts(t *testing.T) {
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
			for i, f := range whole.Faults {
				left(f.String(), func(p *Plan) { p.Faults = slices.Delete(p.Faults, i, i+1) })
			}
			left("operations", func(p *Plan) { p.Ops = nil })
		})
	}
}
