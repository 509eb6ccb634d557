package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"tabletop/model/variant"
	"tabletop/scenarios"
	"tabletop/sim"
)

func diffCommand() *cobra.Command {
	var c common
	var without []string
	cmd := &cobra.Command{
		Use:   "diff TOKEN TOKEN | TOKEN --without ID",
		Short: "Where two runs part",
		Long: `The first event at which two runs part, with what both did before and what each did
next. Either may be a token or a plan file. With --without the second run is the first one's plan
with defects removed: they part where the defect is first felt.

Exit status: 0 the runs are equal; 1 they part.`,
		Example: `  tabletop diff tt1_cwEFc3Rvcm0... --without KUDU-1353
  tabletop diff found.plan edited.plan`,
		RunE: func(cmd *cobra.Command, args []string) error { return diff(cmd, &c, args, without) },
	}
	c.addJSON(cmd)
	cmd.Flags().StringArrayVar(&without, "without", nil, "remove a defect or a defence from the "+
		"first run's plan (repeatable)")
	return cmd
}

func diff(cmd *cobra.Command, c *common, args, without []string) error {
	want, what := 2, "two tokens or plan files"
	if len(without) > 0 {
		want, what = 1, "one token or plan file with --without"
	}
	if err := exactly(want, what)(cmd, args); err != nil {
		return err
	}
	first, err := planNamed(args[0])
	if err != nil {
		return err
	}
	second, err := planNamed(args[len(args)-1])
	if err != nil {
		return err
	}
	for _, id := range without {
		second.Select.Without = append(slices.Clone(second.Select.Without), id)
		if d, known := variant.FindDefect(id); known {
			second.Select.Without = append(second.Select.Without, d.Defences()...)
		}
	}
	parting, err := scenarios.Diff(first, second)
	if err != nil {
		return err
	}
	if parting == nil {
		fmt.Fprintln(c.people(cmd), "the runs are equal, to the last event")
	} else {
		fmt.Fprint(c.people(cmd), parting)
	}
	if c.json {
		if err := printJSON(cmd, partingOf(parting)); err != nil {
			return err
		}
	}
	if parting == nil {
		return nil
	}
	return status(exitFail)
}

// partingJSON is what a program gets to know.
type partingJSON struct {
	Parts  bool          `json:"parts"`
	At     time.Duration `json:"at_ns"`
	Equal  int           `json:"equal_records"`
	Before []sim.Record  `json:"before"` // what both did last
	First  []sim.Record  `json:"first"`  // what each did next
	Second []sim.Record  `json:"second"`
	// FirstEnds and SecondEnds are verdicts and signatures.
	FirstEnds  [2]string `json:"first_ends"`
	SecondEnds [2]string `json:"second_ends"`
}

func partingOf(p *scenarios.Parting) partingJSON {
	if p == nil {
		return partingJSON{}
	}
	once, again := p.Results[0], p.Results[1]
	return partingJSON{true, p.At(), p.Equal, p.Before, p.FirstOn, p.SecondOn,
		[2]string{once.Verdict, once.Signature}, [2]string{again.Verdict, again.Signature}}
}
