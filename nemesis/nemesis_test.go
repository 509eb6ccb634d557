package nemesis_test

import (
	"slices"
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
			TServers: []string{"ts-1", "ts-2"}, Tables: []string{"t", "u"},
			Spares: []string{"master-3"}, Changes: []string{"add", "remove", "replace"}})
		faults = append(faults, drawRacks(rapid.Uint64().Draw(t, "seed"), len(faults))...)
		faults = append(faults, drawMeetings(rapid.Uint64().Draw(t, "seed"))...)
		for _, f := range faults {
			got, err := nemesis.ParseFault(strings.Fields(f.String()))
			require.NoError(t, err, f.String())
			require.Equal(t, f, got)
			require.Less(t, f.At, time.Minute)
		}
	})
}

func drawRacks(seed uint64, last int) []nemesis.Fault {
	return nemesis.DrawRacks(sim.NewRand(seed, stream, 1), nemesis.Racks{Begin: 5 * time.Second,
		End: 50 * time.Second, Locations: []string{"/a", "/b"}, TServers: []string{"ts-1", "ts-2"},
		Moves: true, Last: last})
}

func drawMeetings(seed uint64) []nemesis.Fault {
	r := sim.NewRand(seed, stream, 2)
	s := nemesis.Storm{Begin: 5 * time.Second, End: 50 * time.Second,
		Masters: []string{"master-1", "master-2"}, TServers: []string{"ts-1", "ts-2"}}
	return append(nemesis.Ambushes(r, s, 1), nemesis.Mutes(r, s, 5*time.Second, 10)...)
}

// start boots a cluster with a table under the given faults.
func start(t *testing.T, lines ...string) (*model.Cluster, *nemesis.Executor) {
	return startWith(t, nil, lines...)
}

