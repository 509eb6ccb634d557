package scenarios

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
)

var measure = flag.Bool("measure", false, "measure how failures shrink, and write the tables "+
	"of docs/shrinking.md")

// measured are defects that storms show soon.
var measured = []string{"KUDU-495", "KUDU-1537", "KUDU-765", "6e7a04aa5", "9583cad6e", "KUDU-562",
	"KUDU-1365", "KUDU-1358", "KUDU-2472", "KUDU-1188", "KUDU-872", "KUDU-2195", "KUDU-3486",
	"KUDU-1353", "KUDU-1374", "L1", "KUDU-1991", "start-stamp", "KUDU-1338"}

// storms returns for each of the defects the plan of the first storm that shows it.
func storms(t *testing.T, out io.Writer, each func(defect string, p Plan)) {
	for _, id := range measured {
		d := Detect{Count: 400}
		at, err := d.Run(t.Context(), begin(t, d, id))
		require.NoError(t, err)
		if !at.Found() {
			fmt.Fprintf(out, "| %s | not found in %d storms |\n", id, at.Tried)
			continue
		}
		token, err := ParseToken(at.Token)
		require.NoError(t, err)
		each(id, token.Plan)
	}
}

// This is no test: it takes minutes, and says how small failures become and how long that takes.
func TestMeasureShrinking(t *testing.T) {
	if !*measure {
		t.Skip("make shrinking")
	}
	var before, after, items, walls []int
	small := 0
	doc, err := OpenDocument("../docs/shrinking.md", "shrinking")
	require.NoError(t, err)
	var table strings.Builder
	out := io.MultiWriter(os.Stdout, &table)
	fmt.Fprintln(out, "| defect | fails with | lines | faults and operations | runs | wall | other "+
		"seeds that fail |\n|---|---|---|---|---|---|---|")
	storms(t, out, func(id string, p Plan) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s, err := Shrink{}.Run(ctx, p)
		require.NoError(t, err)
		left := s.After.Faults + s.After.Ops
		before, after = append(before, s.Before.Lines), append(after, s.After.Lines)
		items = append(items, left)
		walls = append(walls, int(s.Wall.Milliseconds()))
		if left <= 6 && s.Wall < 30*time.Second {
			small++
		}
		fmt.Fprintf(out, "| %s | `%s` | %d → %d | %d → %d + %d | %d | %.1f s | %d of %d |\n", id,
			s.Signature, s.Before.Lines, s.After.Lines, s.Before.Faults+s.Before.Ops,
			s.After.Faults, s.After.Ops, s.Tries, s.Wall.Seconds(), s.OthersFail, s.Others)
	})
	spread := func(values []int) string {
		return fmt.Sprintf("median %d, 95th percentile %d", median(values), percentile(values, 95))
	}
	fmt.Fprintf(out, "\nLines before: %s; after: %s. Faults and operations after: %s. "+
		"Milliseconds:\n%s. At most 6 faults and operations within 30 s: %d of %d.\n", spread(before), spread(after),
		spread(items), spread(walls), small, len(after))
	require.NoError(t, doc.Write(table.String()))
}

// Nor is this: it says of the plans that are kept whether the point of no return lies where it
// should, not before the run parts from the one without the defect, and not after the failure.
func TestMeasurePointsOfNoReturn(t *testing.T) {
	if !*measure {
		t.Skip("make shrinking")
	}
	files, err := filepath.Glob("testdata/regressions/*.plan")
	require.NoError(t, err)
	doc, err := OpenDocument("../docs/shrinking.md", "points of no return")
	require.NoError(t, err)
	var table strings.Builder
	out := io.MultiWriter(os.Stdout, &table)
	all, placed := 0, 0
	fmt.Fprintln(out, "| defect | parts | point of no return | before → after | fails | event |\n"+
		"|---|---|---|---|---|---|")
	for _, file := range files {
		p, err := ReadPlanFile(file)
		require.NoError(t, err)
		without := p
		without.Select = variant.Selection{Options: p.Select.Options}
		parting, err := Diff(p, without)
		require.NoError(t, err)
		require.NotNil(t, parting)
		n, err := Why{Signature: p.Fails, Runs: 50}.Run(t.Context(), p)
		if err != nil {
			fmt.Fprintf(out, "| %s | %v |\n", strings.Join(p.Select.Defects, " "), err)
			continue
		}
		at := time.Duration(n.Event.At)
		if all++; parting.At() <= at && at <= n.Fails {
			placed++
		}
		fmt.Fprintf(out, "| %s | %v | %v | %d → %d of %d | %v | %s: %s |\n",
			strings.Join(p.Select.Defects, " "), parting.At().Round(time.Millisecond),
			at.Round(time.Millisecond), n.Before, n.After, n.Runs,
			n.Fails.Round(time.Millisecond), n.Event.Who, n.Event.Text)
	}
	fmt.Fprintf(out, "\nThe point of no return lies between where the runs part and the failure "+
		"for %d of %d.\n", placed, all)
	require.NoError(t, doc.Write(table.String()))
}
