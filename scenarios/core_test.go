package scenarios

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model"
	"tabletop/model/variant"
	"tabletop/sim"
)

// coreHeals is a plan in which master-3 and ts-4 stay broken until the others have shown that they
// suffice.
const coreHeals = `tabletop-plan 1
scenario storm
seed 3
option masters=3
option tservers=4
option clients=2
heal 20s
rest kill master-3,ts-4
op 1 at=6s client-1 create t1 columns=k tablets=2 replicas=3
op 2 at=22s client-1 alter t1 add:a
fault 1 at=10s kill leader-master for=5s
`

// runCore runs the plan with something put in its place, and lists its phases and the signatures.
func runCore(t *testing.T, old, with string) (phases, signatures []string) {
	require.Contains(t, coreHeals, old)
	p, err := ParsePlan(strings.NewReader(strings.Replace(coreHeals, old, with, 1)))
	require.NoError(t, err)
	noted := 0
	res, err := Run(p, Options{Story: func(l Line) {
		if l.Who == "--" {
			phases = append(phases, l.Text)
		}
	}, Trace: func(r sim.Record) {
		if r.Topic == "phase" {
			noted++
		}
	}})
	require.NoError(t, err)
	require.Equal(t, len(phases), noted)
	for _, f := range res.Findings {
		signatures = append(signatures, f.Signature)
	}
	return phases, signatures
}

func TestCoreSuffices(t *testing.T) {
	for _, how := range []string{"kill", "pause", "partition"} {
		phases, signatures := runCore(t, "rest kill", "rest "+how)
		require.Empty(t, signatures)
		told := strings.Join(phases, "\n")
		var names []string
		for _, p := range phases {
			name, _, _ := strings.Cut(p, ":")
			names = append(names, name)
		}
		require.Equal(t, []string{"swarm", "boot", "warm-up", "storm", "heal a core", "core", "heal",
			"liveness", "converged", "read back", "quiet", "converged", "rest", "ksck", "audits",
			"linearizability", "vacuity"}, names)
		require.Contains(t, told, "heal a core: all faults end, but not of the rest: "+how+
			" master-3, ts-4\ncore: it suffices, ")
		require.Contains(t, told, "\nheal: all faults end\n")
	}
}

// Where servers are enough the core has replicas in the place of those that are away, however they
// are.
func TestCoreReplacesReplicas(t *testing.T) {
	for _, how := range []string{"kill", "pause", "partition"} {
		p, err := ParsePlan(strings.NewReader(strings.NewReplacer("rest kill", "rest "+how,
			"tablets=2", "tablets=4").Replace(coreHeals)))
		require.NoError(t, err)
		var c *model.Cluster
		onTheRest := map[string]int{} // tablets that have a member there, by the name of the phase
		_, err = Run(p, Options{watch: func(r *run) { c = r.c }, Story: func(l Line) {
			name, _, _ := strings.Cut(l.Text, ":")
			if l.Who != "--" || name != "heal a core" && name != "core" {
				return
			}
			away := c.TServerOn(c.Resolve("ts-4").ID()).ID()
			onTheRest[name] = 0
			for _, row := range c.LeaderMaster().Store().Tablets {
				if row.Consensus.Config.Has(away) {
					onTheRest[name]++
				}
			}
		}})
		require.NoError(t, err)
		require.Positive(t, onTheRest["heal a core"], how)
		require.Contains(t, onTheRest, "core", how)
		require.Zero(t, onTheRest["core"], how)
	}
}

// Who is away stays away, also if a fault of before had it start again.
func TestTheRestStaysDown(t *testing.T) {
	p, err := ParsePlan(strings.NewReader(coreHeals +
		"fault 2 at=19s kill-at ts-4 point=tserver/heartbeat/before-send for=5s\n"))
	require.NoError(t, err)
	var told []string
	_, err = Run(p, Options{Story: func(l Line) {
		if l.Who == "ts-4" && (l.Text == "starts" || l.Text == "killed") || l.Who == "--" {
			told = append(told, l.Text)
		}
	}})
	require.NoError(t, err)
	begin := slices.IndexFunc(told, func(l string) bool { return strings.HasPrefix(l, "heal a core") })
	require.Equal(t, "killed", told[begin-1], "it is down when healing begins")
	require.Equal(t, []string{"starts", "killed"}, told[begin+1:begin+3])
	require.Contains(t, told[begin+3], "core: it suffices")
}

// A core that loses its majority is held to the same budgets. Healed with all others, the same
// cluster is well.
func TestCoreIsHeldToItsBudget(t *testing.T) {
	const later = "heal 20s\nfault 2 at=21s kill leader-master for=120s"
	phases, signatures := runCore(t, "heal 20s", later)
	require.Equal(t, []string{"liveness/master/no-leader"}, signatures)
	require.NotContains(t, strings.Join(phases, "\n"), "heal: all")
	_, signatures = runCore(t, "heal 20s\nrest kill master-3,ts-4", later)
	require.Empty(t, signatures)
}

// Who cannot be done without is healed with the others, though the plan says otherwise.
func TestCoreIsAMajority(t *testing.T) {
	phases, signatures := runCore(t, "master-3,ts-4", "master-3,master-2,ts-1,ts-2")
	require.Empty(t, signatures)
	require.Contains(t, strings.Join(phases, "\n"), "of the rest: kill master-3, ts-1\n")
	phases, signatures = runCore(t, "rest kill master-3,ts-4", "rest kill master-3\n"+
		"fault 2 at=8s wipe master-2")
	require.Empty(t, signatures)
	require.NotContains(t, strings.Join(phases, "\n"), "heal a core", "another disk is gone")
}

func TestBadRest(t *testing.T) {
	for _, bad := range []string{"rest slow ts-1", "rest kill", "rest kill client-1", "rest kill a b"} {
		_, err := ParsePlan(strings.NewReader(strings.Replace(coreHeals, "rest kill master-3,ts-4",
			bad, 1)))
		require.ErrorContains(t, err, "line 8: rest: ")
	}
	p, err := ParsePlan(strings.NewReader(strings.Replace(coreHeals, "ts-4", "ts-9", 1)))
	require.NoError(t, err)
	_, err = Run(p, Options{})
	require.EqualError(t, err, "rest: there is no ts-9")
}

// Some storms heal a core first. All others are what they were before there were any.
func TestSomeStormsHealACore(t *testing.T) {
	some := 0
	for seed := range uint64(300) {
		p, err := Draw("storm", seed, variant.Selection{})
		require.NoError(t, err)
		if p.Rest.How != "" {
			some++
			require.NotEmpty(t, p.Rest.Nodes)
		}
	}
	require.InDelta(t, 28, some, 12)
}
