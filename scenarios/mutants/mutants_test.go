package mutants

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/checker"
	"tabletop/scenarios"
)

var (
	hunt  = flag.Bool("mutants", false, "build every mutant and hunt it")
	only  = flag.String("mutants.only", "", "hunt only those whose names match this expression")
	seeds = flag.Int("mutants.seeds", 500, "within how many seeds a mutant must be caught")
	doc   = flag.String("mutants.markdown", "", "put what was caught into this document")
	blind = flag.Bool("mutants.blind", false, "hunt again without the judge of durability all that it "+
		"catches, and not only until one is found")
)

const root = "../.."

func TestPatchesApply(t *testing.T) {
	all, err := All()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, m := range all {
		_, err := m.Files(root)
		require.NoError(t, err)
		require.NotEmpty(t, m.Title, m.Name)
	}
	_, numbers, err := Combine(root, all)
	require.NoError(t, err)
	require.Greater(t, len(numbers), len(all)*9/10, "the others take as long to build as all these")
}

// Every mutant is caught by the ordinary generator under the profile ideal, and one at least of those
// that the judge of durability catches at once is caught without it too, by what follows.
func TestMutantsAreCaught(t *testing.T) {
	if !*hunt {
		t.Skip("make mutants hunts them")
	}
	all, err := All()
	require.NoError(t, err)
	wanted, err := regexp.Compile(*only)
	require.NoError(t, err)
	all = slices.DeleteFunc(all, func(m Mutant) bool { return !wanted.MatchString(m.Name) })
	require.NotEmpty(t, all, *only)
	part, err := scenarios.OpenDocument(*doc, "mutants")
	require.NoError(t, err)
	var table strings.Builder
	out := io.MultiWriter(os.Stdout, &table)
	caughtBlind := 0
	fmt.Fprintf(out, "%-24s %7s  %s\n", "mutant", "seeds", "oracle")
	files, numbers, err := Combine(root, all)
	require.NoError(t, err)
	together := build(t, files)
	for _, m := range all {
		// A number of 0 is no mutant: what cannot be combined is built by itself.
		binary, number := together, numbers[m.Name]
		if number == 0 {
			files, err := m.Files(root)
			require.NoError(t, err)
			binary = build(t, files)
		}
		t.Setenv(Chosen, strconv.Itoa(number))
		first := fuzz(t, binary, m)
		if first == nil {
			t.Errorf("%s is not caught in %d seeds: %s", m.Name, *seeds, m.Title)
			fmt.Fprintf(out, "%-24s %7s\n", m.Name, "-")
			continue
		}
		fmt.Fprintf(out, "%-24s %7d  %s\n", m.Name, first.Seed+1, first.Signature)
		if first.Oracle != checker.DurableBeforeVisible || caughtBlind > 0 && !*blind {
			continue
		}
		if late := fuzz(t, binary, m, "--skip", checker.DurableBeforeVisible); late != nil {
			caughtBlind++
			fmt.Fprintf(out, "%-24s %7d  %s\n", "  without that judge", late.Seed+1, late.Signature)
		} else {
			fmt.Fprintf(out, "%-24s %7s  not in %d seeds\n", "  without that judge", "-", *seeds)
		}
	}
	require.NoError(t, part.WriteBlock(table.String()))
	require.True(t, caughtBlind > 0 || *only != "", "no mutant is caught without the judge of durability")
}

// build compiles the program with these files in place of those that it has, or beside them.
func build(t *testing.T, files map[string][]byte) string {
	dir := t.TempDir()
	overlay := map[string]map[string]string{"Replace": {}}
	for path, content := range files {
		abs, err := filepath.Abs(path)
		require.NoError(t, err)
		changed := filepath.Join(dir, strconv.Itoa(len(overlay["Replace"]))+".go")
		require.NoError(t, os.WriteFile(changed, content, 0o600))
		overlay["Replace"][abs] = changed
	}
	text, err := json.Marshal(overlay)
	require.NoError(t, err)
	list := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(list, text, 0o600))
	binary := filepath.Join(dir, "tabletop")
	cmd := exec.Command("go", "build", "-overlay", list, "-o", binary, "./cmd/tabletop")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return binary
}

// fuzz returns the first failure, or nil.
func fuzz(t *testing.T, binary string, m Mutant, more ...string) *scenarios.Result {
	args := []string{"fuzz", "--profile", "ideal", "--count", strconv.Itoa(*seeds), "--stop",
		"--no-explain", "--json"}
	for _, id := range m.Without {
		args = append(args, "--without", id)
	}
	for _, oracle := range m.Skip {
		args = append(args, "--skip", oracle)
	}
	out, err := exec.Command(binary, append(args, more...)...).Output()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		require.NoError(t, err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var r scenarios.Result
		require.NoError(t, json.Unmarshal(lines.Bytes(), &r))
		if r.Verdict == scenarios.Fail {
			return &r
		}
	}
	return nil
}
