package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tabletop/scenarios"
	"tabletop/sim"
)

func compareCommand() *cobra.Command {
	var c common
	var seeds, storms int
	var markdown string
	cmd := &cobra.Command{
		Use:   "compare SCENARIO",
		Short: "The scenario's variants side by side, in numbers",
		Example: `  tabletop compare kudu-1353
  tabletop compare kudu-1353-rename --storms 200
  tabletop compare kudu-l1
  tabletop compare kudu-1353 --json`,
		Args: exactly(1, "a scenario"),
		RunE: func(cmd *cobra.Command, args []string) error {
			first, err := scenarios.ParseSeed(c.seed)
			if err != nil {
				return err
			}
			if seeds < 1 || storms < 1 {
				return fmt.Errorf("--sequences and --storms: want at least 1")
			}
			doc, err := openDocument(markdown, "compare "+args[0])
			if err != nil {
				return err
			}
			var bar progress
			x := scenarios.Comparison{Scenario: args[0], Options: c.sel.Options, Seeds: seeds,
				Storms: storms, First: first, Workers: c.workers,
				Step: func(done, all int) {
					if done == 1 {
						bar = newProgress(cmd, all, "runs")
					}
					bar.add()
				}}
			rows, err := x.Run(cmd.Context())
			bar.clear()
			if err != nil {
				return err
			}
			if c.json {
				return printJSON(cmd, rows)
			}
			scenario, _ := scenarios.Find(args[0])
			var text strings.Builder
			printComparison(&text, scenario, rows)
			fmt.Fprint(cmd.OutOrStdout(), text.String())
			return doc.WriteBlock(text.String())
		},
	}
	c.addSeed(cmd)
	cmd.Flags().StringArrayVar(&c.sel.Options, "option", nil,
		"NAME=VALUE for every variant; see list options (repeatable)")
	c.addWorkers(cmd)
	c.addJSON(cmd)
	cmd.Flags().IntVar(&seeds, "sequences", 100, "runs of the scenario's own sequence per variant")
	cmd.Flags().IntVar(&storms, "storms", 1000, "random storms per variant")
	cmd.Flags().StringVar(&markdown, "markdown", "", "put the comparison into this file, between "+
		"its lines <!-- compare SCENARIO --> and <!-- end of compare SCENARIO -->")
	cmd.MarkFlagsMutuallyExclusive("json", "markdown")
	return cmd
}

func printComparison(w io.Writer, scenario scenarios.Scenario, rows []scenarios.Row) {
	fmt.Fprintf(w, "%s: the sequence of the %s, %d times each, and %d random storms, the same "+
		"for every variant\n\n", scenario.Name, scenario.Sequence, rows[0].Sequence, rows[0].Storms)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\t%s's\tAlterTable\tto done\tstuck per\tpassed per\tmaster\t\theartbeat\t\n",
		scenario.Sequence)
	fmt.Fprintln(t, "variant\tsequence\tmedian\t99 %\t1,000 storms\t1,000 storms\twrites\t"+
		"messages\tbytes\t")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%.1f\t%.1f\t%.0f\t%.0f\t%.0f\t\n", r.Variant, sequence(r),
			duration(r, r.DoneMedian), duration(r, r.DoneP99), perMille(r.StormsStuck, r.Storms),
			perMille(r.StormsPassed, r.Storms), r.MasterWrites, r.Messages, r.HeartbeatBytes)
	}
	_ = t.Flush()
	fmt.Fprintln(w, "\nThe last three columns are per virtual minute, up to the end of the storms.")
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\n", r.Variant, r.Title)
	}
	_ = t.Flush()
	printOthers(w, rows)
}

// sequence says how the scenario's own sequence ended.
func sequence(r scenarios.Row) string {
	switch {
	case r.Vacuous > 0:
		return fmt.Sprintf("%d vacuous", r.Vacuous)
	case r.Stuck == 0:
		return "done"
	case r.Stuck == r.Sequence:
		return "STUCK"
	}
	return fmt.Sprintf("%d STUCK", r.Stuck)
}

func duration(r scenarios.Row, d time.Duration) string {
	if r.Done == 0 {
		return "never"
	}
	return d.Round(time.Millisecond).String()
}

func perMille(n, all int) float64 { return 1000 * float64(n) / float64(all) }

// printOthers lists the failures that are not stuck alters, per variant.
func printOthers(w io.Writer, rows []scenarios.Row) {
	signatures := map[string]int{}
	for _, r := range rows {
		for s, n := range r.Others {
			signatures[s] += n
		}
	}
	if len(signatures) == 0 {
		return
	}
	fmt.Fprintln(w, "\nOther failures, in how many of the runs:")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t", r.Variant)
	}
	fmt.Fprintln(t)
	names := sim.Keys(signatures)
	slices.SortStableFunc(names, func(a, b string) int { return signatures[b] - signatures[a] })
	for _, s := range names {
		for _, r := range rows {
			fmt.Fprintf(t, "%d\t", r.Others[s])
		}
		fmt.Fprintf(t, " %s\n", s)
	}
	_ = t.Flush()
}
