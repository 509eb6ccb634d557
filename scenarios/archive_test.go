package scenarios

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every failure that is kept still fails where its defect is, and not without. The file's name puts
// this before all other tests of the package.
func TestKeptFailures(t *testing.T) {
	files, err := filepath.Glob("testdata/regressions/*.plan")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 10)
	defects := map[string]bool{}
	for _, file := range files {
		p, err := ReadPlanFile(file)
		require.NoError(t, err)
		for _, id := range p.Select.Defects {
			defects[id] = true
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			require.NoError(t, p.Recheck())
		})
	}
	require.GreaterOrEqual(t, len(defects), 10)
}

// A plan that is kept for nothing, or that proves nothing any more, is not silently green.
func TestStalePlansAreNoticed(t *testing.T) {
	const calm = "tabletop-plan 1\nheal 1s\nop 1 at=4s client-1 create t columns=k\n"
	for text, want := range map[string]string{
		calm: "does not say how it fails",
		calm + "defect KUDU-1353\nfails liveness/table/alter-stuck": "stale: with KUDU-1353 on",
		"tabletop-plan 1\nheal 1s\ndefect KUDU-1353\nfails liveness/table/alter-stuck\n" +
			"fault 1 at=1s remove-master master-1\nfault 2 at=1s lose master-2\n" +
			"fault 3 at=1s lose master-3": "",
	} {
		p, err := ParsePlan(strings.NewReader(text))
		require.NoError(t, err)
		if err = p.Recheck(); want != "" {
			require.ErrorContains(t, err, want)
		}
	}
}
