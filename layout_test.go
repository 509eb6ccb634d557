package layout

import (
	"fmt"
	"go/ast"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

// Imports point downwards. Each rule: a package (with those below it), and what it may import of
// this module and of others. The longest rule for a package counts. The standard library is free,
// but for what tabletop-vet is against.
const importRules = `
sim              :
model            : sim model
nemesis          : sim model
checker          : sim model github.com/anishathalye/porcupine
scenarios        : sim model nemesis checker scenarios github.com/bluekeyes/go-gitdiff go.etcd.io/raft
cmd/tabletop     : sim model nemesis checker scenarios github.com/spf13/cobra github.com/schollz/progressbar golang.org/x/term
cmd/tabletop-vet : golang.org/x/tools
`

// The packages that say of themselves that they are deterministic, with all below them; the
// command tabletop-vet holds them to it.
var deterministic = []string{"sim", "model", "nemesis", "checker"}

// Sizes keep functions and files readable.
const (
	maxFile     = 400
	maxFunction = 60
	maxLine     = 100
)

const module = "tabletop/"

// load returns all packages of the module, with their syntax; they are loaded once.
func load(t *testing.T) []*packages.Package {
	if loaded != nil {
		return loaded
	}
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedFiles |
		packages.NeedSyntax | packages.NeedImports}, "./...")
	require.NoError(t, err)
	require.Zero(t, packages.PrintErrors(pkgs))
	require.Greater(t, len(pkgs), 10)
	loaded = pkgs
	return pkgs
}

var loaded []*packages.Package

// top returns the first folder of a package of this module.
func top(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, module), "/")
	return name
}

func TestImportsPointDownwards(t *testing.T) {
	allowed := map[string][]string{}
	for line := range strings.Lines(importRules) {
		if name, list, found := strings.Cut(line, ":"); found {
			allowed[strings.TrimSpace(name)] = strings.Fields(list)
		}
	}
	for _, p := range load(t) {
		if p.PkgPath == "tabletop" {
			continue // this test
		}
		list, known := closest(allowed, strings.TrimPrefix(p.PkgPath, module))
		require.True(t, known, "%s: no import rule covers it", p.PkgPath)
		for path := range p.Imports {
			standard := !strings.Contains(strings.Split(path, "/")[0], ".") &&
				!strings.HasPrefix(path, module)
			fits := standard || path == p.PkgPath
			for _, a := range list {
				fits = fits || path == module+a || strings.HasPrefix(path, module+a+"/") ||
					path == a || strings.HasPrefix(path, a+"/")
			}
			require.True(t, fits, "%s must not import %s", p.PkgPath, path)
		}
	}
}

// closest returns the rule for a package, or for the closest above it that has one.
func closest(rules map[string][]string, name string) ([]string, bool) {
	for ; name != "."; name = path.Dir(name) {
		if list, known := rules[name]; known {
			return list, true
		}
	}
	return nil, false
}

// Code that runs in a world is deterministic, and a package is checked for it only if it asks.
func TestAskForDeterminism(t *testing.T) {
	for _, p := range load(t) {
		if slices.Contains(deterministic, top(p.PkgPath)) {
			assert.True(t, slices.ContainsFunc(p.Syntax, asks),
				"%s: its package comment must end in //tabletop:deterministic", p.PkgPath)
		}
	}
}

// asks tells whether the package comment of the file ends in the directive.
func asks(f *ast.File) bool {
	return f.Doc != nil && f.Doc.List[len(f.Doc.List)-1].Text == "//tabletop:deterministic"
}

func TestSizes(t *testing.T) {
	for _, p := range load(t) {
		for _, f := range p.Syntax {
			file := p.Fset.File(f.Pos())
			assert.LessOrEqual(t, file.LineCount(), maxFile, file.Name())
			text, err := os.ReadFile(file.Name())
			require.NoError(t, err)
			number := 0
			for line := range strings.Lines(string(text)) {
				number++
				line = strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    ")
				assert.LessOrEqual(t, utf8.RuneCountInString(line), maxLine, "%s:%d", file.Name(),
					number)
			}
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok {
					lines := p.Fset.Position(fn.End()).Line - p.Fset.Position(fn.Pos()).Line
					assert.LessOrEqual(t, lines, maxFunction, "%s in %s", fn.Name.Name, file.Name())
				}
			}
		}
	}
}

// Everything exported is documented, and so is every package.
func TestDocumentation(t *testing.T) {
	for _, p := range load(t) {
		documented := false
		for _, f := range p.Syntax {
			documented = documented || f.Doc != nil
			for _, d := range f.Decls {
				for _, name := range undocumented(d) {
					t.Errorf("%s: %s is not documented", p.Fset.Position(d.Pos()), name)
				}
			}
		}
		require.True(t, documented || p.PkgPath == "tabletop", "package %s is not documented", p.PkgPath)
	}
}

func undocumented(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) && !satisfies(d.Name.Name) {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		var names []string
		for _, s := range d.Specs {
			names = append(names, undocumentedSpec(d, s)...)
		}
		return names
	}
	return nil
}

// satisfies lists methods whose meaning their interface gives.
func satisfies(name string) bool { return name == "String" || name == "Error" }

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	text := fmt.Sprint(d.Recv.List[0].Type)
	if star, ok := d.Recv.List[0].Type.(*ast.StarExpr); ok {
		text = fmt.Sprint(star.X)
	}
	return ast.IsExported(text)
}

func undocumentedSpec(d *ast.GenDecl, s ast.Spec) []string {
	switch s := s.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
			return []string{s.Name.Name}
		}
	case *ast.ValueSpec:
		for _, n := range s.Names {
			if n.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
				return []string{n.Name}
			}
		}
	}
	return nil
}
