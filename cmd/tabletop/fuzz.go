package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tabletop/scenarios"
	"tabletop/sim"
)

// fuzzFlags say which seeds to run, and what to print of them.
type fuzzFlags struct {
	common
	seeds     string
	count     int
	duration  time.Duration
	stop      bool
	stopAt    string
	noExplain bool
	times     bool
	markdown  string
}

func fuzzCommand() *cobra.Command {
	var f fuzzFlags
	cmd := &cobra.Command{
		Use:   "fuzz [SCENARIO] --seeds A..B | --count N | --for DURATION",
		Short: "Many seeds in parallel, failures grouped by signature",
		Example: `  tabletop fuzz --profile kudu-0.7 --count 2000
  tabletop fuzz --profile ideal --seeds 0..19999
  tabletop fuzz --for 8h --json > verdicts.jsonl
  tabletop fuzz --profile kudu-0.7 --stop-at liveness/table/alter-stuck`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := scenarios.Scenarios[0].Name
			if len(args) == 1 {
				name = args[0]
			}
			return fuzz(cmd, &f, name)
		},
	}
	f.addSeed(cmd)
	f.addSelection(cmd)
	f.addWorkers(cmd)
	f.addSkip(cmd)
	f.addJSON(cmd)
	f.addSelfCheck(cmd)
	cmd.Flags().StringVar(&f.seeds, "seeds", "", "the seeds from A to B, as A..B")
	cmd.Flags().IntVar(&f.count, "count", 100, "how many seeds, from --seed on")
	cmd.Flags().DurationVar(&f.duration, "for", 0, "as many seeds, from --seed on, as this takes")
	cmd.Flags().BoolVar(&f.stop, "stop", false, "stop at the first failure")
	cmd.Flags().StringVar(&f.stopAt, "stop-at", "", "stop at the first failure that shows this "+
		"signature")
	cmd.Flags().BoolVar(&f.noExplain, "no-explain", false, "do not look for causes by ablation")
	cmd.Flags().BoolVar(&f.times, "times", false, "print how long recovery took, for each kind of "+
		"fault")
	cmd.Flags().StringVar(&f.markdown, "markdown", "", "put what the judges looked at into this "+
		"file, between its lines <!-- verdicts --> and <!-- end of verdicts -->")
	cmd.MarkFlagsMutuallyExclusive("seeds", "count", "for")
	return cmd
}

// plan turns the flags into what to run.
func (f *fuzzFlags) plan(cmd *cobra.Command, scenario string) (scenarios.Fuzz, error) {
	z := scenarios.Fuzz{Scenario: scenario, Select: f.sel, Count: f.count, Workers: f.workers,
		Skip: f.skip, Options: scenarios.Options{SelfCheck: f.check}}
	var err error
	if z.First, err = scenarios.ParseSeed(f.seed); err != nil {
		return z, err
	}
	switch {
	case f.seeds != "":
		z.First, z.Count, err = parseRange(f.seeds)
	case f.duration != 0:
		z.Count = 0
		if f.duration < 0 {
			err = fmt.Errorf("--for %v: want a positive duration", f.duration)
		}
	case f.count < 1:
		err = fmt.Errorf("--count %d: want at least 1", f.count)
	}
	return z, err
}

// parseRange reads A..B, both included.
func parseRange(text string) (first uint64, count int, err error) {
	a, b, found := strings.Cut(text, "..")
	if !found {
		return 0, 0, fmt.Errorf("bad range of seeds %q: want A..B", text)
	}
	first, err = scenarios.ParseSeed(a)
	if err != nil {
		return 0, 0, err
	}
	last, err := scenarios.ParseSeed(b)
	if err != nil {
		return 0, 0, err
	}
	if last < first || last-first >= 1<<31 {
		return 0, 0, fmt.Errorf("bad range of seeds %q: it is empty or too long", text)
	}
	return first, int(last-first) + 1, nil
}

func fuzz(cmd *cobra.Command, f *fuzzFlags, scenario string) error {
	z, err := f.plan(cmd, scenario)
	if err != nil {
		return err
	}
	doc, err := openDocument(f.markdown, "verdicts")
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	if f.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.duration)
		defer cancel()
	}
	out := f.people(cmd)
	bar := newProgress(cmd, z.Count, "seeds")
	shown := map[string]int{}
	var printing error
	z.Each = func(r *scenarios.Result) bool {
		bar.add()
		if f.json {
			if err := printJSON(cmd, r); err != nil {
				printing = err
				return false
			}
		}
		if bad(r) && shown[r.Signature] < shownPerSignature {
			shown[r.Signature]++
			bar.clear()
			printVerdict(out, r)
		}
		return !f.enough(r)
	}
	sum, err := z.Run(ctx)
	bar.clear()
	if err == nil {
		err = printing
	}
	if err != nil {
		return err
	}
	sum.Sort()
	if !f.noExplain {
		bar := newProgress(cmd, len(sum.Groups), "causes")
		scenarios.ExplainGroups(sum.Groups, z.Workers, bar.add)
		bar.clear()
	}
	printSummary(out, sum, z)
	if f.times {
		printTimes(out, sum)
	}
	if err := doc.Write(verdictTable(sum, z)); err != nil {
		return err
	}
	return fuzzStatus(sum)
}

