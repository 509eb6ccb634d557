// Command tabletop rehearses failures of a Kudu-like cluster in a deterministic simulation. See
// README.md for what it does and tabletop --help for how.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitPass     = 0
	exitFail     = 1 // a failure was found
	exitUsage    = 2 // bad usage or bad input
	exitNoProof  = 3 // vacuous or inconclusive
	exitDiverged = 4 // a replay, or the second run of a self-check, went another way
)

// gcPercent has garbage collected more seldom than by default: a storm leaves much of it, and keeps
// some megabytes. It takes a sixth off the time of a storm.
const gcPercent = 400

// status is an exit status on its way out of a command; whatever there is to say has been said.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func main() { os.Exit(Main()) }

// Main runs the command line and returns the exit status.
func Main() int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := root().ExecuteContext(ctx)
	var s status
	switch {
	case err == nil:
		return exitPass
	case errors.As(err, &s):
		return int(s)
	}
	fmt.Fprintln(os.Stderr, "tabletop:", err)
	return exitUsage
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tabletop",
		Short: "Rehearse failures of a replicated control plane",
		Long: `Tabletop runs a whole Kudu-like cluster (masters, tablet servers, clients) in a
deterministic simulation, disturbs it, and judges what its clients see.

Exit status: 0 pass; 1 a failure was found, or of many runs more than 1 % are vacuous; 2 bad
usage or bad input; 3 vacuous or inconclusive; 4 a run diverged from its token or, under
--self-check, from itself.`,
		Example: `  tabletop run kudu-1353 --profile kudu-0.7
  tabletop compare kudu-1353
  tabletop fuzz --profile kudu-0.7 --count 2000
  tabletop detect --for 1h --state detect.jsonl
  tabletop nightly --for 8h --out nights
  tabletop replay TOKEN
  tabletop rebalance cluster.json`,
		SilenceErrors: true, SilenceUsage: true,
	}
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.AddCommand(listCommand(), runCommand(), fuzzCommand(), replayCommand(), compareCommand(),
		detectCommand(), nightlyCommand(), explainCommand(), shrinkCommand(), whyCommand(),
		diffCommand(), causesCommand(), rebalanceCommand(), ksckCommand())
	return cmd
}
