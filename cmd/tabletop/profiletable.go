package main

import (
	"fmt"
	"slices"
	"strings"

	"tabletop/model/variant"
)

// profileTable returns, in Markdown, which defects and defences are on under each profile, and the
// options that some profile sets.
func profileTable() string {
	profiles := slices.Concat(variant.Profiles[1:], variant.Profiles[:1])
	var t strings.Builder
	head := func(first, second string) {
		t.WriteString("| " + first + " | " + second + " |")
		for _, p := range profiles {
			t.WriteString(" " + p.ID + " |")
		}
		t.WriteString("\n|---|---|" + strings.Repeat(":-:|", len(profiles)) + "\n")
	}
	row := func(name, title string, mark func(variant.Profile) string) {
		fmt.Fprintf(&t, "| %s | %s |", name, title)
		for _, p := range profiles {
			t.WriteString(" " + mark(p) + " |")
		}
		t.WriteString("\n")
	}
	head("defect or hazard", "what is wrong")
	for _, d := range variant.Defects {
		row(d.ID, d.Title, on(d.Switch))
	}
	t.WriteString("\n")
	head("defence", "what it does")
	for _, d := range variant.Defences {
		row(d.ID, d.Title, on(d.Switch))
	}
	t.WriteString("\n")
	head("option", "meaning")
	for _, o := range variant.OptionList {
		sets := func(p variant.Profile) bool { return valueUnder(p, o) != o.Default() }
		if slices.ContainsFunc(profiles, sets) {
			row(o.Name, o.Title, func(p variant.Profile) string { return valueUnder(p, o) })
		}
	}
	return t.String()
}

// valueUnder returns the value of an option under a profile.
func valueUnder(p variant.Profile, o variant.Option) string {
	for _, assignment := range p.Options {
		if value, found := strings.CutPrefix(assignment, o.Name+"="); found {
			return value
		}
	}
	return o.Default()
}

// on marks the profiles under which a switch is on.
func on(s variant.Switch) func(variant.Profile) string {
	return func(p variant.Profile) string {
		v, err := variant.Selection{Profile: p.ID}.Resolve()
		if err != nil {
			panic(err) // the profiles are our own
		}
		if v.On(s) {
			return "x"
		}
		return ""
	}
}