func startWith(t *testing.T, options []string, lines ...string) (*model.Cluster,
	*nemesis.Executor) {
	v, err := variant.Selection{Options: options}.Resolve()
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
			ts, m := c.TServerNodes()[0], c.MasterNodes()[0]
			require.True(t, c.World.Blocked(sim.Direction{From: ts, To: m}))
			require.False(t, c.World.Blocked(sim.Direction{From: m, To: ts}))
		},
		"1 at=10s power-off masters for=5s": func(t *testing.T, c *model.Cluster) {
			for _, m := range c.Masters {
				require.False(t, m.Node().Alive())
			}
		},
		"1 at=10s kill location:/a for=5s": func(t *testing.T, c *model.Cluster) {
			require.False(t, c.Resolve("ts-1").Alive())
			require.False(t, c.Resolve("ts-2").Alive())
			require.True(t, c.Resolve("ts-3").Alive())
		},
		"1 at=10s partition location:/a for=5s": func(t *testing.T, c *model.Cluster) {
			one, two, three := c.TServerNodes()[0], c.TServerNodes()[1], c.TServerNodes()[2]
			require.True(t, c.World.Blocked(sim.Direction{From: one, To: three}))
			require.True(t, c.World.Blocked(sim.Direction{From: three, To: two}))
			require.False(t, c.World.Blocked(sim.Direction{From: one, To: two}))
		},
		"1 at=10s relocate ts-3 location=/a from=master-2 for=5s": func(t *testing.T,
			c *model.Cluster) {
			told, _ := c.LocationOf(c.Resolve("ts-3"), "master-2")
			require.Equal(t, "/a", told)
			told, _ = c.LocationOf(c.Resolve("ts-3"), "master-1")
			require.Equal(t, "/b", told)
		},
		"1 at=10s relocate ts-3 location=none for=5s": func(t *testing.T, c *model.Cluster) {
			_, ok := c.LocationOf(c.Resolve("ts-3"), "master-1")
			require.False(t, ok)
		},
		"1 at=3s depose-at leader-master point=master/ddl/replicated":  nil,
		"1 at=10s split masters shape=bridge for=5s":                   nil,
		"1 at=10s split tservers shape=halves turn=1 for=5s":           nil,
		"1 at=10s slow leader-master by=20ms for=5s":                   nil,
		"1 at=3s kill-wait leader-master label=entry power=off for=5s": nil,
		"1 at=3s kill-sync leader-master k=2 when=before for=5s":       nil,
		"1 at=3s kill-sync ts-1 k=3 when=after power=off for=5s":       nil,
		"1 at=10s flap ts-1 from=masters by=1s for=5s":                 nil,
		"1 at=10s clog ts-1 dir=in for=5s":                             nil,
		"1 at=10s swizzle leader-master from=all by=100ms for=5s":      nil,
		"1 at=10s lossy ts-1 ppm=300000 for=5s":                        nil,
		"1 at=10s damage ts-1 ppm=300000 for=5s":                       nil,
		"1 at=10s reorder ts-1 ppm=300000 by=100ms for=5s":             nil,
		"1 at=10s redeliver ts-1 ppm=300000 by=1s for=5s":              nil,
		"1 at=10s slow-link ts-1 by=100ms for=5s":                      nil,
		"1 at=10s bandwidth ts-1 rate=20000 for=5s":                    nil,
		"1 at=3s slow-disk leader-master by=100ms for=5s":              nil,
		"1 at=3s fail-sync leader-master ppm=1000000 for=5s":           nil,
		"1 at=3s full-disk leader-master for=5s":                       nil,
		"1 at=3s fail-write leader-master ppm=1000000 for=5s":          nil,
		"1 at=10s delete-replica ts-1 tablet=t":                        nil,
		"1 at=10s bit-rot ts-1":                                        nil,
		"1 at=3s misdirect ts-1 ppm=1000000 for=5s":                    nil,
		"1 at=10s wipe ts-1 for=5s": func(t *testing.T, c *model.Cluster) {
			require.Empty(t, c.Resolve("ts-1").Disk().List())
		},
		"1 at=10s drift ts-1 ppm=-100000 for=5s":                           nil,
		"1 at=10s elect follower-master":                                   nil,
		"1 at=10s elect ts-1 tablet=t":                                     nil,
		"1 at=10s step-down leader-master":                                 nil,
		"1 at=10s step-down tablet-leader:t tablet=t":                      nil,
		"1 at=3s kill-at leader-master point=master/ddl/replicated for=5s": nil,
	} {
		t.Run(line, func(t *testing.T) {
			c, x := startWith(t, []string{"locations=ts-1:/a,ts-2:/a,ts-3:/b"}, line)
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

// What people do to a cluster takes effect, and the cluster makes the best of it.
func TestEveryChangeOfMembershipHasAnEffect(t *testing.T) {
	for _, line := range []string{
		"1 at=10s transfer leader-master",
		"1 at=10s transfer leader-master to=follower-master",
		"1 at=10s transfer tablet-leader:t tablet=t",
		"1 at=10s quiesce tablet-leader:t for=10s",
		"1 at=10s maintenance ts-1 for=5s",
		"1 at=10s change-config tablet-follower:t tablet=t change=remove",
		"1 at=10s change-config tablet-leader:t tablet=t change=replace",
		"1 at=10s lose ts-1",
		"1 at=10s add-master master-4",
		"1 at=10s remove-master leader-master",
	} {
		t.Run(line, func(t *testing.T) {
			c, x := startWith(t, []string{"spare-masters=1", "tservers=4",
				"follower-unavailable=5s"}, line)
			c.World.RunUntil(sim.Time(2 * time.Minute))
			x.Heal()
			c.World.RunFor(time.Minute)
			r := x.Records()[0]
			require.Empty(t, r.Missed)
			require.False(t, r.Inert(), r.String())
			require.False(t, x.Busy())
			require.Nil(t, c.World.Finding())
			id := c.TabletsOf("t")[0]
			leader := c.LeaderOf(id)
			require.NotNil(t, leader)
			for _, m := range c.TServerOn(leader.ID()).Replica(id).Config().Members {
				require.False(t, m.NonVoter || m.Replace || c.World.Node(m.ID.Node()).Retired(), m)
			}
		})
	}
}

// A jump of the wall clock shows when somebody reads it.
func TestClockJumpHasAnEffectWhenTheClockIsRead(t *testing.T) {
	c, x := start(t, "1 at=8s clock-jump ts-1 by=-1h for=12s", "2 at=10s kill ts-1 for=1s",
		"3 at=8s clock-jump ts-2 by=1h for=12s")
	c.World.RunUntil(sim.Time(30 * time.Second))
	require.Equal(t, 1, x.Records()[0].Effect)
	require.True(t, x.Records()[2].Inert())
	require.Equal(t, time.Duration(c.World.Now()), c.Resolve("ts-1").Wall(), "and is undone")
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
		"4 at=6s kill-at master-2 point=master/task/before-send", "5 at=5s flap ts-3 by=1s",
		"6 at=5s swizzle master-3 by=100ms", "7 at=6s kill-wait master-2 label=nothing",
		"8 at=6s kill-sync ts-2 k=1000 when=after", "9 at=5s slow ts-2 by=1ms")
	c.World.RunUntil(sim.Time(20 * time.Second))
	x.Heal()
	for _, n := range c.World.Nodes() {
		require.True(t, n.Alive() && !n.Paused(), n.Name())
		for _, m := range c.World.Nodes() {
			require.False(t, c.World.Disturbed(sim.Direction{From: n.ID(), To: m.ID()}))
		}
	}
	c.World.RunFor(time.Minute)
	require.Equal(t, 1, c.Resolve("ts-1").Incarnation())
	require.Zero(t, c.Resolve("master-2").Incarnation(), "what lay in wait is gone")
}

func TestBadFaultsNameTheWord(t *testing.T) {
	for line, want := range map[string]string{
		"1 at=1s dance ts-1":                       `unknown fault "dance"`,
		"1 at=1s kill ts-1 by=1s":                  `kill: bad word "by=1s"`,
		"1 at=1s lossy ts-1":                       `lossy: want ppm=`,
		"1 at=1s lossy ts-1 ppm=many":              `bad word "ppm=many": want a number`,
		"1 at=1s relocate ts-1 location=a":         `bad location "a"`,
		"1 at=1s slow ts-1 by=quick":               `bad word "by=quick": want by=DURATION`,
		"1 at=1s split masters shape=star":         `want shape=halves or bridge or ring`,
		"1 at=1s kill-sync ts-1 k=0 when=after":    `bad word "k=0": want a number`,
		"1 at=1s kill-wait ts-1 label=x power=on":  `bad word "power=on": want power=off`,
		"1 at=1s kill-at ts-1 point=nowhere for=s": `unknown point "nowhere"`,
	} {
		_, err := nemesis.ParseFault(strings.Fields(line))
		require.ErrorContains(t, err, want, line)
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
		"9 at=1s kill masters,client-1":          `fault 9: client-1 cannot be killed`,
		"9 at=1s slow masters by=1ms":            `fault 9: unknown target "masters"`,
		"9 at=1s slow location:/a by=1ms":        `fault 9: unknown target "location:/a"`,
		"9 at=1s relocate master-1 location=/a":  `fault 9: relocate strikes tservers, not master-1`,
		"9 at=1s slow ts-1,ts-2 by=1ms":          `fault 9: slow strikes one node, not ts-1,ts-2`,
	} {
		f, err := nemesis.ParseFault(strings.Fields(line))
		require.NoError(t, err)
		require.ErrorContains(t, nemesis.CheckTargets(c, []nemesis.Fault{f}), want)
	}
}

// Every kind is drawn by some storm, and every storm within its budget.
func TestEveryKindIsDrawn(t *testing.T) {
	drawn := map[nemesis.Kind]int{}
	masters := []string{"master-1", "master-2", "master-3"}
	tservers := []string{"ts-1", "ts-2", "ts-3", "ts-4"}
	for seed := range uint64(300) {
		damaged := map[string]bool{}
		for _, f := range nemesis.Draw(sim.NewRand(seed, stream), nemesis.Storm{Begin: 5 * time.Second,
			End: time.Minute, Masters: masters, TServers: tservers, Tables: []string{"t"},
			Spares: []string{"master-4"}, Changes: []string{"add", "remove", "replace"}}) {
			drawn[f.Kind]++
			switch f.Kind {
			case nemesis.BitRot, nemesis.Misdirect, nemesis.Wipe, nemesis.Lose, nemesis.RemoveMaster,
				nemesis.DeleteReplica:
				damaged[f.Target] = true
			}
		}
		for _, f := range append(drawRacks(seed, 0), nemesis.Rebalances(sim.NewRand(seed, stream),
			nemesis.Storm{Begin: 5 * time.Second, End: time.Minute}, 1)...) {
			drawn[f.Kind]++
		}
		for _, f := range drawMeetings(seed) {
			drawn[f.Kind]++
		}
		for _, group := range [][]string{masters, tservers} {
			struck := slices.DeleteFunc(slices.Clone(group), func(name string) bool {
				return !damaged[name]
			})
			require.LessOrEqual(t, len(struck), 1)
		}
	}
	for _, k := range nemesis.Kinds {
		require.Positive(t, drawn[k.Kind], k.Kind)
	}
}
