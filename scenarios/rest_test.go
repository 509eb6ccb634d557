package scenarios

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/checker"
	"tabletop/model/client"
	"tabletop/model/wire"
	"tabletop/sim"
)

// lateCall is a plan in which the leader master wants another replica in the place of that on ts-3,
// which is back before the master is deposed. It goes on asking, and finds a server while the
// cluster rests. Disks are slow, so that the leader of the tablet has much to report.
const lateCall = `tabletop-plan 1
scenario storm
seed 7
profile ideal
option masters=3
option tservers=4
option clients=2
option net=lan
option disk=stalls
option spare-masters=0
option replica-management=3-4-3
option follower-unavailable=4s
option consensus-rpc-timeout=2s
heal 42s
op 1 at=6s client-1 create t1 columns=k tablets=1 replicas=3
fault 1 at=1ms kill ts-4 for=41s
fault 2 at=10s kill ts-3 for=12s
fault 3 at=25s step-down leader-master
`

// What a deposed master still asks for is no unrest: the cluster may take its time to rest again.
func TestRestBeginsAgainAfterALateCall(t *testing.T) {
	converged, signatures := runToRest(t, lateCall, nil)
	require.Len(t, converged, 3, "after healing, after the read-back, and once more")
	require.Empty(t, signatures)
}

// A tablet that has another leader every few seconds is unsettled in every rest, and found out in
// the last.
func TestEndlessElectionsAreUnrest(t *testing.T) {
	converged, signatures := runToRest(t, lateCall, func(r *run) {
		w := r.c.World
		var depose func()
		depose = func() {
			for _, row := range r.c.Catalog().Tablets {
				if n := r.c.LeaderOf(row.ID); n != nil {
					r.c.TServerOn(n.ID()).Replica(row.ID).StepDown()
				}
			}
			w.At(w.Now().Add(2*time.Second), 0, depose)
		}
		w.At(sim.Time(40*time.Second), 0, depose)
	})
	require.Len(t, converged, 1+checker.Rests)
	require.Equal(t, []string{"quiescence/cluster/no-rest"}, signatures)
}

// A master may try many tasks once in a rest, as one does that was deposed, but not one task again
// and again.
func TestTasksOfManyTabletsAreNoUnrest(t *testing.T) {
	for tablets, want := range map[wire.TabletID][]string{
		6: nil, 1: {"quiescence/cluster/no-rest"}} {
		plan := "tabletop-plan 1\noption masters=1\noption tservers=3\nheal 10s\n" +
			"op 1 at=4s client-1 create t1 columns=k tablets=1 replicas=3\n"
		_, signatures := runToRest(t, plan, func(r *run) {
			r.c.World.At(sim.Time(17*time.Second), 0, func() {
				ts := r.c.TServers[0].ID()
				r.c.Masters[0].Node().Go("tasks", func(p *sim.Proc) {
					for i := range wire.TabletID(6) {
						p.Call(ts.Node(), &wire.DeleteTabletRequest{Dest: ts, Tombstone: true,
							Tablet: 1 + i%tablets}, p.Now().Add(time.Second))
					}
				})
			})
		})
		require.Equal(t, want, signatures)
	}
}

// A replica whose disk is slow has not heard the end of the last change of its configuration, and
// will have something to report: nothing rests before that.
func TestConvergenceWaitsForEveryMembersConfiguration(t *testing.T) {
	text := strings.NewReplacer("heal 42s", "heal 49s", "disk=stalls", "disk=ssd").Replace(lateCall)
	converged, signatures := runToRest(t, text+"fault 4 at=48.6s slow-disk ts-2 by=3s\n", nil)
	require.Empty(t, signatures)
	require.Greater(t, converged[0], sim.Time(51*time.Second))
}

// A cluster in which a master is told a wrong count of replicas with a label does not converge,
// though that of all replicas is right.
func TestWrongCountsByLabelAreFoundOut(t *testing.T) {
	const plan = `tabletop-plan 1
option masters=3
option tservers=3
option clients=1
heal 30s
op 1 at=4s client-1 create t1 columns=k tablets=1 ranges=0:100 replicas=3 dimension=cold
op 2 at=8s client-1 alter t1 add-range:100:200@hot
`
	told := map[string]func(*wire.TSHeartbeatRequest){
		"the truth": func(*wire.TSHeartbeatRequest) {},
		"nothing":   func(m *wire.TSHeartbeatRequest) { m.LiveByDimension = nil },
		"too many": func(m *wire.TSHeartbeatRequest) {
			m.LiveByDimension = wire.CountDimension(slices.Clone(m.LiveByDimension), "hot")
		},
		"another label": func(m *wire.TSHeartbeatRequest) {
			m.LiveByDimension = []wire.DimensionCount{{Dimension: "cold", Live: 1},
				{Dimension: "warm", Live: 1}}
		},
	}
	for what, tell := range told {
		_, signatures := runToRest(t, plan, func(r *run) {
			sim.Sent.Subscribe(r.c.World, func(e *sim.Envelope) {
				if m, is := e.Msg.(*wire.TSHeartbeatRequest); is && e.From == r.c.Resolve("ts-2").ID() {
					tell(m)
				}
			})
		})
		if what == "the truth" {
			require.Empty(t, signatures)
		} else {
			require.Equal(t, []string{"liveness/tserver/miscounted"}, signatures, what)
		}
	}
}

// A client that has slept while its table was altered, the masters lost their power and the one that
// led was removed finds all that out by and by, and just in time.
func TestReadBackLetsClientsCatchUp(t *testing.T) {
	const plan = `tabletop-plan 1
seed 1
option masters=3
option tservers=3
option clients=2
option spare-masters=0
heal 40s
op 1 at=6s client-1 create t1 columns=k,a tablets=1 replicas=3
op 2 at=8s client-2 upsert t1 keys=1
op 3 at=25s client-1 alter t1 drop:a
fault 1 at=10s power-off masters for=3s
fault 2 at=20s remove-master master-3
`
	var scans []string
	_, signatures := runToRest(t, plan, func(r *run) {
		client.Answered.Subscribe(r.c.World, func(e client.OpEvent) {
			if e.Op.Kind == client.Scan {
				scans = append(scans, e.Outcome.String())
			}
		})
	})
	require.Equal(t, []string{"UNKNOWN_COLUMN", "[1=512]"}, scans)
	require.Empty(t, signatures)
}

// runToRest returns when the cluster of a plan converged, and what was violated.
func runToRest(t *testing.T, plan string, watch func(*run)) (converged []sim.Time,
	signatures []string) {
	p, err := ParsePlan(strings.NewReader(plan))
	require.NoError(t, err)
	res, err := Run(p, Options{watch: watch, Story: func(l Line) {
		if strings.HasPrefix(l.Text, "converged") {
			converged = append(converged, l.At)
		}
	}})
	require.NoError(t, err)
	for _, f := range res.Findings {
		signatures = append(signatures, f.Signature)
	}
	return converged, signatures
}
