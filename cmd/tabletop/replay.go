package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"tabletop/scenarios"
)

func replayCommand() *cobra.Command {
	var c common
	var verbose bool
	var log string
	cmd := &cobra.Command{
		Use:   "replay TOKEN | --log FILE",
		Short: "The same run again",
		Long: `The same run again, held to the digest in its token. With --log every token that
stands in a file, such as the log of a CI job, is replayed, each once.`,
		Example: `  tabletop replay tt1_cwEFc3Rvcm0...
  tabletop replay tt1_cwEFc3Rvcm0... --trace events.jsonl
  tabletop replay --log ci.log
  curl -s $LOG | tabletop replay --log -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if log == "" {
				if err := exactly(1, "a token")(cmd, args); err != nil {
					return err
				}
				return replay(cmd, &c, args[0], storyTo(c.people(cmd), verbose))
			}
			if len(args) > 0 {
				return fmt.Errorf("replay: want a token or --log, not both")
			}
			return replayLog(cmd, &c, log, verbose)
		},
	}
	c.addRun(cmd)
	c.addJSON(cmd)
	cmd.Flags().StringVar(&log, "log", "", "replay every token in this file; - for standard input")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "tell details too")
	return cmd
}

var tokens = regexp.MustCompile(`\btt[0-9]+_[A-Za-z0-9_-]+`)

// replayLog replays the tokens in a file and returns the worst of their statuses. The story is told
// if there is one token only, or if details are asked for.
func replayLog(cmd *cobra.Command, c *common, name string, verbose bool) error {
	text, err := readAll(cmd, name)
	if err != nil {
		return fmt.Errorf("--log: %w", err)
	}
	var words []string
	for _, word := range tokens.FindAllString(string(text), -1) {
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	switch {
	case len(words) == 0:
		return fmt.Errorf("--log %s: there is no token in it", name)
	case len(words) > 1 && c.trace != "":
		return fmt.Errorf("--trace: want one token, and %s has %d", name, len(words))
	}
	worst := status(exitPass)
	for _, word := range words {
		var story func(scenarios.Line)
		if verbose || len(words) == 1 {
			story = storyTo(c.people(cmd), verbose)
		}
		switch err := replay(cmd, c, word, story).(type) {
		case nil:
		case status:
			worst = max(worst, err)
		default:
			fmt.Fprintln(cmd.ErrOrStderr(), "tabletop:", err)
			worst = max(worst, exitUsage)
		}
	}
	if worst == exitPass {
		return nil
	}
	return worst
}

func readAll(cmd *cobra.Command, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(cmd.InOrStdin())
	}
	return os.ReadFile(name)
}

func replay(cmd *cobra.Command, c *common, word string,
	story func(scenarios.Line)) error {
	token, err := scenarios.ParseToken(word)
	if err != nil {
		return err
	}
	opts, end, err := c.options()
	if err != nil {
		return err
	}
	out := c.people(cmd)
	opts.Story = story
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