// shownPerSignature is how many failures of one signature are printed; that of runs that diverged
// is empty.
const shownPerSignature = 2

// bad reports whether a run is one to be shown.
func bad(r *scenarios.Result) bool {
	return r.Verdict == scenarios.Fail || r.Verdict == scenarios.Diverged
}

// enough reports whether the run is one to stop at.
func (f *fuzzFlags) enough(r *scenarios.Result) bool {
	if !bad(r) {
		return false
	}
	return f.stop || slices.ContainsFunc(r.Findings, func(x scenarios.Finding) bool {
		return x.Signature == f.stopAt
	})
}

// fuzzStatus: a run that diverged counts most, as none of the others can be trusted then; next a
// failure, or that more than 1 % of the runs prove nothing; then that nothing was inconclusive.
func fuzzStatus(sum *scenarios.Summary) error {
	switch {
	case sum.Verdicts[scenarios.Diverged] > 0:
		return status(exitDiverged)
	case sum.Verdicts[scenarios.Fail] > 0, tooVacuous(sum):
		return status(exitFail)
	case sum.Runs == 0, sum.Verdicts[scenarios.Inconclusive] > 0:
		return status(exitNoProof)
	}
	return nil
}

func printSummary(w io.Writer, sum *scenarios.Summary, z scenarios.Fuzz) {
	fmt.Fprintf(w, "\n%d runs of %s from seed %d", sum.Runs, z.Scenario, z.First)
	for _, v := range []string{scenarios.Pass, scenarios.Fail, scenarios.Vacuous,
		scenarios.Inconclusive} {
		fmt.Fprintf(w, ", %d %s", sum.Verdicts[v], v)
	}
	switch n := sum.Verdicts[scenarios.Diverged]; {
	case n > 0:
		fmt.Fprintf(w, ", %d DIVERGED", n)
	case z.Options.SelfCheck:
		fmt.Fprintf(w, "\nself-check: all %d runs were made twice, with equal ends", sum.Runs)
	}
	fmt.Fprintf(w, "\n%v of virtual time in %v: %.0f seeds per hour\n",
		sum.Virtual.Round(time.Second), sum.Wall.Round(100*time.Millisecond),
		float64(sum.Runs)/sum.Wall.Hours())
	middle, p99, steps := sum.HistoryCost()
	fmt.Fprintf(w, "histories judged in %v (median), %v (99 %%), with %d steps at most\n", middle,
		p99, steps)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(sum.Groups) > 0 {
		fmt.Fprintln(t, "\nruns\tfirst at run\tseed\tsignature\tcause")
	}
	for _, g := range sum.Groups {
		fmt.Fprintf(t, "%d\t%d\t%d\t%s\t%s\n", g.Count, g.FirstRun, g.First[0].Seed, g.Signature,
			g.Cause)
	}
	fmt.Fprintln(t, "\nper run\t10 %\tmedian\t90 %")
	for _, d := range sum.Distributions() {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\n", d.Name, d.P10, d.Median, d.P90)
	}
	fmt.Fprintln(t, "\nfault\thad an effect\tof")
	for _, k := range sum.FaultKinds() {
		fmt.Fprintf(t, "%s\t%d\t%d\n", k.Kind, k.Effective, k.All)
	}
	for _, why := range sim.Keys(sum.Vacuous) {
		fmt.Fprintf(t, "vacuous: %s\t%d\n", why, sum.Vacuous[why])
	}
	_ = t.Flush()
	printProbes(w, sum)
	if tooVacuous(sum) {
		fmt.Fprintf(w, "\nTOO MUCH IS VACUOUS: %d of %d runs prove nothing, more than 1 %%\n",
			sum.Verdicts[scenarios.Vacuous], sum.Runs)
	}
}

// tooVacuous reports whether more than 1 % of the runs prove nothing.
func tooVacuous(sum *scenarios.Summary) bool {
	return 100*sum.Verdicts[scenarios.Vacuous] > sum.Runs
}

// printProbes prints how many of 1,000 runs reached each probe, three in a line.
func printProbes(w io.Writer, sum *scenarios.Summary) {
	var never []string
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "\nprobes, by the runs of 1,000 that reach them")
	shown := 0
	for _, p := range sum.Probes() {
		if p.Runs == 0 {
			never = append(never, p.Name)
			continue
		}
		if shown%3 == 0 {
			fmt.Fprintln(t)
		}
		shown++
		fmt.Fprintf(t, "%d\t%s\t", p.PerThousand, p.Name)
	}
	fmt.Fprintln(t)
	_ = t.Flush()
	if len(never) > 0 {
		fmt.Fprintf(w, "never reached: %s\n", strings.Join(never, ", "))
	}
}

// progress is a bar on standard error, if that is a terminal.
type progress struct{ bar *progressbar.ProgressBar }

func newProgress(cmd *cobra.Command, all int, what string) progress {
	f, ok := cmd.ErrOrStderr().(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return progress{}
	}
	if all == 0 {
		all = -1
	}
	return progress{progressbar.NewOptions(all, progressbar.OptionSetWriter(f),
		progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100*time.Millisecond))}
}

func (p progress) add() {
	if p.bar != nil {
		_ = p.bar.Add(1)
	}
}

func (p progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
