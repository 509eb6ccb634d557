package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"tabletop/scenarios"
)

// nightlyFlags say how long to run storms, and where what is found is kept.
type nightlyFlags struct {
	common
	n   scenarios.Nightly
	out string
}

// What is in the folder of the nights.
const (
	resultsFile   = "results.jsonl"
	summaryText   = "summary.md"
	summaryJSON   = "summary.json"
	plansFolder   = "plans"
	enoughToJudge = 1000 // runs, of which no more than 1 % may prove nothing
)

func nightlyCommand() *cobra.Command {
	var f nightlyFlags
	cmd := &cobra.Command{
		Use:   "nightly --for DURATION --out FOLDER",
		Short: "Storms all night, under all profiles, and what is new",
		Long: `Runs storms under every profile, in stated shares, on seeds that no night before
has had. What each batch of seeds has shown goes to the end of FOLDER/results.jsonl, and is on
the disk before the next begins: a night whose program is killed is gone on with at the next
start. A night that is interrupted (Ctrl-C) ends in good order.

Failures are grouped by lane and signature. Of each group of a batch one run is made again without
the defects that the profile has on, one at a time. Those that one of them explains are expected,
and known if a plan in the corpus shows the same; all others are new, and under ideal all are. New
ones are shrunk, and their plans are in FOLDER/plans. Every night a defect is planted that must be
found, or the night has failed. The summary is in FOLDER/summary.md and summary.json.

Exit status: 0 nothing is new; 1 something is, or the planted defect was not found, or more than
1 % of at least 1,000 runs prove nothing; 2 bad usage or bad input; 3 some run was inconclusive.`,
		Example: `  tabletop nightly --for 8h --out nights
  tabletop nightly --for 10m --out nights --workers 1 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return nightly(cmd, &f) },
	}
	f.addWorkers(cmd)
	f.addJSON(cmd)
	cmd.Flags().DurationVar(&f.n.For, "for", 8*time.Hour, "wall clock, after which no batch "+
		"begins")
	cmd.Flags().StringVar(&f.out, "out", "", "the folder of the nights, made if it is missing")
	cmd.Flags().StringVar(&f.seed, "seed", "1000000", "the first seed of the first night")
	cmd.Flags().IntVar(&f.n.Batch, "batch", 200, "seeds in a batch, which is what a kill costs")
	cmd.Flags().DurationVar(&f.n.Shrink, "shrink", time.Minute, "wall clock at most to shrink a "+
		"new failure")
	return cmd
}

// check looks at the flags.
func (f *nightlyFlags) check() (err error) {
	f.n.Workers = f.workers
	if f.n.First, err = scenarios.ParseSeed(f.seed); err != nil {
		return err
	}
	switch {
	case f.out == "":
		return errors.New("nightly: want --out FOLDER")
	case f.n.For <= 0:
		return fmt.Errorf("--for %v: want a positive duration", f.n.For)
	case f.n.Shrink <= 0:
		return fmt.Errorf("--shrink %v: want a positive duration", f.n.Shrink)
	case f.n.Batch < 1 || f.n.Batch > 100_000:
		return fmt.Errorf("--batch %d: want a number from 1 to 100000", f.n.Batch)
	}
	return nil
}

func nightly(cmd *cobra.Command, f *nightlyFlags) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(f.out, plansFolder), 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	journal, done, err := scenarios.OpenJournal(filepath.Join(f.out, resultsFile),
		func(scenarios.NightEntry) error { return nil }) // their order is looked at below
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	f.n.Put = journal.Add
	f.n.PutPlan = func(name string, p scenarios.Plan) error {
		return scenarios.ReplaceFile(filepath.Join(f.out, plansFolder, name), p.String())
	}
	bar := newProgress(cmd, 0, "seeds")
	f.n.Each = func(*scenarios.Result) { bar.add() }
	f.n.New = func(r *scenarios.Result) {
		bar.clear()
		printVerdict(f.people(cmd), r)
	}
	night, err := f.n.Run(cmd.Context(), done)
	bar.clear()
	if err != nil {
		return fmt.Errorf("--out %s: %w", filepath.Join(f.out, resultsFile), err)
	}
	return f.show(cmd, night)
}

// show writes the summary, prints it, and returns the status.
func (f *nightlyFlags) show(cmd *cobra.Command, night *scenarios.Night) error {
	text := nightTable(night)
	doc, err := json.MarshalIndent(night, "", "  ")
	if err != nil {
		return err
	}
	for name, content := range map[string]string{summaryText: text,
		summaryJSON: string(doc) + "\n"} {
		if err := scenarios.ReplaceFile(filepath.Join(f.out, name), content); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	fmt.Fprint(f.people(cmd), "\n", text)
	if f.json {
		if err := printJSON(cmd, night); err != nil {
			return err
		}
	}
	return nightStatus(night)
}

// nightStatus: what is new counts most, and a night that would not have shown it as much.
func nightStatus(n *scenarios.Night) error {
	switch {
	case n.New() > 0, !n.Canary.Found, tooManyProveNothing(n):
		return status(exitFail)
	case n.Verdicts[scenarios.Inconclusive] > 0:
		return status(exitNoProof)
	}
	return nil
}

func tooManyProveNothing(n *scenarios.Night) bool {
	return n.Runs >= enoughToJudge && 100*n.Verdicts[scenarios.Vacuous] > n.Runs
}
