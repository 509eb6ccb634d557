package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tabletop/checker"
	"tabletop/model"
	"tabletop/model/ksck"
	"tabletop/scenarios"
)

func ksckCommand() *cobra.Command {
	var c common
	cmd := &cobra.Command{
		Use:   "ksck TOKEN",
		Short: "The health of the cluster at the end of a run",
		Long: `The health of the cluster at the end of a run, as Kudu's own tool reports it: the
masters and their consensus, the tablet servers, and every tablet, as the leader master and as its
replicas see it. Exit status: 0 healthy; 1 not; 2 bad input; 4 the replay diverged from the token.`,
		Example: `  tabletop ksck tt1_cwEFc3Rvcm0...
  tabletop ksck tt1_cwEFc3Rvcm0... --until 42s --json`,
		Args: exactly(1, "a token"),
		RunE: func(cmd *cobra.Command, args []string) error { return runKsck(cmd, &c, args[0]) },
	}
	c.addJSON(cmd)
	cmd.Flags().DurationVar(&c.until, "until", 0, "look at this virtual time instead")
	return cmd
}

// health is a report, and what the run was.
type health struct {
	Healthy   bool   `json:"healthy"`
	VirtualNS int64  `json:"virtual_ns"`
	Diverged  string `json:"diverged"`
	ksck.Report
}

func runKsck(cmd *cobra.Command, c *common, word string) error {
	token, err := scenarios.ParseToken(word)
	if err != nil {
		return err
	}
	opts, _, err := c.options()
	if err != nil {
		return err
	}
	h := health{}
	opts.End = func(c *model.Cluster) { h.Report = ksck.Verify(checker.Observe(c)) }
	r, err := scenarios.Replay(token, opts)
	if err != nil {
		return err
	}
	h.Healthy, h.VirtualNS, h.Diverged = h.Report.Healthy(), r.VirtualNS, r.Diverged
	out := c.people(cmd)
	printHealth(out, h)
	if c.json {
		if err := printJSON(cmd, h); err != nil {
			return err
		}
	}
	switch {
	case h.Diverged != "":
		fmt.Fprintf(out, "DIVERGED %s\n", h.Diverged)
		return status(exitDiverged)
	case !h.Healthy:
		return status(exitFail)
	}
	return nil
}

// printHealth prints a report with Kudu's headings: what is wrong in full, the rest in numbers.
func printHealth(out io.Writer, h health) {
	printServers(out, "Master", h.Masters)
	for _, m := range h.Masters {
		if h.Conflict {
			fmt.Fprintf(out, "%s knows the leader %s and the voters %v\n", m.Name, m.Leader,
				m.Voters)
		}
	}
	printServers(out, "Tablet Server", h.TServers)
	tablets, replicas := 0, 0
	for _, t := range h.Tables {
		tablets += len(t.Tablets)
		for _, tablet := range t.Tablets {
			replicas += len(tablet.Replicas)
			if tablet.Status != ksck.Healthy {
				printTablet(out, t.Name, tablet)
			}
		}
	}
	fmt.Fprintln(out, "Summary by table")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  Name\tRF\tStatus\tTotal Tablets\tHealthy\tRecovering\tUnder-replicated"+
		"\tConsensus Mismatch\tUnavailable")
	for _, t := range h.Tables {
		fmt.Fprintf(w, "  %s\t%d\t%v\t%d", t.Name, t.Factor, t.Status, len(t.Tablets))
		for _, n := range t.Count {
			fmt.Fprintf(w, "\t%d", n)
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
	fmt.Fprintf(out, "%d masters, %d tablet servers, %d tables, %d tablets, %d replicas\n\n",
		len(h.Masters), len(h.TServers), len(h.Tables), tablets, replicas)
	if h.Healthy {
		fmt.Fprintln(out, "OK")
		return
	}
	for _, e := range h.Errors {
		fmt.Fprintln(out, "Error:", e)
	}
	fmt.Fprintln(out, "FAILED")
}

func printServers(out io.Writer, what string, servers []ksck.ServerReport) {
	fmt.Fprintf(out, "%s Summary\n", what)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range servers {
		fmt.Fprintf(w, "  %s\t%s\t%v\n", s.Name, s.Location, s.Health)
	}
	_ = w.Flush()
	fmt.Fprintln(out)
}

func printTablet(out io.Writer, table string, t ksck.TabletReport) {
	fmt.Fprintf(out, "Tablet %s of table %s is %v: %s\n", t.Name, table, t.Status, t.Why)
	for _, r := range t.Replicas {
		text := r.State
		if r.Leader {
			text += " [LEADER]"
		}
		if !r.Voter {
			text += " [NONVOTER]"
		}
		if r.View != "" {
			text += ", for which " + r.View
		}
		fmt.Fprintf(out, "  %s: %s\n", r.Server, text)
	}
	fmt.Fprintln(out)
}
