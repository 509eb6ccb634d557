package scenarios

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
)

func TestCausesOfManyRunsMeet(t *testing.T) {
	var sets [][]string
	sets = meet(sets, []string{"a", "b", "c"})
	sets = meet(sets, []string{"b", "c", "d"})
	require.Equal(t, [][]string{{"b", "c"}}, sets, "what the runs have in common")
	sets = meet(sets, []string{"e"})
	require.Equal(t, [][]string{{"b", "c"}, {"e"}}, sets, "another cause")
	sets = meet(sets, []string{"a", "c"})
	require.Equal(t, [][]string{{"c"}, {"e"}}, sets)
}

func TestGroupsKeepAFewRuns(t *testing.T) {
	s := newSummary()
	for i := range 20 {
		r := &Result{Seed: uint64(i), Verdict: Fail, Findings: []Finding{{Signature: "a"}, {Signature: "b"}}}
		if i == 15 {
			r.Findings = r.Findings[:1]
		}
		s.add(r)
	}
	require.Len(t, s.Groups, 2)
	require.Equal(t, 20, s.Groups[0].Count)
	require.Len(t, s.Groups[0].First, keptPerGroup+1, "and the first that shows nothing else")
	require.Len(t, s.Groups[1].First, keptPerGroup)
}

// Every failure of today's Kudu has a hazard that explains it.
func TestFailuresOfKuduHeadAreExplained(t *testing.T) {
	t.Parallel()
	causes := map[string]string{}
	for _, seed := range []uint64{9, 28} {
		sum, err := Fuzz{Scenario: "storm", Select: variant.Selection{Profile: "kudu-head"},
			First: seed, Count: 1}.Run(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, sum.Groups)
		ExplainGroups(sum.Groups, 0, func() {})
		for _, g := range sum.Groups {
			causes[g.Signature] = g.Cause
			require.NotContains(t, g.Cause, Unexplained, g.Signature)
		}
	}
	require.Contains(t, causes["leadership/master/answers-though-deposed"], "KUDU-1188")
	require.Contains(t, causes["exactly-once/request/refused-after-effect"], "KUDU-1537")
}

// Of defects that show a failure together those are named that it takes.
func TestRoadsSpareWhatTheyCan(t *testing.T) {
	t.Parallel()
	p, err := Draw("storm", 0, variant.Selection{Defects: []string{"KUDU-849", "L12"}})
	require.NoError(t, err)
	res, err := Run(p, Options{})
	require.NoError(t, err)
	require.Equal(t, Fail, res.Verdict)
	require.Contains(t, res.Defects, "KUDU-849")
	require.Equal(t, "KUDU-1353", road(res, res.Signature), "which KUDU-849 needs")
}

// What a run never asked about could be otherwise, and it would be the same run.
func TestWhatIsNotAskedDoesNotCount(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"kudu-0.7", "kudu-head"} {
		for seed := range uint64(3) {
			res := mustRun(t, "storm", seed, variant.Selection{Profile: profile}, Options{})
			before, err := res.plan.Select.Resolve()
			require.NoError(t, err)
			unasked := slices.DeleteFunc(slices.Clone(res.Defects), func(id string) bool {
				now := res.plan.Select
				now.Without = []string{id}
				v, err := now.Resolve()
				return err != nil || !before.SameTo(res.variations.asked, v)
			})
			require.NotEmpty(t, unasked)
			same, err := runWithout(res, unasked...)
			require.NoError(t, err)
			p := res.plan
			p.Select.Without = unasked
			made, err := Run(p, Options{})
			require.NoError(t, err)
			require.Equal(t, made.Digest, same.Digest)
			require.Equal(t, made.Findings, same.Findings)
			require.Equal(t, made.Defects, same.Defects)
		}
	}
}
