package scenarios

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model"
	"tabletop/model/variant"
	"tabletop/sim"
)

// archived returns a plan that is kept.
func archived(t *testing.T, name string) Plan {
	p, err := ReadPlanFile("testdata/regressions/" + name + ".plan")
	require.NoError(t, err)
	return p
}

// A run that goes another way from an instant on is the same before it, to the last event.
func TestAnewLeavesThePastAlone(t *testing.T) {
	p := archived(t, "kudu_1537")
	const after = sim.Time(10 * time.Second)
	trace := func(p Plan, anew Anew) (before, later []string) {
		_, err := Run(p, Options{Anew: anew, Trace: func(r sim.Record) {
			if r.At <= after {
				before = append(before, fmt.Sprint(r))
			} else {
				later = append(later, fmt.Sprint(r))
			}
		}})
		require.NoError(t, err)
		return before, later
	}
	before, later := trace(p, Anew{})
	require.Greater(t, len(before), 100)
	for seed := range uint64(3) {
		again, otherwise := trace(p.anew(after, seed+1), Anew{after, seed + 1})
		require.Equal(t, before, again)
		require.NotEqual(t, later, otherwise)
	}
}

// The point of no return is the same however many are run at a time, and failure is likely after it
// and was not before.
func TestPointOfNoReturn(t *testing.T) {
	t.Parallel()
	p := archived(t, "kudu_495")
	var once NoReturn
	for _, workers := range []int{1, 3} {
		y := Why{Runs: 8, Workers: workers}
		n, err := y.Run(t.Context(), p)
		require.NoError(t, err)
		require.Less(t, n.Before, n.After)
		require.GreaterOrEqual(t, n.After, y.needed(n.Start))
		require.LessOrEqual(t, n.Event.At, sim.Time(n.Fails))
		if workers == 1 {
			once = n
		}
		require.Equal(t, once, n)
	}
	p.Select.Defects = nil
	_, err := Why{Runs: 1}.Run(t.Context(), p)
	require.ErrorContains(t, err, "the run does not fail")
}

// A run asks for a defect before it fails by it, and not the later if that is told.
func TestFirstAsked(t *testing.T) {
	p := archived(t, "kudu_495")
	res, err := Run(p, Options{})
	require.NoError(t, err)
	at, err := firstAsked(p, "KUDU-495")
	require.NoError(t, err)
	require.Equal(t, p.Ops[0].At, at.Truncate(time.Second), "when the table is created")
	again, err := Run(p, Options{asked: func(*model.Cluster, variant.Switch) {}})
	require.NoError(t, err)
	require.Equal(t, res.Digest, again.Digest)
	at, err = firstAsked(p, "KUDU-1353")
	require.NoError(t, err)
	require.Less(t, at, time.Duration(sim.Never))
}

// After the point of no return failure is likely, and more so than it was from the start.
func TestNeededAfterThePointOfNoReturn(t *testing.T) {
	for runs := 1; runs <= 100; runs++ {
		for start := range runs {
			need := Why{Runs: runs}.needed(start)
			enough := func(n int) bool { return 100*n >= likely*runs && 2*(runs-n) <= runs-start }
			require.True(t, enough(need), "%d of %d", start, runs)
			require.False(t, enough(need-1), "%d of %d", start, runs)
			require.Greater(t, need, start)
			require.LessOrEqual(t, need, runs)
		}
	}
}

// Two runs part at the first event that differs; a run and itself do not.
func TestDiff(t *testing.T) {
	p := archived(t, "kudu_1537")
	same, err := Diff(p, p)
	require.NoError(t, err)
	require.Nil(t, same)
	later := p
	later.Faults = nil
	parting, err := Diff(p, later)
	require.NoError(t, err)
	require.Equal(t, p.Faults[0].At, parting.At())
	require.Len(t, parting.Before, around)
	require.Contains(t, parting.String(), "- 10s world: fault 1")
}
