package layout

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

// Imports point downwards. Each rule: a package (with those below it), and what it may import of
// this module and of others. The longest rule for a package counts. The standard library is free,
// but for what is banned below.
const importRules = `
sim              :
model            : sim model
nemesis          : sim model
checker          : sim model github.com/anishathalye/porcupine
scenarios        : sim model nemesis checker scenarios github.com/bluekeyes/go-gitdiff
cmd/tabletop     : sim model nemesis checker scenarios github.com/spf13/cobra github.com/schollz/progressbar golang.org/x/term
cmd/tabletop-vet : golang.org/x/tools
`

// What breaks determinism, or trust, is banned where it could: the construct, the packages, the
// reason and what to use instead.
var banned = []struct {
	what, packages, because string
}{
	{"go statement", "sim model nemesis checker", "its order is the scheduler's; use Node.Go"},
	{"channel", "sim model nemesis checker", "its order is the scheduler's; use Cond"},
	{"select", "sim model nemesis checker", "it chooses at random; use Cond"},
	{"map range", "sim model nemesis checker", "its order differs from run to run; use sim.Keys"},
	{"float", "sim model nemesis checker", "it may round differently elsewhere; use integers"},
	{"recover", "model nemesis checker", "it would hide a finding; let it end the run"},
	{"time.Now", "sim model nemesis checker", "it is the wall clock; use Node.Now"},
	{"time.Since", "sim model nemesis checker", "it is the wall clock; use Node.Now"},
	{"import sync", "sim model nemesis checker", "there is one goroutine; use sim.Mutex"},
	{"import sync/atomic", "sim model nemesis checker", "there is one goroutine"},
	{"import math/rand", "sim model nemesis checker", "it is not keyed; use Node.Draw"},
	{"import math/rand/v2", "sim model nemesis checker", "it is not keyed; use Node.Draw"},
	{"import crypto/rand", "sim model nemesis checker", "it is not seeded; use Node.Draw"},
	{"import os", "sim model nemesis checker", "a run depends on nothing outside; pass it in"},
	{"import net", "sim model nemesis checker", "there is a simulated network; use Proc.Call"},
}

// The files that may do what is banned, and why.
var exceptions = map[string]string{
	"recover sim/proc.go":     "the root of a process is where a panic becomes a finding",
	"recover sim/world.go":    "the loop is where a panic of a callback becomes a finding",
	"map range sim/sorted.go": "the sorted helper itself",
}

// Sizes keep functions and files readable.
const (
	maxFile     = 400
	maxFunction = 60
	maxLine     = 100
)

const module = "tabletop/"

// load returns all packages of the module, with their types; they are loaded once.
func load(t *testing.T) []*packages.Package {
	if loaded != nil {
		return loaded
	}
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedFiles |
		packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports |
		packages.NeedDeps}, "./...")
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

func TestNothingBanned(t *testing.T) {
	for _, p := range load(t) {
		for _, f := range p.Syntax {
			file := p.Fset.Position(f.Pos()).Filename
			ast.Inspect(f, func(n ast.Node) bool {
				for _, what := range constructs(p, n) {
					refuse(t, what, top(p.PkgPath), file, p.Fset.Position(n.Pos()))
				}
				return true
			})
		}
	}
}

func refuse(t *testing.T, what, pkg, file string, at token.Position) {
	for _, b := range banned {
		if b.what != what || !strings.Contains(" "+b.packages+" ", " "+pkg+" ") {
			continue
		}
		parts := strings.Split(file, string(os.PathSeparator))
		short := strings.Join(parts[max(0, len(parts)-2):], "/")
		if exceptions[what+" "+short] == "" {
			t.Errorf("%v: %s: %s", at, what, b.because)
		}
	}
}

// constructs names what a piece of syntax is, as far as some rule may ban it.
func constructs(p *packages.Package, n ast.Node) []string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return []string{"go statement"}
	case *ast.ChanType, *ast.SendStmt:
		return []string{"channel"}
	case *ast.SelectStmt:
		return []string{"select"}
	case *ast.RangeStmt:
		if typ := p.TypesInfo.TypeOf(n.X); typ != nil {
			if _, isMap := typ.Underlying().(*types.Map); isMap {
				return []string{"map range"}
			}
		}
	case *ast.ImportSpec:
		return []string{"import " + strings.Trim(n.Path.Value, `"`)}
	case *ast.SelectorExpr:
		if x, ok := n.X.(*ast.Ident); ok {
			return []string{x.Name + "." + n.Sel.Name}
		}
	case *ast.Ident:
		return identifier(p, n)
	}
	return nil
}

func identifier(p *packages.Package, n *ast.Ident) []string {
	switch obj := p.TypesInfo.Uses[n].(type) {
	case *types.Builtin:
		return []string{obj.Name()}
	case *types.TypeName:
		if b, ok := obj.Type().(*types.Basic); ok && b.Info()&types.IsFloat != 0 {
			return []string{"float"}
		}
	}
	return nil
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
