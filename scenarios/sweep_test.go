package scenarios

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
)

var sweepSeeds = flag.Uint64("sweep", 1, "how many seeds, which differ in latencies, to sweep")

// Every DDL ends well, struck at each point and at each sync of the leader master.
func TestSweep(t *testing.T) {
	t.Parallel()
	for _, d := range sweepDDLs {
		t.Run(d.name, func(t *testing.T) {
			runs := 0
			for seed := range *sweepSeeds {
				err := d.sweep(seed, variant.Selection{}, func(fault string, r *Result) {
					runs++
					require.Equal(t, Pass, r.Verdict, "%s: %s\n%s\nreplay: go run "+
						"./cmd/tabletop replay %s", fault, r.Signature, r.Detail, r.Token)
				})
				require.NoError(t, err)
			}
			require.GreaterOrEqual(t, runs, 8)
			t.Logf("%d strikes", runs)
		})
	}
}

// The sweep finds what a master that answers too early, or too late, breaks.
func TestSweepFindsDefects(t *testing.T) {
	for id, name := range map[string]string{"KUDU-1537": "create"} {
		failed := false
		for _, d := range sweepDDLs {
			if d.name == name {
				s := variant.Selection{Defects: []string{id}}
				require.NoError(t, d.sweep(0, s, func(_ string, r *Result) {
					failed = failed || r.Verdict == Fail
				}))
			}
		}
		require.True(t, failed, id)
	}
}
