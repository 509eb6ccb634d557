package scenarios

import (
	"testing"

	"github.com/stretchr/testify/require"
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
