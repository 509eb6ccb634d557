package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tabletop/scenarios"
)

func runCommand() *cobra.Command {
	var c common
	var verbose, plan bool
	cmd := &cobra.Command{
		Use:   "run SCENARIO | FILE.plan",
		Short: "One run, told as a story",
		Example: `  tabletop run kudu-1353 --profile kudu-0.7
  tabletop run storm --seed 42 --verbose
  tabletop run storm --seed 42 --plan > my.plan
  tabletop run my.plan`,
		Args: exactly(1, "a scenario or a plan file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := planOf(cmd, &c, args[0])
			if err != nil {
				return err
			}
			if plan {
				_, err := io.WriteString(cmd.OutOrStdout(), p.String())
				return err
			}
			return runPlan(cmd, &c, p, verbose || strings.HasPrefix(p.Scenario, "kudu-"))
		},
	}
	c.addSeed(cmd)
	c.addSelection(cmd)
	c.addSkip(cmd)
	c.addRun(cmd)
	c.addJSON(cmd)
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "tell details too")
	cmd.Flags().BoolVar(&plan, "plan", false, "print the plan instead of running it")
	return cmd
}

// exactly wants that many arguments, and says what they are.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return fmt.Errorf("%s: want %s, not %d arguments", cmd.Name(), what, len(args))
		}
		return nil
	}
}

// planOf returns the plan that the argument means: a file if it looks like one, else what the
// scenario draws. Flags of the selection add to what a file says.
func planOf(cmd *cobra.Command, c *common, arg string) (scenarios.Plan, error) {
	seed, err := scenarios.ParseSeed(c.seed)
	if err != nil {
		return scenarios.Plan{}, err
	}
	if !strings.HasSuffix(arg, ".plan") {
		p, err := scenarios.Draw(arg, seed, c.sel)
		p.Skip = c.skip
		return p, err
	}
	p, err := scenarios.ReadPlanFile(arg)
	if err != nil {
		return p, err
	}
	if cmd.Flags().Changed("seed") {
		p.Seed = seed
	}
	if cmd.Flags().Changed("profile") {
		p.Select.Profile = c.sel.Profile
	}
	p.Select.Defects = append(p.Select.Defects, c.sel.Defects...)
	p.Select.Without = append(p.Select.Without, c.sel.Without...)
	p.Select.Options = append(p.Select.Options, c.sel.Options...)
	p.Skip = append(p.Skip, c.skip...)
	_, err = p.Select.Resolve()
	return p, err
}

func runPlan(cmd *cobra.Command, c *common, p scenarios.Plan, verbose bool) error {
	opts, end, err := c.options()
	if err != nil {
		return err
	}
	out := c.people(cmd)
	opts.Story = storyTo(out, verbose)
	began := time.Now()
	res, err := scenarios.Run(p, opts)
	if err != nil {
		return err
	}
	res.WallNS = time.Since(began).Nanoseconds()
	if err := end(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	printVerdict(out, res)
	if c.json {
		if err := printJSON(cmd, res); err != nil {
			return err
		}
	}
	return verdictStatus(res)
}

// storyTo prints a story line by line.
func storyTo(w io.Writer, verbose bool) func(scenarios.Line) {
	return func(l scenarios.Line) {
		if verbose || !l.Detail {
			fmt.Fprintln(w, l)
		}
	}
}

// verdictStatus returns the exit status of a verdict.
func verdictStatus(res *scenarios.Result) error {
	switch res.Verdict {
	case scenarios.Diverged:
		return status(exitDiverged)
	case scenarios.Fail:
		return status(exitFail)
	case scenarios.Pass:
		return nil
	}
	return status(exitNoProof)
}

// printVerdict prints how a run ended.
func printVerdict(w io.Writer, res *scenarios.Result) {
	if res.Repeated > 0 {
		fmt.Fprintf(w, "self-check: both runs are equal (%d records)\n", res.Repeated)
	}
	switch res.Verdict {
	case scenarios.Diverged:
		printDivergence(w, res)
		return
	case scenarios.Fail:
		printFailure(w, res)
		return
	}
	fmt.Fprintf(w, "%s %s seed=%d profile=%s t=%v events=%d messages=%d digest=%s\n",
		strings.ToUpper(res.Verdict), res.Scenario, res.Seed, res.Profile,
		time.Duration(res.VirtualNS), res.Events, res.Messages, res.Digest)
	if res.Detail != "" {
		fmt.Fprintln(w, "  "+res.Detail)
	}
	s := res.Stats
	fmt.Fprintf(w, "  %d of %d faults had an effect, %d changes of the leader master, %d DDL "+
		"operations, %d overlapping pairs on one name\n", s.Effective, s.Faults, s.LeaderChanges,
		s.DDL, s.Overlaps)
	if s.SettledEffect+s.SettledNever > 0 {
		fmt.Fprintf(w, "  of the operations that nobody was told of %d took effect by the master "+
			"tablet (%d were seen by a client, too), %d never will\n", s.SettledEffect,
			s.SettledSeen, s.SettledNever)
	}
	fmt.Fprintf(w, "token: %s\n", res.Token)
}

// printDivergence prints that a run cannot be repeated: the first line says where it parts.
func printDivergence(w io.Writer, res *scenarios.Result) {
	fmt.Fprintf(w, "DIVERGED %s\n  the same run of %s, seed %d, profile %s, was made twice and "+
		"went two ways; it proves nothing\n", res.Detail, res.Scenario, res.Seed, res.Profile)
	for _, f := range res.Findings {
		fmt.Fprintf(w, "  found once: %s, at %v\n", f.Signature, f.At)
	}
	fmt.Fprintf(w, "replay: go run ./cmd/tabletop replay --self-check %s\n", res.Token)
}

// printFailure prints a failure; its first and last lines are for programs, too.
func printFailure(w io.Writer, res *scenarios.Result) {
	fmt.Fprintf(w, "FAIL %s token=%s t=%v events=%d\n", res.Signature, res.Token,
		time.Duration(res.VirtualNS), res.Events)
	for _, f := range res.Findings {
		fmt.Fprintf(w, "  %s, at %v: %s\n", f.Signature, f.At, firstLines(f.Detail, 10))
	}
	fmt.Fprintf(w, "replay: go run ./cmd/tabletop replay %s\n", res.Token)
}

// firstLines returns the first n lines, and how many are left out.
func firstLines(text string, n int) string {
	lines := strings.Split(text, "\n")
	if len(lines) <= n {
		return text
	}
	return strings.Join(lines[:n], "\n") + fmt.Sprintf("\n  (%d more lines; --json has them)",
		len(lines)-n)
}
