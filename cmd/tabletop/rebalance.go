package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tabletop/model/rebalance"
)

// rebalanceFlags say how to plan.
type rebalanceFlags struct {
	common
	noFixer, noCross, noIntra bool
	threshold                 string
	maxMoves                  int
	tables                    []string
	ignored                   []string
	empty                     bool // the ignored
	mapping                   string
	options                   []string
}

func rebalanceCommand() *cobra.Command {
	var f rebalanceFlags
	cmd := &cobra.Command{
		Use:   "rebalance CLUSTER.json",
		Short: "The rebalancer's plan for a described cluster",
		Long: `Prints the moves of replicas that restore a cluster's order, phase by phase: first
the placement policy (no location has a majority of a tablet), then an even load of the locations,
then of the servers within each. The file says what there is:

  {"tservers": [{"uuid": "ts0", "location": "/L0"}],
   "tables": [{"name": "A", "replication_factor": 3,
               "tablets": [{"id": "A0", "range": "", "leader": "ts0",
                            "replicas": ["ts0", "ts1", "ts2"]}]}]}

Servers without a location share one, unless a mapping command is asked for it. "range" and
"leader" may be left out. "maintenance": true says of a server that it is in maintenance; it has
to be ignored. A table with "locations": ["/L0"] is pinned: no move leads elsewhere.
In the pictures a location has its replicas over its servers, a leader a star, and a replica that
was not there before a plus.

Options: fixer=stop ends the plan after the policy phase if a violation is left that no move can
mend, fixer=skip goes on; fixer-tie=kudu gives a replica that the policy phase moves to the server
with the fewest replicas of its range, of its table, of all, fixer-tie=article to the last of
those with the fewest of all.

Exit status: 0 a plan, even an empty one; 1 the plan ends at a violation that cannot be mended;
2 bad usage or bad input.`,
		Example: `  tabletop rebalance cluster.json
  tabletop rebalance cluster.json --json --max-moves 10
  tabletop rebalance cluster.json --tables A,B --load-imbalance-threshold 0.5
  tabletop rebalance cluster.json --ignored-tservers ts3,ts4
  tabletop rebalance cluster.json --ignored-tservers ts3 --move-replicas-from-ignored-tservers
  tabletop rebalance cluster.json --option fixer=skip
  tabletop rebalance cluster.json --location-mapping-cmd ./rack-of`,
		Args: exactly(1, "a file that describes a cluster"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return rebalanceCluster(cmd, &f, args[0])
		},
	}
	f.addJSON(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&f.noFixer, "disable-policy-fixer", false, "leave the placement policy as it is")
	fs.BoolVar(&f.noCross, "disable-cross-location-rebalancing", false,
		"move nothing between locations to even them out")
	fs.BoolVar(&f.noIntra, "disable-intra-location-rebalancing", false,
		"move nothing within locations")
	fs.StringVar(&f.threshold, "load-imbalance-threshold", "1.0", "by how much the loads of "+
		"locations (a table's replicas by servers) may differ")
	fs.IntVar(&f.maxMoves, "max-moves", 0, "moves at most; 0: as many as it takes")
	fs.StringSliceVar(&f.tables, "tables", nil, "look at these tables only, as if there were no "+
		"others")
	fs.StringSliceVar(&f.ignored, "ignored-tservers", nil, "uuids of servers that are left alone, "+
		"as if neither they nor their replicas were there")
	fs.BoolVar(&f.empty, "move-replicas-from-ignored-tservers", false, "first move what they have "+
		"to other servers; they must be in maintenance")
	fs.StringVar(&f.mapping, "location-mapping-cmd", "", "executable that is given the uuid of a "+
		"server without a location and answers with one")
	fs.StringArrayVar(&f.options, "option", nil, "fixer=stop|skip or fixer-tie=kudu|article "+
		"(repeatable)")
	return cmd
}

func rebalanceCluster(cmd *cobra.Command, f *rebalanceFlags, path string) error {
	o, err := f.plannerOptions()
	if err != nil {
		return err
	}
	file, err := readCluster(path)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("location-mapping-cmd") {
		if err := file.locate(cmd.Context(), f.mapping); err != nil {
			return err
		}
	}
	if cmd.Flags().Changed("tables") {
		if err := file.keep(f.tables); err != nil {
			return err
		}
	}
	c, warnings, err := file.cluster()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, w := range warnings {
		fmt.Fprintln(cmd.ErrOrStderr(), "tabletop: warning:", w)
	}
	if err := file.mark(c, f.ignored); err != nil {
		return err
	}
	if !f.empty {
		c = file.ignore(c)
	} else if err := file.mayEmpty(c); err != nil {
		return err
	}
	moves, unfixable := rebalance.Plan(c, o)
	plan := newClusterPlan(file, c, moves)
	if err := f.print(cmd, plan); err != nil {
		return err
	}
	if len(unfixable) == 0 {
		return nil
	}
	v := unfixable[0]
	fmt.Fprintf(cmd.ErrOrStderr(), "tabletop: the placement policy cannot be restored: %d of %d "+
		"violations, the first of tablet %q, cannot be mended by moves, so the plan ends here; "+
		"see --option fixer=skip and --disable-policy-fixer\n", len(unfixable),
		len(plan.violations), plan.tablets[v.Tablet])
	return status(exitFail)
}

