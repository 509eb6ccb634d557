package main

import (
	"fmt"
	"strings"

	"tabletop/checker"
	"tabletop/scenarios"
)

// verdictTable returns, in Markdown, what the runs say of the judges: what the histories took, how
// often each probe was reached, and how long recovery took.
func verdictTable(sum *scenarios.Summary, z scenarios.Fuzz) string {
	var t strings.Builder
	middle, p99, steps := sum.HistoryCost()
	fmt.Fprintf(&t, "Of %d runs of %s under %s from seed %d: %d pass, %d fail, %d vacuous, %d "+
		"inconclusive.\nA history was judged in %v (median), %v (99 %%), with %d steps of "+
		"Porcupine at most.\n\n", sum.Runs, z.Scenario, z.Select.Profile, z.First,
		sum.Verdicts[scenarios.Pass], sum.Verdicts[scenarios.Fail],
		sum.Verdicts[scenarios.Vacuous], sum.Verdicts[scenarios.Inconclusive], middle, p99, steps)
	t.WriteString("| probe | runs of 1,000 | the state |\n|---|--:|---|\n")
	counts := map[string]int{}
	for _, p := range sum.Probes() {
		counts[p.Name] = p.PerThousand
	}
	for _, p := range checker.Probes {
		fmt.Fprintf(&t, "| %s | %d | %s |\n", p.Name, counts[p.Name], p.Title)
	}
	var times strings.Builder
	printTimes(&times, sum)
	note, table, _ := strings.Cut(strings.TrimSpace(times.String()), "\n\n")
	t.WriteString("\n" + note + "\n")
	for line := range strings.Lines(table) {
		t.WriteString(strings.TrimRight("\n    "+strings.TrimRight(line, " \n"), " "))
	}
	return t.String() + "\n"
}
