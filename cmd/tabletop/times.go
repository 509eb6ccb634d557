package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"tabletop/checker"
	"tabletop/model/variant"
	"tabletop/scenarios"
)

// timeColumns are what the table of times has for each kind of fault.
var timeColumns = []struct {
	title, since string
	what         checker.Stage
}{
	{"leader", scenarios.SinceFault, checker.StageLeader},
	{"DDL", scenarios.SinceFault, checker.StageDDL},
	{"healed: leader", scenarios.SinceHealing, checker.StageLeader},
	{"DDL", scenarios.SinceHealing, checker.StageDDL},
	{"catalog", scenarios.SinceHealing, checker.StageCatalog},
	{"replicas", scenarios.SinceHealing, checker.StageReplicas},
}

// printTimes prints how long recovery took, for each kind of fault, against the budgets.
func printTimes(w io.Writer, sum *scenarios.Summary) {
	var kinds []string
	cells := map[string][]string{}
	for _, s := range sum.Times() {
		if !slices.Contains(kinds, s.Kind) {
			kinds = append(kinds, s.Kind)
			cells[s.Kind] = make([]string, len(timeColumns))
		}
		for i, c := range timeColumns {
			if s.Since == c.since && s.What == c.what {
				cells[s.Kind][i] = fmt.Sprintf("%s %s %s (%d)", seconds(s.Median), seconds(s.P99),
					seconds(s.Max), s.Count)
			}
		}
	}
	fmt.Fprint(w, `
Seconds: median, 99 %, most (how many). The first two columns are from the fault that took the
leader master to the next one, and to the next DDL answered. The others are from healing, of runs in
which such a fault was in force in the last 30 s. The budget of replicas comes on top of the time
after which a silent one counts as failed.

`)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "fault")
	for _, c := range timeColumns {
		fmt.Fprint(t, "\t", c.title)
	}
	fmt.Fprint(t, "\nbudget\t\t")
	for _, c := range timeColumns[2:] {
		fmt.Fprint(t, "\t", seconds(checker.BudgetOf(c.what, variant.Variants{})))
	}
	fmt.Fprintln(t)
	for _, kind := range kinds {
		fmt.Fprint(t, kind)
		for _, cell := range cells[kind] {
			fmt.Fprint(t, "\t", cell)
		}
		fmt.Fprintln(t)
	}
	_ = t.Flush()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) }
