package scenarios

import (
	"slices"
	"strings"
)

// Explain names the cause of a failure by ablation: it runs the same plan again with each active
// defect removed, and returns those without which the run passes. If there is none but the run
// passes without all of them, several roads lead to the failure. Nothing explains a failure of
// the profile ideal: it is a bug of this program.
func Explain(res *Result) string {
	var causes []string
	for _, id := range res.Defects {
		if passesWithout(res, id) {
			causes = append(causes, id)
		}
	}
	switch {
	case len(causes) > 0:
		return strings.Join(causes, " or ")
	case len(res.Defects) > 0 && passesWithout(res, res.Defects...):
		return "several defects together"
	}
	return "no defect explains it"
}

func passesWithout(res *Result, ids ...string) bool {
	p := res.plan
	p.Select.Without = append(slices.Clone(p.Select.Without), ids...)
	again, err := Run(p, Options{})
	return err == nil && again.Verdict != Fail
}

// ExplainGroup names the cause that the first failures of a group have in common, or all causes
// that they have.
func ExplainGroup(g *Group) string {
	var causes []string
	for _, res := range g.First {
		if c := Explain(res); !slices.Contains(causes, c) {
			causes = append(causes, c)
		}
	}
	return strings.Join(causes, "; ")
}
