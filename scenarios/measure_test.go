package scenarios

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
)

var measure = flag.Bool("measure", false, "measure how failures shrink, and print the table of "+
	"docs/shrinking.md")

// measured are defects that storms show soon.
var measured = []string{"KUDU-1353", "KUDU-1374", "KUDU-1358", "KUDU-1991", "KUDU-1537",
	"KUDU-1188", "L1", "KUDU-2472", "KUDU-2195", "start-stamp", "KUDU-3486", "KUDU-495",
	"6e7a04aa5", "9583cad6e", "KUDU-562", "KUDU-1365", "KUDU-765", "KUDU-872", "KUDU-1338"}

// TestMeasureShrinking is no test: it takes minutes, and says how small failures become, how long
// that takes, and whether the point of no return lies where it should: not before the run parts
// from the one without the defect, and not after the failure.
func TestMeasureShrinking(t *testing.T) {
	if !*measure {
		t.Skip("make shrinking")
	}
	fmt.Println("| defect | fails with | lines | faults and operations | runs | wall | fails with " +
		"| parts | point of no return | fails |\n|---|---|---|---|---|---|---|---|---|---|")
	var before, after, items, walls []int
	small, placed := 0, 0
	for _, id := range measured {
		d := Detect{Count: 400}
		at, err := d.Run(t.Context(), begin(t, d, id))
		require.NoError(t, err)
		if !at.Found() {
			fmt.Printf("| %s | not found in %d storms | | | | | | | | |\n", id, at.Tried)
			continue
		}
		token, err := ParseToken(at.Token)
		require.NoError(t, err)
		s, n, parts := measureOne(t, token.Plan, id)
		before, after = append(before, s.Before.Lines), append(after, s.After.Lines)
		items = append(items, s.After.Faults+s.After.Ops)
		walls = append(walls, int(s.Wall.Milliseconds()))
		if s.After.Faults+s.After.Ops <= 6 && s.Wall < 30*time.Second {
			small++
		}
		if noReturn := time.Duration(n.Event.At); parts <= noReturn && noReturn <= n.Fails {
			placed++
		}
		fmt.Printf("| %s | `%s` | %d → %d | %d → %d | %d | %.1f s | %d of %d | %v | %v, %d → %d "+
			"of %d | %v |\n", id, s.Signature, s.Before.Lines, s.After.Lines,
			s.Before.Faults+s.Before.Ops, s.After.Faults+s.After.Ops, s.Tries, s.Wall.Seconds(),
			s.OthersFail, s.Others, parts.Round(time.Millisecond),
			time.Duration(n.Event.At).Round(time.Millisecond), n.Before, n.After, n.Runs,
			n.Fails.Round(time.Millisecond))
	}
	spread := func(values []int) string {
		return fmt.Sprintf("median %d, 95th percentile %d", median(values), percentile(values, 95))
	}
	fmt.Printf("\nLines before: %s; after: %s. Faults and operations after: %s. Milliseconds: %s.\n"+
		"At most 6 faults and operations within 30 s: %d of %d. Point of no return between where "+
		"the runs part and the failure: %d of %d.\n", spread(before), spread(after), spread(items),
		spread(walls), small, len(after), placed, len(after))
}

func measureOne(t *testing.T, p Plan, id string) (Shrunk, NoReturn, time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := Shrink{}.Run(ctx, p)
	require.NoError(t, err)
	without := p
	d, _ := variant.FindDefect(id)
	without.Select.Without = append(slices.Clone(p.Select.Without), append(d.Defences(), id)...)
	parting, err := Diff(p, without)
	require.NoError(t, err)
	require.NotNil(t, parting)
	n, err := Why{Runs: 50}.Run(t.Context(), p)
	require.NoError(t, err)
	return s, n, parting.At()
}
