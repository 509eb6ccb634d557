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
	fmt.Fprintln(&t, "| defect | fails with | as expected | explained | named | seeds | "+
		"wall | shortest run |")
	fmt.Fprintln(&t, "|---|---|---|---|---|---|---|---|")
	for _, b := range bugs {
		cells := []string{b.Defect, quoted(b.Signatures()), expected(b),
			fmt.Sprintf("%d of %d", len(b.Found()), b.Failed()), onlyIt(b), seeds(b),
			b.Wall().Round(100 * time.Millisecond).String(), quoted([]string{b.Shortest()})}
		fmt.Fprintf(&t, "| %s |\n", strings.Join(cells, " | "))
	}
	fmt.Fprintf(&t, "\n%s\n", bugTotals(bugs))
	return t.String()
}

// bugTotals sums a table up.
func bugTotals(bugs []scenarios.Bug) string {
	found, signatures, one, most, exact, needed, asked := 0, 0, 0, 0, 0, 0, 0
	for _, b := range bugs {
		n := len(b.Signatures())
		signatures += n
		most = max(most, n)
		if n > 0 {
			found++
		}
		if n == 1 {
			one++
		}
		k, n, of := b.Named()
		exact, needed, asked = exact+k, needed+n, asked+of
	}
	text := fmt.Sprintf("%d of %d defects were found, with %d signatures: %d with one only, none "+
		"with more than %d.", found, len(bugs), signatures, one, most)
	if asked > 0 {
		text += fmt.Sprintf(" Of %d runs that failed, ablation names exactly what is to blame in "+
			"%d %% (the goal is 95 %%): in %d the defect that is searched for, in %d one that it "+
			"needs and that fails by itself.", asked, 100*(exact+needed)/asked, exact, needed)
	}
	return text
}

// onlyIt says of how many failing runs ablation names exactly the defect.
func onlyIt(b scenarios.Bug) string {
	exact, needed, asked := b.Named()
	if asked == 0 {
		return "-"
	}
	text := fmt.Sprintf("%d of %d", exact, asked)
	if needed > 0 {
		text += fmt.Sprintf(", and %d what it needs", needed)
	}
	return text
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
