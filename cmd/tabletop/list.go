package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tabletop/checker"
	"tabletop/model"
	"tabletop/model/variant"
	"tabletop/nemesis"
	"tabletop/scenarios"
)

// item is one line of a list.
type item struct {
	List  string `json:"list"`
	Name  string `json:"name"`
	Title string `json:"title"`
}

// lists are what list can show, in order.
var lists = []struct {
	name  string
	items func() []item
}{
	{"scenarios", func() (items []item) {
		for _, s := range scenarios.Scenarios {
			items = append(items, item{"", s.Name, s.Title})
		}
		return
	}},
	{"profiles", func() (items []item) {
		for _, p := range variant.Profiles {
			items = append(items, item{"", p.ID, p.Title})
		}
		return
	}},
	{"defects", func() (items []item) {
		for _, d := range variant.Defects {
			items = append(items, item{"", d.ID, fmt.Sprintf("%s (%s)", d.Title, d.Entry)})
		}
		return
	}},
	{"defences", func() (items []item) {
		for _, d := range variant.Defences {
			items = append(items, item{"", d.ID, d.Title})
		}
		return
	}},
	{"options", func() (items []item) {
		for _, o := range variant.OptionList {
			title := o.Title
			if len(o.Values) > 0 {
				title += ": " + strings.Join(o.Values, ", ")
			}
			items = append(items, item{"", o.Name + "=" + o.Default(), title})
		}
		return
	}},
	{"faults", func() (items []item) {
		for _, k := range nemesis.Kinds {
			items = append(items, item{"", string(k.Kind), k.Title})
		}
		return
	}},
	{"points", func() (items []item) {
		for _, p := range nemesis.Points() {
			items = append(items, item{"", p.Name(), p.Doc()})
		}
		return
	}},
	{"roles", func() (items []item) {
		for _, r := range model.Roles() {
			items = append(items, item{"", r.Name, r.Title})
		}
		return
	}},
	{"probes", func() (items []item) {
		for _, p := range checker.Probes {
			items = append(items, item{"", p.Name, p.Title})
		}
		return
	}},
	{"oracles", func() (items []item) {
		for _, o := range checker.Oracles {
			items = append(items, item{"", o.Name, o.Title})
		}
		return
	}},
}

func listCommand() *cobra.Command {
	var c common
	var markdown string
	var names []string
	for _, l := range lists {
		names = append(names, l.name)
	}
	cmd := &cobra.Command{
		Use:   "list [" + strings.Join(names, "|") + "]",
		Short: "What there is, one line each",
		Example: `  tabletop list
  tabletop list defects --json
  tabletop list profiles --markdown docs/profiles.md`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if markdown == "" {
				return list(cmd, &c, args, names)
			}
			if len(args) != 1 || args[0] != "profiles" {
				return errors.New("--markdown is for list profiles")
			}
			doc, err := openDocument(markdown, "profiles")
			if err != nil {
				return err
			}
			return doc.Write(profileTable())
		},
	}
	c.addJSON(cmd)
	cmd.Flags().StringVar(&markdown, "markdown", "", "of profiles: put what is on under each into "+
		"this file, between its lines <!-- profiles --> and <!-- end of profiles -->")
	return cmd
}

func list(cmd *cobra.Command, c *common, args, names []string) error {
	var all []item
	w := tabwriter.NewWriter(c.people(cmd), 0, 0, 2, ' ', 0)
	for _, l := range lists {
		if len(args) == 1 && args[0] != l.name {
			continue
		}
		if len(args) == 0 && !c.json {
			fmt.Fprintf(w, "%s:\n", l.name)
		}
		for _, i := range l.items() {
			i.List = l.name
			all = append(all, i)
			if !c.json {
				fmt.Fprintf(w, "  %s\t%s\n", i.Name, i.Title)
			}
		}
		_ = w.Flush()
	}
	if all == nil {
		return fmt.Errorf("unknown list %q; there are %s", args[0], strings.Join(names, ", "))
	}
	if c.json {
		return printJSON(cmd, all)
	}
	return nil
}
