package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
	"tabletop/scenarios"
)

// No run that the commands can be asked for differs from itself, so one is made here: its plan is
// another at the second time.
func TestDivergenceCannotBeOverlooked(t *testing.T) {
	p, err := scenarios.Draw("storm", 11, variant.Selection{Profile: "kudu-0.7"})
	require.NoError(t, err)
	res, err := scenarios.SelfCheck(scenarios.Options{},
		func(o scenarios.Options) (*scenarios.Result, error) {
			r, err := scenarios.Run(p, o)
			p.Faults = p.Faults[1:]
			return r, err
		})
	require.NoError(t, err)
	require.Equal(t, status(exitDiverged), verdictStatus(res))
	var out strings.Builder
	printVerdict(&out, res)
	require.Regexp(t, `^DIVERGED after \d+ equal records: once \S+ \S+: .*; again \S+ \S+: .*\n`,
		out.String())
	require.NotContains(t, out.String(), "PASS")
	require.NotContains(t, out.String(), "FAIL")
	require.Contains(t, out.String(), "\nreplay: go run ./cmd/tabletop replay --self-check tt1_")

	sum := &scenarios.Summary{Runs: 3, Verdicts: map[string]int{scenarios.Diverged: 1,
		scenarios.Fail: 2}}
	require.Equal(t, status(exitDiverged), fuzzStatus(sum))
	out.Reset()
	printSummary(&out, sum, scenarios.Fuzz{Scenario: "storm",
		Options: scenarios.Options{SelfCheck: true}})
	require.Contains(t, out.String(), ", 2 fail, 0 vacuous, 0 inconclusive, 1 DIVERGED\n")
}

// Many runs of which too many prove nothing have failed, and say so.
func TestTooManyVacuousRunsFail(t *testing.T) {
	for vacuous, want := range map[int]error{2: nil, 3: status(exitFail)} {
		sum := &scenarios.Summary{Runs: 200, Verdicts: map[string]int{scenarios.Vacuous: vacuous,
			scenarios.Pass: 200 - vacuous}}
		require.Equal(t, want, fuzzStatus(sum))
		var out strings.Builder
		printSummary(&out, sum, scenarios.Fuzz{Scenario: "storm"})
		require.Equal(t, want != nil, strings.Contains(out.String(), "\nTOO MUCH IS VACUOUS: "+
			"3 of 200 runs prove nothing, more than 1 %\n"))
		require.Contains(t, out.String(), "never reached: same-master-again, ")
	}
}
