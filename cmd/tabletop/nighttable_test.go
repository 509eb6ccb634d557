package main

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/scenarios"
)

var update = flag.Bool("update", false, "write the golden files anew")

// someNight is a night with one failure of every kind.
func someNight() *scenarios.Night {
	return &scenarios.Night{
		NightBegin: scenarios.NightBegin{Night: 3, Generator: 9, Code: "0011aabb",
			At: time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC)},
		FirstSeed: 1000, NextSeed: 3000, Runs: 2000, AllNights: 9000, PerHour: 100000,
		Verdicts:  map[string]int{scenarios.Pass: 1900, scenarios.Fail: 95, scenarios.Vacuous: 5},
		VirtualNS: int64(50 * time.Hour), WallNS: int64(72 * time.Second),
		Canary: scenarios.Canary{Defect: "KUDU-2472", Found: true, Tried: 200,
			Signature: "availability/table/refused-for-good", Seed: 1004},
		Lanes: []scenarios.NightLane{{Name: "ideal", Share: 66, Runs: 1800,
			Verdicts: map[string]int{scenarios.Pass: 1800}}},
		Failures: []scenarios.NightGroup{
			{NightFailure: scenarios.NightFailure{Lane: "ideal", Signature: "a/b/c", Runs: 1,
				Token: "tt1_x", New: true}, Since: 3,
				Plan: &scenarios.NightPlan{Plan: "ideal-a-b-c-1.plan", Lines: 12}},
			{NightFailure: scenarios.NightFailure{Lane: "ideal", Signature: "d/e/f", Runs: 2,
				Token: "tt1_y", New: true}, Since: 1,
				Plan: &scenarios.NightPlan{Error: "the run does not fail"}},
			{NightFailure: scenarios.NightFailure{Lane: "kudu-0.7", Signature: "g/h/i", Runs: 3,
				Token: "tt1_z", New: true}, Since: 3},
			{NightFailure: scenarios.NightFailure{Lane: "kudu-0.7", Runs: 90, Seed: 1500,
				Signature: scenarios.StuckAlter, Cause: "KUDU-1353", Kept: "kudu_1353.plan"}},
		},
		Probes:  map[string]int{"same-master-again": 1999, "all-masters-down": 1},
		Slowest: []scenarios.SlowSeed{{Lane: "ideal", Seed: 1234, WallNS: 1e9, Events: 7}},
	}
}

func TestGoldenNight(t *testing.T) {
	const file = "testdata/night.md"
	text := nightTable(someNight())
	before, rest, _ := strings.Cut(text, "## Probes\n\nNever reached: ")
	never, after, _ := strings.Cut(rest, ".\n\nReached")
	require.Contains(t, never, "two-believe-they-lead")
	require.NotContains(t, never, "all-masters-down")
	got := before + "## Probes\n\nReached" + after // all probes that there are would stand here
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "if the change is meant, run make golden")
}

// A night is green only if nothing is new, its canary was found, and its runs prove something.
func TestNightStatus(t *testing.T) {
	for what, test := range map[string]struct {
		change func(*scenarios.Night)
		want   error
		head   string
	}{
		"as it is": {func(*scenarios.Night) {}, status(exitFail), "3 NEW"},
		"known":    {func(n *scenarios.Night) { n.Failures = n.Failures[3:] }, nil, "nothing new"},
		"no canary": {func(n *scenarios.Night) { n.Failures, n.Canary.Found = nil, false },
			status(exitFail), "THE CANARY WAS MISSED"},
		"vacuous": {func(n *scenarios.Night) { n.Failures, n.Verdicts[scenarios.Vacuous] = nil, 21 },
			status(exitFail), "TOO MUCH IS VACUOUS"},
		"few": {func(n *scenarios.Night) {
			n.Failures, n.Runs, n.Verdicts[scenarios.Vacuous] = nil, 100, 21
		}, nil, "nothing new"},
		"inconclusive": {func(n *scenarios.Night) {
			n.Failures, n.Verdicts[scenarios.Inconclusive] = nil, 1
		}, status(exitNoProof), "1 inconclusive"},
	} {
		n := someNight()
		test.change(n)
		require.Equal(t, test.want, nightStatus(n), what)
		require.Contains(t, nightTable(n), "# Night 3: "+test.head+"\n", what)
	}
}
