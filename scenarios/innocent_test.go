package scenarios

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Storms in which a judge once objected to what nobody can help.
func TestNobodyIsToBlame(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, plan, told string }{
		// Both followers are evicted at once and cannot be told: by what they know they are two of
		// three, and the leader, alone now, is none of them.
		{"evicted members elect one of themselves", `tabletop-plan 1
scenario storm
seed 6
defect KUDU-1537
defect KUDU-1188
defect L1
defect KUDU-3486
option clients=1
option net=jitter
option disk=hdd
option data-blocks=10
heal 8.3s
op 1 at=2s client-1 create t1 columns=k tablets=1 replicas=3
fault 1 at=2.4s partition tablet-follower:t1
fault 2 at=3.4s change-config ts-2 tablet=t1 change=remove
fault 3 at=3.4s change-config ts-1 tablet=t1 change=remove
fault 4 at=8.3s kill leader-master
`, "ts-3 steps down as leader of tablet-49036f1b, term is 2 now"},
		// What is left of it votes for nobody whose log is shorter.
		{"an administrator deletes the only replica", `tabletop-plan 1
scenario storm
seed 5
option masters=1
option clients=1
heal 30ms
op 1 at=10ms client-1 create t1 columns=k tablets=1 replicas=1
fault 1 at=30ms delete-replica ts-3 tablet=t1
`, "ts-3 gives up its replica of tablet-c0fb83df but for a tombstone"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := ParsePlan(strings.NewReader(test.plan))
			require.NoError(t, err)
			told := false
			res, err := Run(p, Options{Story: func(l Line) {
				told = told || strings.Contains(l.Who+" "+l.Text, test.told)
			}})
			require.NoError(t, err)
			require.Empty(t, res.Findings)
			require.True(t, told, "it did not come to it")
		})
	}
}
