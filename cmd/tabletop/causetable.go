package main

import (
	"fmt"
	"strings"
	"time"

	"tabletop/scenarios"
)

// goal is how many faults and operations are to be left at most.
const goal = 6

// shrinkingTable says in Markdown how small failures become.
func shrinkingTable(all []scenarios.Cause) string {
	var t strings.Builder
	fmt.Fprintln(&t, "| defect | fails with | lines | faults and operations | runs | wall | "+
		"other seeds that fail |\n|---|---|---|---|---|---|---|")
	var shrunk []scenarios.Cause
	small := 0
	for _, c := range all {
		if c.Plan == "" {
			fmt.Fprintf(&t, "| %s | %s | | | | | |\n", c.Defect, c.Error)
			continue
		}
		shrunk = append(shrunk, c)
		if c.Left() <= goal {
			small++
		}
		wall := fmt.Sprintf("%.1f s", c.Wall.Seconds())
		if !c.Smallest {
			wall += ", cut off"
		}
		fmt.Fprintf(&t, "| %s | `%s` | %d → %d | %d → %d + %d | %d | %s | %s |\n", c.Defect,
			c.Signature, c.Before.Lines, c.After.Lines, c.Before.Faults+c.Before.Ops,
			c.After.Faults, c.After.Ops, c.Tries, wall, others(c))
	}
	if len(shrunk) == 0 {
		return t.String()
	}
	fmt.Fprintf(&t, "\nMedian (95th percentile) of lines before: %v, after: %v; of faults and "+
		"operations before:\n%v, after: %v; of wall clock: %v. %d of %d, %d %%, end with at "+
		"most %d faults and\noperations within %v.\n",
		scenarios.SpreadOf(shrunk, func(c scenarios.Cause) int { return c.Before.Lines }),
		scenarios.SpreadOf(shrunk, func(c scenarios.Cause) int { return c.After.Lines }),
		scenarios.SpreadOf(shrunk, func(c scenarios.Cause) int {
			return c.Before.Faults + c.Before.Ops
		}),
		scenarios.SpreadOf(shrunk, scenarios.Cause.Left),
		scenarios.SpreadOf(shrunk, func(c scenarios.Cause) time.Duration {
			return c.Wall.Round(100 * time.Millisecond)
		}),
		small, len(shrunk), 100*small/len(shrunk), goal, shrunk[0].For)
	return t.String()
}

// others tells how many other choices of latencies and ties fail, too.
func others(c scenarios.Cause) string {
	if c.Others == 0 {
		return "-"
	}
	return fmt.Sprintf("%d of %d", c.OthersFail, c.Others)
}

// pointTable says in Markdown where the points of no return lie.
func pointTable(all []scenarios.Cause) string {
	var t strings.Builder
	fmt.Fprintln(&t, "| defect | asked | parts | point of no return | start, before → "+
		"after | fails | event |\n|---|---|---|---|---|---|---|")
	placed, late, lost, known := 0, 0, 0, 0
	at := func(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
	for _, c := range all {
		if c.Error != "" {
			fmt.Fprintf(&t, "| %s | | | | | | %s |\n", c.Defect, c.Error)
			continue
		}
		point, chances := at(c.At).String(), fmt.Sprintf("%d, %d → %d of %d", c.FailStart,
			c.FailBefore, c.FailAfter, c.Runs)
		if c.Event == "" {
			point, chances = "the start", fmt.Sprintf("%d of %d", c.FailStart, c.Runs)
			lost++
		}
		fmt.Fprintf(&t, "| %s | %v | %v | %s | %s | %v | %s |\n", c.Defect, at(c.Asked),
			at(c.Parts), point, chances, at(c.Fails), strings.ReplaceAll(c.Event, "|", "\\|"))
		known++
		if c.Placed() {
			placed++
		}
		if c.PlacedLate() {
			late++
		}
	}
	if known > 0 {
		fmt.Fprintf(&t, "\nThe point of no return lies between the first question and the failure "+
			"for %d of %d, %d %%, and for %d\nnot before the runs part; %d are lost from the "+
			"start.\n", placed, known, 100*placed/known, late, lost)
	}
	return t.String()
}
