package main

import (
	"errors"
	"fmt"
	"os"
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
		Long: `The same run again, held to the digest in its token: it still fails, fails otherwise,
passes or proves nothing, or the replay diverged, and between which instants. A token says which
version of the code made it; if that was another one, so does the replay.

With --log every token that stands in a file, such as the log of a CI job, is replayed, each once.
Colours, whatever stands in front of a line, and lines that are broken in the middle of a token do
no harm.

Exit status: 0 the run passes; 1 it fails; 2 a token or the log cannot be read; 3 the run proves
nothing; 4 a replay diverged. Of many the worst, in the order 0, 3, 1, 2, 4.`,
		Example: `  tabletop replay tt1_cwEFc3Rvcm0...
  tabletop replay tt1_cwEFc3Rvcm0... --trace events.jsonl
  tabletop replay --log ci.log
  curl -s $LOG | tabletop replay --log -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if log == "" {
				if err := exactly(1, "a token")(cmd, args); err != nil {
					return err
				}
				return replay(cmd, &c, logToken{word: args[0]}, storyTo(c.people(cmd), verbose))
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

// replayLog replays the tokens in a file and returns the worst of their statuses. The story is told
// if there is one token only, or if details are asked for. Tokens that cannot be replayed do not
// keep the others from it.
func replayLog(cmd *cobra.Command, c *common, name string, verbose bool) error {
	words, err := tokensIn(cmd, name)
	switch {
	case err != nil:
		return fmt.Errorf("--log: %w", err)
	case len(words) == 0:
		return fmt.Errorf("--log %s: there is no token in it", name)
	case len(words) > 1 && c.trace != "":
		return fmt.Errorf("--trace: want one token, and %s has %d", name, len(words))
	}
	worst := status(exitPass)
	for _, t := range words {
		if err := cmd.Context().Err(); err != nil {
			return fmt.Errorf("--log %s: interrupted before line %d", name, t.line)
		}
		var story func(scenarios.Line)
		if verbose || len(words) == 1 {
			story = storyTo(c.people(cmd), verbose)
		}
		fmt.Fprintf(c.people(cmd), "\nline %d of %s:", t.line, name)
		var s status
		if err := replay(cmd, c, t, story); errors.As(err, &s) {
			worst = worse(worst, s)
		} else if err != nil {
			fmt.Fprintf(c.people(cmd), " not replayed\n")
			fmt.Fprintf(cmd.ErrOrStderr(), "tabletop: --log %s: line %d: %v\n", name, t.line, err)
			worst = worse(worst, exitUsage)
		}
	}
	if worst == exitPass {
		return nil
	}
	return worst
}

// worse returns the status that tells more of what is wrong.
func worse(a, b status) status {
	order := []status{exitPass, exitNoProof, exitFail, exitUsage, exitDiverged}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

func tokensIn(cmd *cobra.Command, name string) ([]logToken, error) {
	if name == "-" {
		return findTokens(cmd.InOrStdin())
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return findTokens(f)
}

// replayed is what a program gets to know.
type replayed struct {
	*scenarios.Replayed
	Line int `json:"line,omitempty"` // of the log
}

func replay(cmd *cobra.Command, c *common, t logToken, story func(scenarios.Line)) error {
	token, err := scenarios.ParseToken(t.word)
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
	if r.Foreign != "" {
		fmt.Fprintln(out, r.Foreign)
	}
	switch {
	case r.Diverged != "":
		fmt.Fprintf(out, "DIVERGED %s: the replay has digest %s, the token says %016x\n",
			r.Diverged, r.Digest, token.Fingerprint.Digest)
	case c.until > 0:
		fmt.Fprintf(out, "stopped at %v, which is not compared with the token\n", c.until)
	default:
		fmt.Fprintf(out, "the replay went as the token says: the run %s\n", r.Outcome)
	}
	printVerdict(out, r.Result)
	if c.json {
		if err := printJSON(cmd, replayed{r, t.line}); err != nil {
			return err
		}
	}
	if r.Diverged != "" {
		return status(exitDiverged)
	}
	return verdictStatus(r.Result)
}
