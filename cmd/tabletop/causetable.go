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
	fmt.Fprintln(&t, "| defect | parts | point of no return | before → after | fails | event |\n"+
		"|---|---|---|---|---|---|")
	placed, lost, known := 0, 0, 0
	for _, c := range all {
		switch {
		case c.Error != "":
			fmt.Fprintf(&t, "| %s | | | | | %s |\n", c.Defect, c.Error)
			continue
		case c.Event == "":
			lost++
			fmt.Fprintf(&t, "| %s | %v | the start | %d of %d | %v | |\n", c.Defect,
				c.Parts.Round(time.Millisecond), c.FailBefore, c.Runs,
				c.Fails.Round(time.Millisecond))
		default:
			fmt.Fprintf(&t, "| %s | %v | %v | %d → %d of %d | %v | %s |\n", c.Defect,
				c.Parts.Round(time.Millisecond), c.At.Round(time.Millisecond), c.FailBefore,
				c.FailAfter, c.Runs, c.Fails.Round(time.Millisecond),
				strings.ReplaceAll(c.Event, "|", "\\|"))
		}
		if known++; c.Placed() {
			placed++
		}
	}
	if known > 0 {
		fmt.Fprintf(&t, "\nThe point of no return lies between where the runs part and the "+
			"failure for %d of %d, %d %%; %d are\nlost from the start.\n", placed, known,
			100*placed/known, lost)
	}
	return t.String()
}
