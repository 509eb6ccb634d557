package main

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis/analysistest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tabletop-vet": main})
}

// Each package in testdata says in comments what is reported where; nothing else may be.
func TestReportsWhatTheExamplesSay(t *testing.T) {
	examples, err := os.ReadDir("testdata/src")
	require.NoError(t, err)
	var names []string
	for _, e := range examples {
		names = append(names, e.Name())
	}
	analysistest.Run(t, analysistest.TestData(), determinism, names...)
}

// The examples show every rule at work: each name is in what some comment expects.
func TestEveryRuleHasAnExample(t *testing.T) {
	var text strings.Builder
	examples, err := os.ReadDir("testdata/src")
	require.NoError(t, err)
	for _, e := range examples {
		file, err := os.ReadFile("testdata/src/" + e.Name() + "/" + e.Name() + ".go")
		require.NoError(t, err)
		text.Write(file)
	}
	for _, r := range rules {
		assert.Contains(t, text.String(), `\(`+r.name+`\)`)
	}
}

// People read the rules in the package comment; it must name them all, in order.
func TestDocumentationListsTheRules(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "main.go", nil, parser.ParseComments)
	require.NoError(t, err)
	var listed []string
	for line := range strings.Lines(file.Doc.Text()) {
		if item, found := strings.CutPrefix(line, "  - "); found {
			name, _, _ := strings.Cut(item, ":")
			listed = append(listed, name)
		}
	}
	assert.Equal(t, ruleNames(), strings.Join(listed, ", "))
}

// The tool by itself and under go vet, which is told where its caches are.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(env *testscript.Env) error {
		tool, err := exec.LookPath("tabletop-vet")
		if err != nil {
			return err
		}
		cache, err := exec.Command("go", "env", "GOCACHE").Output()
		env.Setenv("TOOL", tool)
		env.Setenv("GOCACHE", strings.TrimSpace(string(cache)))
		env.Setenv("GOTOOLCHAIN", "local")
		return err
	}})
}
