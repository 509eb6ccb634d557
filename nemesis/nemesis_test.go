package nemesis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/model"
	"tabletop/model/client"
	"tabletop/model/raft"
	"tabletop/model/variant"
	"tabletop/nemesis"
	"tabletop/sim"
)

var stream = sim.NewStream("test/nemesis")

func TestFaultsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		faults := nemesis.Draw(sim.NewRand(rapid.Uint64().Draw(t, "seed"), stream), nemesis.Storm{
			Begin: 5 * time.Second, End: time.Minute, Masters: []string{"master-1", "master-2"},
			TServers: []string{"ts-1", "ts-2"}, Tables: []string{"t", "u"}})
		for _, f := range faults {
			got, err := nemesis.ParseFault(strings.Fields(f.String()))
			require.NoError(t, err, f.String())
			require.Equal(t, f, got)
			require.Less(t, f.At, time.Minute)
		}
	})
}

// start boots a cluster with a table under the given faults.
func start(t *testing.T, lines ...string) (*model.Cluster, *nemesis.Executor) {
	v, err := variant.Selection{}.Resolve()
	require.NoError(t, err)
	c := model.New(sim.Config{Seed: 1}, v)
	t.Cleanup(c.World.Close)
	var faults []nemesis.Fault
	for _, l := range lines {
		f, err := nemesis.ParseFault(strings.Fields(l))
		require.NoError(t, err)
		faults = append(faults, f)
	}
	require.NoError(t, nemesis.CheckTargets(c, faults))
	c.Boot()
	x := nemesis.Start(c, faults)
	c.Clients[0].Node().Go("create", func(p *sim.Proc) {
		p.Sleep("warm-up", 5*time.Second)
		c.Clients[0].Do(p, client.Op{ID: 1, Kind: client.Create, Name: "t", Columns: []string{"k"},
			Tablets: 1, Replicas: 3})
	})
	return c, x
}

// Every kind of fault does what it says, records its effect, and is undone.
func TestEveryKindHasAnEffect(t *testing.T) {
	for line, during := range map[string]func(*testing.T, *model.Cluster){
		"1 at=10s kill ts-1 for=5s": func(t *testing.T, c *model.Cluster) {
			require.False(t, c.Resolve("ts-1").Alive())
		},
		"1 at=10s power-off master-2 for=5s": func(t *testing.T, c *model.Cluster) {
			require.False(t, c.Resolve("master-2").Alive())
		},
		"1 at=10s pause leader-master for=5s": func(t *testing.T, c *model.Cluster) {
			paused := 0
			for _, m := range c.Masters {
				if m.Node().Paused() {
					paused++
				}
			}
			require.Equal(t, 1, paused)
		},
		"1 at=10s partition ts-1 from=masters dir=out for=5s": func(t *testing.T, c *model.Cluster) {
			ts, m := c.TServerIDs()[0], c.MasterIDs()[0]
			require.True(t, c.World.Blocked(sim.Direction{From: ts, To: m}))
			require.False(t, c.World.Blocked(sim.Direction{From: m, To: ts}))
		},
		"1 at=10s elect follower-master":                                   nil,
		"1 at=10s elect ts-1 tablet=t":                                     nil,
		"1 at=10s step-down leader-master":                                 nil,
		"1 at=10s step-down tablet-leader:t tablet=t":                      nil,
		"1 at=3s kill-at leader-master point=master/ddl/replicated for=5s": nil,
	} {
		t.Run(line, func(t *testing.T) {
			c, x := start(t, line)
			elections := 0
			raft.Elected.Subscribe(c.World, func(raft.ReplicaEvent) { elections++ })
			c.World.RunUntil(sim.Time(12 * time.Second))
			if during != nil {
				during(t, c)
			}
			c.World.RunUntil(sim.Time(30 * time.Second))
			r := x.Records()[0]
			require.Empty(t, r.Missed)
			require.False(t, r.Inert(), r.String())
			for _, n := range c.World.Nodes() {
				require.True(t, n.Alive() && !n.Paused(), n.Name())
			}
			if r.Fault.Kind == nemesis.Elect || r.Fault.Kind == nemesis.StepDown {
				require.Greater(t, elections, 2)
			}
			require.Nil(t, c.World.Finding())
		})
	}
}

func TestFaultsThatDoNothingSaySo(t *testing.T) {
	c, x := start(t,
		"1 at=1s kill ts-1",
		"2 at=2s kill ts-1 for=1s",
		"3 at=4s partition ts-2 from=ts-2 for=1s",
		"4 at=6s elect master-1 term=99",
		"5 at=7s kill tablet-leader:nothing",
		"6 at=8s elect ts-1 tablet=nothing",
		"7 at=9s step-down ts-3")
	c.World.RunUntil(sim.Time(20 * time.Second))
	x.Heal()
	records := x.Records()
	require.False(t, records[0].Inert())
	for _, r := range records[1:] {
		require.True(t, r.Inert(), r.String())
	}
	require.Contains(t, records[3].Missed, "is in term")
	require.Equal(t, "nobody is tablet-leader:nothing", records[4].Missed)
	require.Contains(t, records[5].Missed, "no replica")
}

func TestHealUndoesEverything(t *testing.T) {
	c, x := start(t, "1 at=5s kill ts-1", "2 at=5s pause master-1", "3 at=5s partition ts-2",
		"4 at=6s kill-at master-2 point=master/task/before-send")
	c.World.RunUntil(sim.Time(20 * time.Second))
	x.Heal()
	for _, n := range c.World.Nodes() {
		require.True(t, n.Alive() && !n.Paused(), n.Name())
		for _, m := range c.World.Nodes() {
			require.False(t, c.World.Blocked(sim.Direction{From: n.ID(), To: m.ID()}))
		}
	}
}

func TestUnknownTargetsAreRefused(t *testing.T) {
	v, err := variant.Selection{}.Resolve()
	require.NoError(t, err)
	c := model.New(sim.Config{}, v)
	defer c.World.Close()
	for line, want := range map[string]string{
		"7 at=1s kill ts-9":                      `fault 7: unknown target "ts-9"`,
		"8 at=1s partition ts-1 from=everything": `fault 8: unknown from "everything"`,
		"9 at=1s kill client-1":                  `fault 9: client-1 cannot be killed`,
	} {
		f, err := nemesis.ParseFault(strings.Fields(line))
		require.NoError(t, err)
		require.ErrorContains(t, nemesis.CheckTargets(c, []nemesis.Fault{f}), want)
	}
}
