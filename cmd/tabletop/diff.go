package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"tabletop/model/variant"
	"tabletop/scenarios"
)

func diffCommand() *cobra.Command {
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
		RunE: func(cmd *cobra.Command, args []string) error { return diff(cmd, args, without) },
	}
	cmd.Flags().StringArrayVar(&without, "without", nil, "remove a defect or a defence from the "+
		"first run's plan (repeatable)")
	return cmd
}

func diff(cmd *cobra.Command, args, without []string) error {
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
		fmt.Fprintln(cmd.OutOrStdout(), "the runs are equal, to the last event")
		return nil
	}
	fmt.Fprint(cmd.OutOrStdout(), parting)
	return status(exitFail)
}
