package mutants

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"tabletop/sim"
)

// Chosen is the environment variable that tells a program of many mutants which of them to be, by
// its number. Without it the program is as it should be.
const Chosen = "TABLETOP_MUTANT"

// chooser is a file for each package with mutants, which knows what is chosen.
const chooser = `package %s

import (
	"os"
	"strconv"
)

var mutantChosen, _ = strconv.Atoi(os.Getenv(%q))
`

// Combine puts mutants into one program, since building one for each would take most of a hunt's
// time. Each function that a mutant changes is there twice, as it was and as the mutant has it, and
// asks first which of the two it is to be. Combine returns the changed files by path, and the
// mutants that are in them with their numbers. One that changes more than functions is not.
func Combine(root string, all []Mutant) (map[string][]byte, map[string]int, error) {
	sources := map[string]*source{}
	numbers := map[string]int{}
	for i, m := range all {
		changed, err := m.Files(root)
		if err != nil {
			return nil, nil, err
		}
		var differ []difference
		only := true
		for _, path := range sim.Keys(changed) {
			s := sources[path]
			if s == nil {
				if s, err = readSource(path); err != nil {
					return nil, nil, err
				}
				sources[path] = s
			}
			v, err := parseSource(m.Name+".patch/"+filepath.Base(path), changed[path])
			if err != nil {
				return nil, nil, err
			}
			d, functions := s.differences(v)
			differ, only = append(differ, d...), only && functions
		}
		if only {
			numbers[m.Name] = i + 1
			for _, d := range differ {
				d.plant(i + 1)
			}
		}
	}
	files := map[string][]byte{}
	for path, s := range sources {
		files[path] = s.print()
		files[filepath.Join(filepath.Dir(path), "mutant_chosen.go")] = fmt.Appendf(nil, chooser,
			s.file.Name.Name, Chosen)
	}
	return files, numbers, nil
}

// source is a file without its comments.
type source struct {
	set    *token.FileSet
	file   *ast.File
	texts  []string // of its declarations
	copies bytes.Buffer
}

func readSource(path string) (*source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseSource(path, text)
}

func parseSource(name string, text []byte) (*source, error) {
	s := &source{set: token.NewFileSet()}
	var err error
	s.file, err = parser.ParseFile(s.set, name, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, decl := range s.file.Decls {
		var b bytes.Buffer
		_ = printer.Fprint(&b, s.set, decl)
		s.texts = append(s.texts, b.String())
	}
	return s, nil
}

// difference is a function that two versions of a file have otherwise.
type difference struct {
	in, from *source
	was, is  *ast.FuncDecl
}

// differences lists those between two versions of a file, and reports whether there are no others.
func (s *source) differences(v *source) (list []difference, only bool) {
	if len(s.texts) != len(v.texts) {
		return nil, false
	}
	for i, text := range s.texts {
		if text == v.texts[i] {
			continue
		}
		was, a := s.file.Decls[i].(*ast.FuncDecl)
		is, b := v.file.Decls[i].(*ast.FuncDecl)
		if !a || !b || was.Name.Name != is.Name.Name {
			return nil, false
		}
		list = append(list, difference{s, v, was, is})
	}
	return list, true
}

// plant adds the other version of the function, and has the function ask whether to be that.
func (d difference) plant(number int) {
	name := fmt.Sprint(d.was.Name.Name, "Mutant", number)
	d.is.Name = ast.NewIdent(name)
	d.in.copies.WriteString("\n\n")
	printTo(&d.in.copies, d.from.set, d.is)

	call := &ast.CallExpr{Fun: ast.NewIdent(name)}
	if d.was.Recv != nil {
		call.Fun = &ast.SelectorExpr{X: named(d.was.Recv)[0], Sel: ast.NewIdent(name)}
	}
	for _, param := range named(d.was.Type.Params) {
		call.Args = append(call.Args, param)
	}
	if n := len(d.was.Type.Params.List); n > 0 {
		if _, variadic := d.was.Type.Params.List[n-1].Type.(*ast.Ellipsis); variadic {
			call.Ellipsis = d.was.Body.Lbrace
		}
	}
	then := []ast.Stmt{&ast.ReturnStmt{Results: []ast.Expr{call}}}
	if d.was.Type.Results == nil {
		then = []ast.Stmt{&ast.ExprStmt{X: call}, &ast.ReturnStmt{}}
	}
	d.was.Body.List = slices.Insert(d.was.Body.List, 0, ast.Stmt(&ast.IfStmt{
		Cond: &ast.BinaryExpr{X: ast.NewIdent("mutantChosen"), Op: token.EQL,
			Y: &ast.BasicLit{Kind: token.INT, Value: strconv.Itoa(number)}},
		Body: &ast.BlockStmt{List: then}}))
}

// named returns the names of parameters. Those without one are given one.
func named(params *ast.FieldList) (names []*ast.Ident) {
	for _, field := range params.List {
		if len(field.Names) == 0 {
			field.Names = []*ast.Ident{ast.NewIdent("_")}
		}
		for _, name := range field.Names {
			if name.Name == "_" {
				name.Name = fmt.Sprint("unnamed", len(names))
			}
			names = append(names, name)
		}
	}
	return names
}

// print returns the file with the functions of the mutants.
func (s *source) print() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "package %s\n", s.file.Name.Name)
	for _, decl := range s.file.Decls {
		b.WriteString("\n\n")
		printTo(&b, s.set, decl)
	}
	b.WriteString("\n\n")
	b.Write(s.copies.Bytes())
	b.WriteString("\n")
	return b.Bytes()
}

// printTo prints a declaration so that an error in it is told where it was read.
func printTo(b *bytes.Buffer, set *token.FileSet, decl ast.Decl) {
	_ = (&printer.Config{Mode: printer.SourcePos, Tabwidth: 8}).Fprint(b, set, decl)
}
