package main

import (
	"fmt"
	"strings"
	"time"

	"tabletop/scenarios"
)

// bugTable returns a table in Markdown.
func bugTable(bugs []scenarios.Bug) string {
	var t strings.Builder
	fmt.Fprintln(&t, "| defect | fails with | as expected | explained | seeds | wall | "+
		"shortest run |")
	fmt.Fprintln(&t, "|---|---|---|---|---|---|---|")
	for _, b := range bugs {
		cells := []string{b.Defect, quoted(b.Signatures()), expected(b),
			fmt.Sprintf("%d of %d", len(b.Found()), b.Failed()), seeds(b),
			b.Wall().Round(100 * time.Millisecond).String(), quoted([]string{b.Shortest()})}
		fmt.Fprintf(&t, "| %s |\n", strings.Join(cells, " | "))
	}
	return t.String()
}

// quoted lists what is not empty, each as code.
func quoted(words []string) string {
	var all []string
	for _, w := range words {
		if w != "" {
			all = append(all, "`"+w+"`")
		}
	}
	return strings.Join(all, ", ")
}

// expected says whether the judge meant for a defect has found it, or which one that is.
func expected(b scenarios.Bug) string {
	switch n, found := b.AsExpected(), len(b.Found()); {
	case found == 0:
		return "by " + b.Expected
	case n == found:
		return "yes"
	default:
		return fmt.Sprintf("%d of %d, by %s", n, found, b.Expected)
	}
}

// seeds says how many it takes to find a defect, and if some searches have not, how many have.
func seeds(b scenarios.Bug) string {
	text := "-"
	if n := b.Seeds(); n > 0 {
		text = fmt.Sprint(n)
	}
	if found := len(b.Found()); found < len(b.Searches) {
		text += fmt.Sprintf(" (found %d of %d times)", found, len(b.Searches))
	}
	return text
}
