package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"tabletop/scenarios"
)

func replayCommand() *cobra.Command {
	var c common
	var verbose bool
	cmd := &cobra.Command{
		Use:   "replay TOKEN",
		Short: "The same run again",
		Example: `  tabletop replay tt1_cwEFc3Rvcm0...
  tabletop replay tt1_cwEFc3Rvcm0... --trace events.jsonl`,
		Args: exactly(1, "a token"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return replay(cmd, &c, args[0], verbose)
		},
	}
	c.addRun(cmd)
	c.addJSON(cmd)
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "tell details too")
	return cmd
}

func replay(cmd *cobra.Command, c *common, word string, verbose bool) error {
	token, err := scenarios.ParseToken(word)
	if err != nil {
		return err
	}
	opts, end, err := c.options()
	if err != nil {
		return err
	}
	out := c.people(cmd)
	opts.Story = storyTo(out, verbose)
	r, err := scenarios.Replay(token, opts)
	if err != nil {
		return err
	}
	if err := end(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if r.Diverged != "" {
		fmt.Fprintf(out, "DIVERGED %s: the replay has digest %s, the token says %016x\n",
			r.Diverged, r.Digest, token.Fingerprint.Digest)
	} else {
		fmt.Fprintln(out, "the replay went as the token says")
	}
	printVerdict(out, r.Result)
	if c.json {
		if err := printJSON(cmd, r); err != nil {
			return err
		}
	}
	if r.Diverged != "" {
		return status(exitDiverged)
	}
	return verdictStatus(r.Result)
}
