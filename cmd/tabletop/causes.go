package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"tabletop/scenarios"
)

// causesFlags say which failures to take to their causes, and how far.
type causesFlags struct {
	common
	k        scenarios.Causes
	state    string
	markdown string
}

func causesCommand() *cobra.Command {
	var f causesFlags
	cmd := &cobra.Command{
		Use:   "causes SEARCHES.jsonl",
		Short: "From what detect has found to causes: shrink and why for each defect",
		Long: `Takes of each defect that a state file of detect says was found the first run that
shows it, shrinks that, and looks for its point of no return, as shrink and why do. Prints how
small plans become in how long a time, and whether each point of no return lies between the first
question about the defect and the failure, as Markdown.

With --state a second start goes on where the first was interrupted, and does again what was done
with other bounds or by another version of the code.`,
		Example: `  tabletop detect --state found.jsonl
  tabletop causes found.jsonl --state causes.jsonl --markdown docs/shrinking.md
  tabletop causes found.jsonl --defect KUDU-1353 --for 2m --runs 200`,
		Args: exactly(1, "the state file of detect"),
		RunE: func(cmd *cobra.Command, args []string) error { return causes(cmd, &f, args[0]) },
	}
	cmd.Flags().StringArrayVar(&f.sel.Defects, "defect", nil, "look at this defect, not at all "+
		"(repeatable)")
	f.addWorkers(cmd)
	f.addJSON(cmd)
	cmd.Flags().DurationVar(&f.k.For, "for", 30*time.Second, "wall clock at most to shrink each")
	cmd.Flags().IntVar(&f.k.Runs, "runs", 50, "runs for each instant that may be the point of no "+
		"return")
	cmd.Flags().StringVar(&f.state, "state", "", "keep what was found in this file, as JSON "+
		"lines, and go on from it")
	cmd.Flags().StringVar(&f.markdown, "markdown", "", "put the tables into this file, between "+
		"its lines <!-- shrinking --> and <!-- points of no return -->, and their ends")
	cmd.MarkFlagsMutuallyExclusive("defect", "markdown")
	return cmd
}

func causes(cmd *cobra.Command, f *causesFlags, file string) (err error) {
	switch {
	case f.k.For <= 0:
		return fmt.Errorf("--for %v: want a positive duration", f.k.For)
	case f.k.Runs < 1:
		return fmt.Errorf("--runs %d: want at least 1", f.k.Runs)
	}
	f.k.Workers = f.workers
	searches, err := readSearches(file)
	if err != nil {
		return err
	}
	failures, err := f.wanted(f.k.Of(searches))
	if err != nil {
		return err
	}
	shrinking, err := openDocument(f.markdown, "shrinking")
	if err != nil {
		return err
	}
	points, err := openDocument(f.markdown, "points of no return")
	if err != nil {
		return err
	}
	all, err := f.find(cmd, failures)
	if err != nil {
		return err
	}
	small, lost := shrinkingTable(all), pointTable(all)
	fmt.Fprint(f.people(cmd), small, "\n", lost)
	return errors.Join(shrinking.Write(small), points.Write(lost))
}

// wanted returns the failures that show the defects that are asked for.
func (f *causesFlags) wanted(all []scenarios.Detection) ([]scenarios.Detection, error) {
	if len(f.sel.Defects) == 0 {
		return all, nil
	}
	var wanted []scenarios.Detection
	for _, id := range f.sel.Defects {
		n := len(wanted)
		for _, d := range all {
			if d.Defect == id {
				wanted = append(wanted, d)
			}
		}
		if len(wanted) == n {
			return nil, fmt.Errorf("--defect %s: the searches have not found it", id)
		}
	}
	return wanted, nil
}

// find goes on from the state file, if there is one.
func (f *causesFlags) find(cmd *cobra.Command, failures []scenarios.Detection) (
	all []scenarios.Cause, err error) {
	keep := func(scenarios.Cause) error { return nil }
	var known []scenarios.Cause
	if f.state != "" {
		journal, done, err := scenarios.OpenJournal(f.state, func(c scenarios.Cause) error {
			if c.Defect == "" || c.Token == "" {
				return errors.New("this is no cause of a failure")
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("--state: %w", err)
		}
		defer func() { err = errors.Join(err, journal.Close()) }()
		keep, known = journal.Add, done
	}
	bar := newProgress(cmd, len(failures), "defects")
	defer bar.clear()
	for _, d := range failures {
		c, done := f.k.Known(known, d)
		if !done {
			if c, err = f.k.Find(cmd.Context(), d); err != nil {
				return nil, err
			}
			if err := keep(c); err != nil {
				return nil, fmt.Errorf("--state: %w", err)
			}
		}
		bar.add()
		all = append(all, c)
		if f.json {
			if err := printJSON(cmd, c); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}
