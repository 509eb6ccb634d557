package main

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/types/typeutil"
)

var determinism = &analysis.Analyzer{
	Name: "determinism",
	Doc: "report what breaks determinism, in packages that ask for it\n\n" +
		"Packages ask by //tabletop:deterministic. The rules:\n\n" + listOfRules(),
	Run: run,
}

// inspection finds what one file has that some rule is against.
type inspection struct {
	pass   *analysis.Pass
	sorted map[*ast.Ident]bool // functions whose result goes straight into a sorter
	found  []finding
}

// finding is what breaks a rule on one line. What breaks it again on that line is not reported.
type finding struct {
	rule *rule
	what string
	pos  token.Pos
	line int
}

func run(pass *analysis.Pass) (any, error) {
	var files []*ast.File
	var all []*directives
	asks := false
	for _, f := range pass.Files {
		if strings.HasSuffix(pass.Fset.File(f.FileStart).Name(), "_test.go") {
			continue
		}
		d, err := readDirectives(pass, f)
		if err != nil {
			return nil, err
		}
		files, all = append(files, f), append(all, d)
		asks = asks || d.asks
	}
	if !asks {
		return nil, nil
	}
	for i, f := range files {
		in := &inspection{pass: pass, sorted: map[*ast.Ident]bool{}}
		ast.Inspect(f, in.visit)
		all[i].apply(in.found)
	}
	return nil, nil
}

func (in *inspection) report(r *rule, what string, at ast.Node) {
	line := lineOf(in.pass, at.Pos())
	if !slices.ContainsFunc(in.found, func(f finding) bool {
		return f.rule == r && f.line == line
	}) {
		in.found = append(in.found, finding{rule: r, what: what, pos: at.Pos(), line: line})
	}
}

// visit is given outer nodes before inner ones.
func (in *inspection) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ImportSpec:
		in.imported(n)
	case *ast.GoStmt:
		in.report(ruleNamed("go"), "go statement", n)
	case *ast.SelectStmt:
		in.report(ruleNamed("select"), "select statement", n)
	case *ast.RangeStmt:
		if t := in.pass.TypesInfo.TypeOf(n.X); t != nil && slices.ContainsFunc(terms(t), isMap) {
			in.report(ruleNamed("map-range"), "range over a map", n)
		}
	case *ast.CallExpr:
		in.called(n)
	case *ast.Ident:
		in.used(n)
	}
	if e, ok := n.(ast.Expr); ok {
		in.typed(e)
	}
	return true
}

func (in *inspection) imported(n *ast.ImportSpec) {
	name := in.pass.TypesInfo.PkgNameOf(n)
	if name == nil {
		return
	}
	path := name.Imported().Path()
	if r := ruleAgainstImport(path); r != nil {
		in.report(r, "import of "+path, n)
	}
}

// used looks at a name: what it denotes, and the type of what it declares.
func (in *inspection) used(n *ast.Ident) {
	var name string
	switch obj := in.pass.TypesInfo.Uses[n].(type) {
	case *types.Builtin:
		name = obj.Name()
	case *types.Func:
		name = obj.FullName()
	}
	if r := rulesAgainstUse[name]; r != nil && !in.sorted[n] {
		in.report(r, name, n)
	}
	if v, ok := in.pass.TypesInfo.Defs[n].(*types.Var); ok {
		in.ofType(v.Type(), n)
	}
}

// typed looks at the type of an expression, or at the type that the expression is. Constants are
// left out: the compiler computes them exactly.
func (in *inspection) typed(e ast.Expr) {
	if tv := in.pass.TypesInfo.Types[e]; tv.Type != nil && tv.Value == nil {
		in.ofType(tv.Type, e)
	}
}

func (in *inspection) ofType(t types.Type, at ast.Node) {
	text := types.TypeString(t, types.RelativeTo(in.pass.Pkg))
	if slices.ContainsFunc(terms(t), isChannel) {
		in.report(ruleNamed("channel"), "channel of type "+text, at)
	}
	// A type parameter that may be a float is left to where it becomes one: cmp.Ordered is such.
	if b, ok := t.Underlying().(*types.Basic); ok && b.Info()&(types.IsFloat|types.IsComplex) != 0 {
		in.report(ruleNamed("float"), "floating point of type "+text, at)
	}
}

// called looks for the calls that are fine though what they call is not, and for those whose
// arguments make them wrong.
func (in *inspection) called(n *ast.CallExpr) {
	if len(n.Args) == 0 {
		return
	}
	info := in.pass.TypesInfo
	if to := info.Types[n.Fun]; to.IsType() && isKind(to.Type, types.Uintptr) &&
		isKind(info.TypeOf(n.Args[0]), types.UnsafePointer) {
		in.report(ruleNamed("address"), "pointer as an integer", n)
	}
	fn, ok := typeutil.Callee(info, n).(*types.Func)
	if !ok {
		return
	}
	if slices.Contains(sorters, fn.FullName()) {
		if inner, ok := ast.Unparen(n.Args[0]).(*ast.CallExpr); ok {
			in.markSorted(inner.Fun)
		}
	}
	if fn.Pkg() != nil && fn.Pkg().Path() == "fmt" {
		in.formatted(n, fn.Signature())
	}
}

// markSorted excepts the function that e denotes, but nothing that is computed on the way.
func (in *inspection) markSorted(e ast.Expr) {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		in.sorted[e] = true
	case *ast.SelectorExpr:
		in.sorted[e.Sel] = true
	case *ast.IndexExpr:
		in.markSorted(e.X)
	case *ast.IndexListExpr:
		in.markSorted(e.X)
	}
}

// verb matches one verb of a format with its flags, such as %-8s, or %%.
var verb = regexp.MustCompile(`%[^a-zA-Z%]*[a-zA-Z%]`)

// formatted looks at the format of a call of package fmt, if it has one that is constant.
func (in *inspection) formatted(n *ast.CallExpr, s *types.Signature) {
	for i := range min(s.Params().Len(), len(n.Args)) {
		format := in.pass.TypesInfo.Types[n.Args[i]].Value
		if s.Params().At(i).Name() != "format" || format == nil {
			continue
		}
		for _, v := range verb.FindAllString(constant.StringVal(format), -1) {
			if strings.HasSuffix(v, "p") {
				in.report(ruleNamed("address"), "format "+v, n.Args[i])
			}
		}
	}
}

// terms returns the types that t may stand for, if it is a type parameter, or itself.
func terms(t types.Type) []types.Type {
	var all []types.Type
	switch u := types.Unalias(t).(type) {
	case *types.TypeParam:
		return terms(u.Constraint())
	case *types.Union:
		for term := range u.Terms() {
			all = append(all, terms(term.Type())...)
		}
		return all
	}
	i, ok := t.Underlying().(*types.Interface)
	if !ok {
		return []types.Type{t.Underlying()}
	}
	for e := range i.EmbeddedTypes() {
		all = append(all, terms(e)...)
	}
	return all
}

func isMap(t types.Type) bool {
	_, is := t.(*types.Map)
	return is
}

func isChannel(t types.Type) bool {
	_, is := t.(*types.Chan)
	return is
}

func isKind(t types.Type, kind types.BasicKind) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Kind() == kind
}
