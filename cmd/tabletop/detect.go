package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"tabletop/model/variant"
	"tabletop/scenarios"
)

// detectFlags say what to look for, and how long.
type detectFlags struct {
	common
	count    int
	starts   int
	duration time.Duration
	state    string
	markdown string
}

func detectCommand() *cobra.Command {
	var f detectFlags
	cmd := &cobra.Command{
		Use:   "detect",
		Short: "The first seed that shows each defect",
		Long: `Looks for each defect, or for those given, in storms under the profile with that
defect added: the first seed, from 1 on, whose run fails with it and passes with only it
removed. With --starts it looks again from 100001, 200001 and so on. The seeds do not depend on
the number of workers. Where other defects are on, a failure of theirs may be missing by chance
once this one is removed.

The table at the end is Markdown: what the runs that show a defect fail with first; whether the
judge meant for it was the one that objected; how many of all runs that failed with the defect on
it explains, since they pass without it; of how many of them ablation names exactly that defect,
since nothing else makes what they failed with go away; how many seeds it took, by the median of
the starts, - if more than half have not found it; and the shortest run that shows it. Below it
are the sums.

Bounds count what the state file says was done before; a longer one goes on from there. What
another version of the generator did is done again.

Exit status: 0 every defect was found; 2 bad usage or bad input; 3 some defect was not found
within the bounds, which proves nothing about it.`,
		Example: `  tabletop detect
  tabletop detect --defect KUDU-1353 --defect L1 --count 500
  tabletop detect --for 1h --state detect.jsonl
  tabletop detect --starts 5 --state detect.jsonl --markdown docs/bugs.md
  tabletop detect --profile kudu-1.0 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return detect(cmd, &f) },
	}
	f.addSelection(cmd)
	cmd.Flags().Lookup("defect").Usage = "look for this defect, not for all (repeatable)"
	f.addWorkers(cmd)
	f.addJSON(cmd)
	cmd.Flags().IntVar(&f.count, "count", 2000, "seeds to try at most from each start; with --for "+
		"and no --count as many as that takes")
	cmd.Flags().IntVar(&f.starts, "starts", 1, "from how many starting points to look, "+
		"100,000 seeds apart")
	cmd.Flags().DurationVar(&f.duration, "for", 0, "wall clock at most for each defect, "+
		"the same for each start")
	cmd.Flags().StringVar(&f.state, "state", "", "keep what was found in this file, as JSON "+
		"lines, and go on from it")
	cmd.Flags().StringVar(&f.markdown, "markdown", "", "put the table into this file, between its "+
		"lines <!-- detect --> and <!-- end of detect -->")
	cmd.MarkFlagsMutuallyExclusive("defect", "markdown")
	return cmd
}

// plan turns the flags into a search, and what to search for.
func (f *detectFlags) plan(cmd *cobra.Command) (scenarios.Detect, []scenarios.Detection, error) {
	d := scenarios.Detect{Select: f.sel, Count: f.count, Workers: f.workers}
	if f.duration < 0 || f.duration == 0 && cmd.Flags().Changed("for") {
		return d, nil, fmt.Errorf("--for %v: want a positive duration", f.duration)
	}
	if f.count < 1 {
		return d, nil, fmt.Errorf("--count %d: want at least 1", f.count)
	}
	if f.starts < 1 || f.starts > 1000 {
		return d, nil, fmt.Errorf("--starts %d: want a number from 1 to 1000", f.starts)
	}
	d.For = f.duration / time.Duration(f.starts)
	if f.duration > 0 && !cmd.Flags().Changed("count") {
		d.Count = 0
	}
	ids := f.sel.Defects
	if len(ids) == 0 {
		for _, known := range variant.Defects {
			ids = append(ids, known.ID)
		}
	}
	var begun []scenarios.Detection
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			continue
		}
		for start := range uint64(f.starts) {
			at, err := d.Begin(id, 1+start*betweenStarts)
			if err != nil {
				return d, nil, err
			}
			begun = append(begun, at)
		}
	}
	return d, begun, nil
}

const betweenStarts = 100_000

func detect(cmd *cobra.Command, f *detectFlags) error {
	d, searches, err := f.plan(cmd)
	if err != nil {
		return err
	}
	doc, err := openDocument(f.markdown, "detect")
	if err != nil {
		return err
	}
	state := stateFile{name: f.state}
	if err := state.read(); err != nil {
		return err
	}
	for i, begun := range searches {
		at, err := search(cmd, f, d, state.known.Resume(begun), &state)
		if err != nil {
			return err
		}
		searches[i] = at
		if f.json {
			if err := printJSON(cmd, at); err != nil {
				return err
			}
		}
	}
	bugs := scenarios.BugsOf(searches)
	table := bugTable(bugs)
	fmt.Fprint(f.people(cmd), "\n", table)
	if err := doc.Write(table); err != nil {
		return err
	}
	if slices.ContainsFunc(bugs, func(b scenarios.Bug) bool { return len(b.Found()) == 0 }) {
		return status(exitNoProof)
	}
	return nil
}

// search looks for one defect and keeps the state up to date.
func search(cmd *cobra.Command, f *detectFlags, d scenarios.Detect, at scenarios.Detection,
	state *stateFile) (scenarios.Detection, error) {
	bar := newProgress(cmd, max(0, d.Count-at.Tried), at.Defect)
	var failed error
	d.Step = func(at scenarios.Detection, r *scenarios.Result) bool {
		bar.add()
		if at.Found() {
			bar.clear()
			printVerdict(f.people(cmd), r)
		}
		failed = state.put(at, false)
		return failed == nil
	}
	at, err := d.Run(cmd.Context(), at)
	bar.clear()
	if err = errors.Join(err, failed); err != nil {
		return at, err
	}
	return at, state.put(at, true)
}
