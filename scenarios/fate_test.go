package scenarios

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// behindPlan is a plan in which ts-3 is dropped for its silence and taken in again, while it is down
// and lacks what the logs of the others have let go. Then a machine is lost, and a table altered.
const behindPlan = `tabletop-plan 1
scenario storm
seed 8
profile ideal
option masters=1
option clients=2
option replica-management=3-2-3
option follower-unavailable=4s
option log-segment-size=256
heal 20s
op 1 at=1s client-1 create t1 columns=k tablets=1 replicas=3
op 2 at=2s client-1 upsert t1 keys=0,40,80,120,160,200,240,280
op 3 at=3s client-1 upsert t1 keys=0,40,80,120,160,200,240,280
op 4 at=4s client-1 upsert t1 keys=0,40,80,120,160,200,240,280
op 5 at=20s client-1 alter t1 add:a
fault 1 at=1.5s kill ts-3
fault 2 at=13s kill ts-1,master-1
fault 3 at=19s lose ts-1
`

// A voter that lacks what its leader's log has let go is as good as lost when another one is: the
// tablet commits nothing any more, not even that it goes on without it, and nothing is asked of it.
func TestVotersThatAreBehindMakeNoMajority(t *testing.T) {
	for name, test := range map[string]struct {
		plan    string
		behind  []wire.ServerID
		version int64
	}{
		"one is lost":   {behindPlan, []wire.ServerID{3}, 0},
		"all come back": {strings.Split(behindPlan, "fault 3")[0], nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			looked := false
			converged, signatures := runToRest(t, test.plan, func(r *run) {
				r.c.World.At(sim.Time(23*time.Second), 0, func() {
					for _, row := range r.c.Catalog().Tablets {
						ts := r.c.TServerOn(r.c.LeaderOf(row.ID).ID())
						leader := ts.Replica(row.ID).(raft.Observed)
						require.Equal(t, test.behind, leader.Behind())
						require.Equal(t, test.version, ts.SchemaVersion(row.ID))
						looked = true
					}
				})
			})
			require.True(t, looked)
			require.NotEmpty(t, converged)
			require.Empty(t, signatures)
		})
	}
}
