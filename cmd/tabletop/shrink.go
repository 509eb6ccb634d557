package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"tabletop/scenarios"
)

// shrinkFlags say how long to look for a smaller plan, and where what is found goes.
type shrinkFlags struct {
	common
	signature  string
	duration   time.Duration
	tries      int
	plan, test string
}

func shrinkCommand() *cobra.Command {
	var f shrinkFlags
	cmd := &cobra.Command{
		Use:   "shrink TOKEN | FILE.plan",
		Short: "The smallest plan that fails in the same way",
		Long: `Takes faults, operations, options, nodes and time out of a plan as long as its run
shows the same signature (judge, object, reason), names the nodes that roles stood for, and tries
other choices of latencies and ties. Tells what is left as a story, and prints it as a plan; all
that a storm drew is said in it, and its seed draws latencies and ties alone. Without a bound the
result does not depend on the number of workers. An interrupt (Ctrl-C) keeps the best so far.`,
		Example: `  tabletop shrink tt1_cwEFc3Rvcm0...
  tabletop shrink tt1_cwEFc3Rvcm0... --for 5m --plan found.plan --go found_test.go
  tabletop shrink found.plan --signature liveness/table/alter-stuck`,
		Args: exactly(1, "a token or a plan file"),
		RunE: func(cmd *cobra.Command, args []string) error { return shrink(cmd, &f, args[0]) },
	}
	f.addWorkers(cmd)
	f.addJSON(cmd)
	cmd.Flags().StringVar(&f.signature, "signature", "", "keep this signature; empty: the first")
	cmd.Flags().DurationVar(&f.duration, "for", time.Minute, "wall clock at most")
	cmd.Flags().IntVar(&f.tries, "tries", 0, "runs at most; 0: no limit")
	cmd.Flags().StringVar(&f.plan, "plan", "", "write the plan to this file")
	cmd.Flags().StringVar(&f.test, "go", "", "write a test in Go to this file")
	return cmd
}

// planNamed returns the plan that a word names: a token's, or a file's.
func planNamed(word string) (scenarios.Plan, error) {
	if strings.HasSuffix(word, ".plan") {
		return scenarios.ReadPlanFile(word)
	}
	t, err := scenarios.ParseToken(word)
	return t.Plan, err
}

func shrink(cmd *cobra.Command, f *shrinkFlags, word string) error {
	if f.duration <= 0 {
		return fmt.Errorf("--for %v: want a positive duration", f.duration)
	}
	if f.tries < 0 {
		return fmt.Errorf("--tries %d: want a number that is not negative", f.tries)
	}
	p, err := planNamed(word)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), f.duration)
	defer cancel()
	began := p.Size()
	bar := newProgress(cmd, began.Faults+began.Ops, "left out")
	out := 0
	k := scenarios.Shrink{Signature: f.signature, Tries: f.tries, Workers: f.workers,
		Step: func(s scenarios.Shrunk) {
			for ; out < began.Faults+began.Ops-s.After.Faults-s.After.Ops; out++ {
				bar.add()
			}
		}}
	s, err := k.Run(ctx, p)
	bar.clear()
	if err != nil {
		return err
	}
	return f.show(cmd, s)
}

// show tells the story of what was found, and writes it where it is wanted.
func (f *shrinkFlags) show(cmd *cobra.Command, s scenarios.Shrunk) error {
	out := f.people(cmd)
	res, err := scenarios.Run(s.Plan, scenarios.Options{Story: storyTo(out, false)})
	if err != nil {
		return err
	}
	fmt.Fprintln(out)
	printVerdict(out, res)
	fmt.Fprintf(out, "before: %v\nafter:  %v\n%d runs in %v: %s\n", s.Before, s.After, s.Tries,
		s.Wall.Round(100*time.Millisecond), f.end(s))
	if s.Others > 0 {
		fmt.Fprintf(out, "of %d other choices of latencies and ties, %d fail in the same way\n",
			s.Others, s.OthersFail)
	}
	if f.plan == "" {
		fmt.Fprintf(out, "\n%v", s.Plan)
	} else if err := os.WriteFile(f.plan, []byte(s.Plan.String()), 0o644); err != nil {
		return fmt.Errorf("--plan: %w", err)
	}
	if f.test != "" {
		if err := writeTest(f.test, s.Plan); err != nil {
			return fmt.Errorf("--go: %w", err)
		}
	}
	if f.json {
		return printJSON(cmd, shrunkJSON{s.Signature, res.Token, s.Plan.String(), s.Before,
			s.After, s.Tries, s.Smallest, s.Wall, s.Others, s.OthersFail})
	}
	return nil
}

// shrunkJSON is what a program gets to know.
type shrunkJSON struct {
	Signature  string             `json:"signature"`
	Token      string             `json:"token"`
	Plan       string             `json:"plan"`
	Before     scenarios.PlanSize `json:"before"`
	After      scenarios.PlanSize `json:"after"`
	Tries      int                `json:"tries"`
	Smallest   bool               `json:"smallest"`
	Wall       time.Duration      `json:"wall_ns"`
	Others     int                `json:"others"`
	OthersFail int                `json:"others_fail"`
}

// end says why the search ended.
func (f *shrinkFlags) end(s scenarios.Shrunk) string {
	if s.Smallest {
		return "nothing smaller was found"
	}
	return "interrupted by a bound, or by you; there may be something smaller"
}

// writeTest writes a test whose name comes from the file's.
func writeTest(file string, p scenarios.Plan) error {
	base := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".go"), "_test")
	name := ""
	for _, word := range strings.FieldsFunc(base, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	var text bytes.Buffer
	if err := scenarios.WriteTest(&text, p, name); err != nil {
		return err
	}
	return os.WriteFile(file, text.Bytes(), 0o644)
}
