package scenarios

import (
	"slices"
	"strings"
)

// Explain names the cause of a failure by ablation: it runs the same plan again with each active
// defect removed, and returns those without which the run no longer shows the signature. If there
// is none, but the signature is gone without all of them, several roads lead to it. Nothing
// explains a failure of the profile ideal: it is a bug of this program.
func Explain(res *Result, signature string) string {
	var causes []string
	for _, id := range res.Defects {
		if goneWithout(res, signature, id) {
			causes = append(causes, id)
		}
	}
	switch {
	case len(causes) > 0:
		return strings.Join(causes, " or ")
	case len(res.Defects) > 0 && goneWithout(res, signature, res.Defects...):
		return "several defects together"
	}
	return "no defect explains it"
}

func goneWithout(res *Result, signature string, ids ...string) bool {
	p := res.plan
	p.Select.Without = append(slices.Clone(p.Select.Without), ids...)
	again, err := Run(p, Options{})
	return err == nil && !again.shows(signature)
}

// shows reports whether the run has a finding of that signature.
func (r *Result) shows(signature string) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Signature == signature })
}

// ExplainGroup names the causes of the first failures of a group, each once.
func ExplainGroup(g *Group) string {
	var causes []string
	for _, res := range g.First {
		if c := Explain(res, g.Signature); !slices.Contains(causes, c) {
			causes = append(causes, c)
		}
	}
	return strings.Join(causes, "; ")
}
