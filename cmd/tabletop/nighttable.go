package main

import (
	"fmt"
	"strings"
	"time"

	"tabletop/checker"
	"tabletop/scenarios"
	"tabletop/sim"
)

// nightTable returns, in Markdown, what a night has come to: whether all is well first.
func nightTable(n *scenarios.Night) string {
	var t strings.Builder
	fmt.Fprintf(&t, "# Night %d: %s\n\n", n.Night, nightVerdict(n))
	fmt.Fprintf(&t, "From %s: %d runs of storm on the seeds %d to %d, generator %d, code %s; %v "+
		"of virtual time in %v: %d seeds per hour. %d runs in all nights.\n",
		n.At.Format(time.DateTime), n.Runs, n.FirstSeed, n.NextSeed-1, n.Generator, n.Code,
		time.Duration(n.VirtualNS).Round(time.Second), n.Wall().Round(100*time.Millisecond),
		n.PerHour, n.AllNights)
	nightCanary(&t, n)
	nightLanes(&t, n)
	nightFailures(&t, n)
	nightProbes(&t, n)
	t.WriteString("\n| slowest | seed | wall | events |\n|---|--:|--:|--:|\n")
	for _, s := range n.Slowest {
		fmt.Fprintf(&t, "| %s | %d | %v | %d |\n", s.Lane, s.Seed,
			time.Duration(s.WallNS).Round(time.Millisecond), s.Events)
	}
	return t.String()
}

func nightVerdict(n *scenarios.Night) string {
	var wrong []string
	if k := n.New(); k > 0 {
		wrong = append(wrong, fmt.Sprintf("%d NEW", k))
	}
	if !n.Canary.Found {
		wrong = append(wrong, "THE CANARY WAS MISSED")
	}
	if tooManyProveNothing(n) {
		wrong = append(wrong, "TOO MUCH IS VACUOUS")
	}
	if k := n.Verdicts[scenarios.Inconclusive]; k > 0 {
		wrong = append(wrong, fmt.Sprintf("%d inconclusive", k))
	}
	if len(wrong) == 0 {
		return "nothing new"
	}
	return strings.Join(wrong, ", ")
}

func nightCanary(t *strings.Builder, n *scenarios.Night) {
	if n.Canary.Found {
		fmt.Fprintf(t, "\nCanary: %s, planted under ideal, was found within %d seeds and "+
			"explained: `%s`, seed %d.\n", n.Canary.Defect,
			n.Canary.Tried, n.Canary.Signature, n.Canary.Seed)
		return
	}
	fmt.Fprintf(t, "\nCanary: %s, planted under ideal, was NOT FOUND in %d seeds. Nothing else "+
		"that this night says can be relied on.\n", n.Canary.Defect, n.Canary.Tried)
}

func nightLanes(t *strings.Builder, n *scenarios.Night) {
	t.WriteString("\n| lane | share | runs | pass | fail | vacuous | inconclusive |\n" +
		"|---|--:|--:|--:|--:|--:|--:|\n")
	for _, l := range n.Lanes {
		fmt.Fprintf(t, "| %s | %d %% | %d | %d | %d | %d | %d |\n", l.Name, l.Share, l.Runs,
			l.Verdicts[scenarios.Pass], l.Verdicts[scenarios.Fail],
			l.Verdicts[scenarios.Vacuous], l.Verdicts[scenarios.Inconclusive])
	}
}

// nightFailures lists what is new with what helps to look into it, and then what is expected.
func nightFailures(t *strings.Builder, n *scenarios.Night) {
	expected := n.Failures[n.New():]
	for i, g := range n.Failures[:n.New()] {
		if i == 0 {
			t.WriteString("\n## New\n")
		}
		fmt.Fprintf(t, "\n- `%s` under %s, runs: %d", g.Signature, g.Lane, g.Runs)
		if g.Since < n.Night {
			fmt.Fprintf(t, ", since night %d", g.Since)
		}
		fmt.Fprintf(t, "\n\n      go run ./cmd/tabletop replay %s\n", g.Token)
		switch p := g.Plan; {
		case p == nil:
			t.WriteString("\n  not shrunk\n")
		case p.Error != "":
			fmt.Fprintf(t, "\n  not shrunk: %s\n", p.Error)
		default:
			fmt.Fprintf(t, "\n  shrunk to %d lines: `%s/%s`\n", p.Lines, plansFolder, p.Plan)
		}
	}
	if len(expected) == 0 {
		return
	}
	t.WriteString("\n## Expected\n\nFailures that are gone when the same plan is run without the " +
		"defect named,\nwhich the lane has on; *corpus* is the plan that is kept for it.\n\n" +
		"| lane | runs | signature | seed | cause | corpus |\n" +
		"|---|--:|---|--:|---|---|\n")
	for _, g := range expected {
		fmt.Fprintf(t, "| %s | %d | `%s` | %d | %s | %s |\n", g.Lane, g.Runs, g.Signature, g.Seed,
			g.Cause, g.Kept)
	}
}

// nightProbes tells how many of 1,000 runs reached each probe, and which was never reached.
func nightProbes(t *strings.Builder, n *scenarios.Night) {
	var never, reached []string
	for _, p := range checker.Probes {
		if n.Probes[p.Name] == 0 {
			never = append(never, p.Name)
		}
	}
	for _, name := range sim.Keys(n.Probes) {
		reached = append(reached, fmt.Sprintf("%s %d", name,
			(1000*n.Probes[name]+n.Runs-1)/max(1, n.Runs)))
	}
	fmt.Fprintf(t, "\n## Probes\n\nNever reached: %s.\n\nReached, by the runs of 1,000 that do: "+
		"%s.\n", orNone(never), orNone(reached))
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