func (f *rebalanceFlags) print(cmd *cobra.Command, plan *clusterPlan) error {
	w := &strings.Builder{}
	plan.tell(w)
	if f.maxMoves > 0 && len(plan.moves) == f.maxMoves {
		fmt.Fprintf(w, "\nthe plan ends at %d moves, as --max-moves says\n", f.maxMoves)
	}
	if _, err := io.WriteString(f.people(cmd), w.String()); err != nil || !f.json {
		return err
	}
	return printJSON(cmd, plan.output())
}

func (f *rebalanceFlags) plannerOptions() (o rebalance.Options, err error) {
	o.Phases = []rebalance.Phase{}
	if f.empty {
		o.Phases = append(o.Phases, rebalance.Ignored)
	}
	for phase, off := range []bool{f.noFixer, f.noCross, f.noIntra} {
		if !off {
			o.Phases = append(o.Phases, rebalance.Phases[phase])
		}
	}
	if o.Threshold, err = partsPerMillion(f.threshold); err != nil {
		return o, fmt.Errorf("--load-imbalance-threshold %s: %w", f.threshold, err)
	}
	if o.MaxMoves = f.maxMoves; o.MaxMoves < 0 {
		return o, fmt.Errorf("--max-moves %d: want a number that is not negative", o.MaxMoves)
	}
	for _, option := range f.options {
		switch option {
		case "fixer=stop":
			o.SkipUnfixable = false
		case "fixer=skip":
			o.SkipUnfixable = true
		case "fixer-tie=kudu":
			o.Tie = rebalance.KuduTie
		case "fixer-tie=article":
			o.Tie = rebalance.ArticleTie
		default:
			return o, fmt.Errorf("--option %s: there are fixer=stop, fixer=skip, fixer-tie=kudu "+
				"and fixer-tie=article", option)
		}
	}
	return o, nil
}

// partsPerMillion reads a decimal number of up to six places, exactly.
func partsPerMillion(text string) (int64, error) {
	whole, places, _ := strings.Cut(text, ".")
	digits := whole + places + strings.Repeat("0", max(0, 6-len(places)))
	n, err := strconv.ParseUint(digits, 10, 40)
	if err != nil || len(places) > 6 || whole+places == "" {
		return 0, errors.New("want a decimal number that is not negative, of six places at most")
	}
	return int64(n), nil
}

// clusterPlan is a plan with the names that people know.
type clusterPlan struct {
	file       *clusterFile
	before     *rebalance.Cluster
	after      *rebalance.Cluster
	tablets    []string
	violations []rebalance.Violation
	moves      []rebalance.Move
}

func newClusterPlan(f *clusterFile, c *rebalance.Cluster, moves []rebalance.Move) *clusterPlan {
	p := &clusterPlan{file: f, before: c, after: c.After(moves), violations: c.Violations(),
		moves: moves}
	for _, table := range f.Tables {
		for _, t := range table.Tablets {
			p.tablets = append(p.tablets, t.ID)
		}
	}
	return p
}

// output is what --json prints.
func (p *clusterPlan) output() any {
	type move struct {
		Phase  rebalance.Phase `json:"phase"`
		Table  string          `json:"table"`
		Tablet string          `json:"tablet"`
		From   string          `json:"from"`
		To     string          `json:"to"`
	}
	type after struct {
		TableSkew    map[string]int     `json:"table_skew"`
		ClusterSkew  int                `json:"cluster_skew"`
		LocationLoad map[string]float64 `json:"location_load"`
		Violations   []violation        `json:"violations"`
	}
	b := p.after.Balance()
	moves, end := []move{}, after{map[string]int{}, b.ClusterSkew, map[string]float64{},
		p.list(p.after.Violations())}
	for _, m := range p.moves {
		moves = append(moves, move{m.Phase, p.table(m.Tablet).Name, p.tablets[m.Tablet],
			p.server(m.From), p.server(m.To)})
	}
	for t, table := range p.file.Tables {
		end.TableSkew[table.Name] = b.TableSkew[t]
	}
	for _, l := range b.Locations {
		end.LocationLoad[l.Location] = float64(l.Replicas) / float64(l.Servers)
	}
	return struct {
		Violations []violation `json:"violations"`
		Moves      []move      `json:"moves"`
		After      after       `json:"after"`
	}{p.list(p.violations), moves, end}
}

// violation is one in --json. Fixable is there only if it is false.
type violation struct {
	Tablet   string `json:"tablet"`
	Location string `json:"location"`
	Replicas int    `json:"replicas"`
	Fixable  *bool  `json:"fixable,omitempty"`
}

func (p *clusterPlan) list(violations []rebalance.Violation) []violation {
	list := []violation{}
	for _, v := range violations {
		entry := violation{p.tablets[v.Tablet], v.Location, v.Replicas, nil}
		if !v.Fixable {
			entry.Fixable = &v.Fixable
		}
		list = append(list, entry)
	}
	return list
}

func (p *clusterPlan) server(s int) string { return p.file.Tservers[s].UUID }

func (p *clusterPlan) table(tablet int) *tableEntry {
	return &p.file.Tables[p.before.Tablets[tablet].Table]
}
