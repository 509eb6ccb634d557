package main

import (
	"bytes"
	"go/ast"
	"go/token"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// directives are the comments of one file that are meant for this tool.
type directives struct {
	pass   *analysis.Pass
	asks   bool
	allows []*allow
}

// allow excepts a line from a rule.
type allow struct {
	pos    token.Pos
	rule   string
	reason string
	line   int  // the line that it excepts
	used   bool // whether there is something to except
}

// readDirectives reports a directive that does not exist even in packages that do not ask: they
// may have meant to.
func readDirectives(pass *analysis.Pass, f *ast.File) (*directives, error) {
	text, err := pass.ReadFile(pass.Fset.File(f.FileStart).Name())
	if err != nil {
		return nil, err
	}
	d := &directives{pass: pass}
	for _, group := range f.Comments {
		for _, c := range group.List {
			directive, ok := ast.ParseDirective(c.Pos(), c.Text)
			if !ok || directive.Tool != "tabletop" {
				continue
			}
			switch directive.Name {
			case "deterministic":
				d.asks = true
			case "allow":
				line := lineOf(pass, c.Pos())
				if startsLine(text, pass.Fset.PositionFor(c.Pos(), false).Offset) {
					line = lineOf(pass, group.End()) + 1
				}
				name, reason, _ := strings.Cut(directive.Args, ":")
				d.allows = append(d.allows, &allow{pos: c.Pos(), rule: strings.TrimSpace(name),
					reason: strings.TrimSpace(reason), line: line})
			default:
				pass.Reportf(c.Pos(), "tabletop:%s: there is no such comment; there are "+
					"tabletop:deterministic and tabletop:allow", directive.Name)
			}
		}
	}
	return d, nil
}

// apply reports the findings that are not allowed, and what is wrong with the exceptions.
func (d *directives) apply(found []finding) {
	for _, f := range found {
		if !d.allowed(f) {
			d.pass.Reportf(f.pos, "%s (%s): %s; %s", f.what, f.rule.name, f.rule.why,
				f.rule.instead)
		}
	}
	for _, a := range d.allows {
		switch {
		case ruleNamed(a.rule) == nil:
			d.pass.Reportf(a.pos, "tabletop:allow %s: there is no such rule; there are %s", a.rule,
				ruleNames())
		case a.reason == "":
			d.pass.Reportf(a.pos, "tabletop:allow %[1]s: there is no reason; write "+
				"//tabletop:allow %[1]s: REASON", a.rule)
		case !a.used:
			d.pass.Reportf(a.pos, "tabletop:allow %s: there is nothing to allow on line %d; "+
				"take it out", a.rule, a.line)
		}
	}
}

// allowed marks the exceptions that cover the finding. One without a reason covers nothing.
func (d *directives) allowed(f finding) bool {
	covered := false
	for _, a := range d.allows {
		if a.rule == f.rule.name && a.line == f.line && a.reason != "" {
			a.used, covered = true, true
		}
	}
	return covered
}

// lineOf returns the line in the file as it is, whatever line directives say.
func lineOf(pass *analysis.Pass, pos token.Pos) int {
	return pass.Fset.PositionFor(pos, false).Line
}

// startsLine tells whether there is only space before the offset on its line.
func startsLine(text []byte, offset int) bool {
	before := text[:offset]
	return len(bytes.TrimSpace(before[bytes.LastIndexByte(before, '\n')+1:])) == 0
}
