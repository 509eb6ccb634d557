package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"tabletop/model/variant"
)

// What a plan selects is made less, too: defects, the size of the cluster, options, their values.

// selection leaves of the defects one if that suffices, or those which are needed.
func (s *shrinker) selection() {
	p := s.plan()
	if len(s.best.Defects) == 0 {
		return
	}
	profile, _ := variant.FindProfile(p.Select.Profile)
	options := append(slices.Clone(profile.Options), p.Select.Options...)
	var alone []Plan
	for _, id := range s.best.Defects {
		one := p
		one.Select = variant.Selection{Defects: []string{id}, Options: options}
		if one.Select.Profile != p.Select.Profile || !slices.Equal(one.Select.Defects,
			p.Select.Defects) || p.Select.Without != nil {
			alone = append(alone, tidy(one))
		}
	}
	if len(alone) == 0 || s.take(alone) >= 0 {
		return
	}
	named := p
	named.Select = variant.Selection{Defects: s.best.Defects, Without: p.Select.Without,
		Options: options}
	if s.take([]Plan{tidy(named)}) >= 0 {
		s.without(len(named.Select.Defects), func(p Plan, from, to int) Plan {
			p.Select.Defects = slices.Delete(slices.Clone(p.Select.Defects), from, to)
			return p
		})
	}
}

// clusterSizes are the options that say how large the cluster is, and by how much it may differ.
var clusterSizes = []struct {
	option string
	by     int
	of     func(PlanSize) int
}{
	{"masters", 2, func(s PlanSize) int { return s.Masters }},
	{"tservers", 1, func(s PlanSize) int { return s.TServers }},
	{"clients", 1, func(s PlanSize) int { return s.Clients }},
}

// options makes the cluster smaller, leaves other options out, and makes their values simpler.
func (s *shrinker) options() bool {
	some := s.take(s.smaller()) >= 0
	sizes := 0 // they come first
	for _, o := range s.plan().Select.Options {
		if isSize(o) {
			sizes++
		}
	}
	some = s.without(len(s.plan().Select.Options)-sizes, func(p Plan, from, to int) Plan {
		p.Select.Options = slices.Delete(slices.Clone(p.Select.Options), sizes+from, sizes+to)
		return p
	}) || some
	return s.oneByOne(sizes, len(s.plan().Select.Options)-1, func(i int) []Plan {
		p := s.plan()
		var plans []Plan
		for _, word := range simplerWords(p.Select.Options[i]) {
			simpler := p
			simpler.Select.Options = slices.Clone(p.Select.Options)
			simpler.Select.Options[i] = word
			plans = append(plans, simpler)
		}
		return plans
	}) || some
}

// isSize reports whether the option says how large the cluster is.
func isSize(option string) bool {
	name, _, _ := strings.Cut(option, "=")
	for _, size := range clusterSizes {
		if size.option == name {
			return true
		}
	}
	return false
}

// smaller lists plans with a smaller cluster.
func (s *shrinker) smaller() []Plan {
	p := s.plan()
	var plans []Plan
	for _, size := range clusterSizes {
		for n := 1; n < size.of(p.Size()); n += size.by {
			less := p
			less.Select.Options = append(slices.Clone(p.Select.Options),
				fmt.Sprint(size.option, "=", n))
			plans = append(plans, tidy(less))
		}
	}
	return plans
}
