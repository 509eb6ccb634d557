package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tabletop/scenarios"
)

func explainCommand() *cobra.Command {
	var c common
	var a scenarios.Ablation
	cmd := &cobra.Command{
		Use:   "explain TOKEN | FILE.plan",
		Short: "Which defect a failure is due to, by ablation",
		Long: `Makes the failing run again with each defect that is on removed, one at a time, and
with each defence put back that --without had removed. The cause is what makes the signature go
away; if nothing does by itself, but the removal of all does, several defects show it together, or
each by itself, and some of them are named. With --json each of the runs is told of.

Taking something out disturbs the whole run, so that a failure that hangs on a chance may go away
with it: shrink the plan first if several causes are named.

Exit status: 0 a cause is named; 1 nothing of it explains the failure, which is one of the
program's own; 2 bad usage or input, or the run does not fail.`,
		Example: `  tabletop explain tt1_cwEFc3Rvcm0...
  tabletop explain found.plan --signature liveness/table/alter-stuck`,
		Args: exactly(1, "a token or a plan file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.Workers = c.workers
			return explain(cmd, &c, a, args[0])
		},
	}
	c.addWorkers(cmd)
	c.addJSON(cmd)
	cmd.Flags().StringVar(&a.Signature, "signature", "", "of this failure; empty: of the first")
	return cmd
}

func explain(cmd *cobra.Command, c *common, a scenarios.Ablation, word string) error {
	p, err := planNamed(word)
	if err != nil {
		return err
	}
	var bar progress
	a.Step = func(done, all int) {
		if done == 1 {
			bar = newProgress(cmd, all, "runs")
		}
		bar.add()
	}
	x, err := a.Run(cmd.Context(), p)
	bar.clear()
	if err != nil {
		return err
	}
	showExplained(cmd, c, x)
	if c.json {
		if err := printJSON(cmd, explainedOf(x)); err != nil {
			return err
		}
	}
	if x.Cause == scenarios.Unexplained {
		return status(exitFail)
	}
	return nil
}

// showExplained tells what made a difference; what did not is counted.
func showExplained(cmd *cobra.Command, c *common, x scenarios.Explained) {
	out := c.people(cmd)
	printVerdict(out, x.Result)
	same := 0
	for _, change := range x.Changed {
		if !change.Cures {
			same++
		}
	}
	fmt.Fprintf(out, "\n%s: %s\n", x.Signature, x.Cause)
	if len(x.Changed) == 0 {
		fmt.Fprintln(out, "  no defect is on, and no defence was removed")
		return
	}
	fmt.Fprintf(out, "  %d of %d runs with one difference fail in the same way%s\n",
		same, len(x.Changed), map[bool]string{true: "; the others:"}[same < len(x.Changed)])
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, change := range x.Changed {
		if !change.Cures {
			continue
		}
		how := "without"
		if change.Defence {
			how = "with"
		}
		fmt.Fprintf(t, "  %s %s\t%s %s\t%s\n", how, change.ID, change.Result.Verdict,
			change.Result.Signature, change.Title)
	}
	_ = t.Flush()
}

// explainedJSON is what a program gets to know.
type explainedJSON struct {
	Signature string       `json:"signature"`
	Token     string       `json:"token"`
	Cause     string       `json:"cause"`
	Changed   []changeJSON `json:"changed"`
}

type changeJSON struct {
	ID        string `json:"id"`
	Defence   bool   `json:"defence,omitempty"`
	Cures     bool   `json:"cures"`
	Verdict   string `json:"verdict"`
	Signature string `json:"signature"`
	Token     string `json:"token"`
}

func explainedOf(x scenarios.Explained) explainedJSON {
	told := explainedJSON{x.Signature, x.Result.Token, x.Cause, []changeJSON{}}
	for _, c := range x.Changed {
		told.Changed = append(told.Changed, changeJSON{c.ID, c.Defence, c.Cures, c.Result.Verdict,
			c.Result.Signature, c.Result.Token})
	}
	return told
}
