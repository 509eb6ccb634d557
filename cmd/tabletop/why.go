package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"tabletop/scenarios"
)

func whyCommand() *cobra.Command {
	var c common
	var y scenarios.Why
	cmd := &cobra.Command{
		Use:   "why TOKEN | FILE.plan",
		Short: "The event after which a failure was hardly to be avoided",
		Long: `Makes the failing run again up to an instant, and has everything after it drawn anew,
--runs times: latencies, losses, ties and time-outs, and the operations and faults that are due
later, as other storms on the same cluster have them. Bisection over the instants that the story
(run --verbose) tells of finds the event after which nine of ten fail, and of those that escape if
all is drawn anew from the start, at least half. What fails more than 5 s later than the run did is
another failure, unless it is seen after healing.`,
		Example: `  tabletop why tt1_cwEFc3Rvcm0...`,
		Args:    exactly(1, "a token or a plan file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if y.Runs < 1 {
				return fmt.Errorf("--runs %d: want at least 1", y.Runs)
			}
			p, err := planNamed(args[0])
			if err != nil {
				return err
			}
			bar := newProgress(cmd, 16, "instants")
			y.Workers = c.workers
			y.Step = func(int, int) { bar.add() }
			found, err := y.Run(cmd.Context(), p)
			bar.clear()
			if err != nil {
				return err
			}
			fmt.Fprintln(c.people(cmd), found)
			if c.json {
				return printJSON(cmd, noReturnOf(found))
			}
			return nil
		},
	}
	c.addWorkers(cmd)
	c.addJSON(cmd)
	cmd.Flags().StringVar(&y.Signature, "signature", "", "of this failure; empty: of the first")
	cmd.Flags().IntVar(&y.Runs, "runs", 50, "runs for each instant")
	return cmd
}

// noReturnJSON is what a program gets to know.
type noReturnJSON struct {
	Signature string        `json:"signature"`
	At        time.Duration `json:"at_ns"`
	Who       string        `json:"who"` // empty: the run is lost from the start
	Event     string        `json:"event"`
	Fails     time.Duration `json:"fails_ns"`
	Runs      int           `json:"runs"`
	Start     int           `json:"fail_from_start"`
	Before    int           `json:"fail_before"`
	After     int           `json:"fail_after"`
}

func noReturnOf(n scenarios.NoReturn) noReturnJSON {
	return noReturnJSON{n.Signature, time.Duration(n.Event.At), n.Event.Who, n.Event.Text, n.Fails,
		n.Runs, n.Start, n.Before, n.After}
}
