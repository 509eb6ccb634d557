package model_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model"
	"tabletop/model/catalog"
	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

func options(list ...string) variant.Selection { return variant.Selection{Options: list} }

// ask sends a request from a client's node to a master and returns the answer.
func ask[T sim.Message](t *testing.T, c *model.Cluster, client int, m *master.Master,
	req sim.Message) T {
	var resp sim.Message
	var err error
	c.Clients[client].Node().Go("ask", func(p *sim.Proc) {
		resp, err = p.Call(m.Node().ID(), req, p.Now().Add(10*time.Second))
	})
	c.World.RunFor(11 * time.Second)
	require.NoError(t, err)
	require.Nil(t, c.World.Finding())
	return resp.(T)
}

func header(c *model.Cluster, client int, seq int64) wire.DDLHeader {
	return wire.DDLHeader{Timeout: time.Hour,
		Request: wire.RequestID{Client: wire.ServerID(c.ClientNodes()[client]), Seq: seq}}
}

func createRequest(h wire.DDLHeader, name string) *wire.CreateTableRequest {
	return &wire.CreateTableRequest{DDLHeader: h, Name: name, Replicas: 3,
		Partitions: wire.PartitionSchema{Buckets: 1, Ranges: []wire.Range{wire.AllKeys}},
		Schema:     wire.Schema{{Name: "k", Key: true}}}
}

func other(c *model.Cluster, not *master.Master) *master.Master {
	for _, m := range c.Masters {
		if m != not {
			return m
		}
	}
	return nil
}

func TestFollowersRefuseClients(t *testing.T) {
	c := newCluster(t, 1, options())
	c.World.RunFor(10 * time.Second)
	follower := other(c, c.LeaderMaster())
	require.Equal(t, wire.NotTheLeader, ask[*wire.DDLResponse](t, c, 0, follower,
		createRequest(header(c, 0, 1), "t")).Status.Code)
	require.Equal(t, wire.NotTheLeader, ask[*wire.TableSchemaResponse](t, c, 0, follower,
		&wire.GetTableSchemaRequest{Name: "t"}).Status.Code)
	require.False(t, ask[*wire.ConnectResponse](t, c, 0, follower, &wire.ConnectToMaster{}).Leader)
}

// Attempt 1 is delayed in the network, attempt 2 is refused, somebody removes the obstacle, then
// attempt 1 arrives. It must not take effect; under Kudu's protocol it does.
func TestDelayedAttemptCannotTakeEffectAfterARefusal(t *testing.T) {
	for profile, want := range map[string]wire.Code{
		"ideal": wire.TableAlreadyPresent, "kudu-1.0": wire.OK} {
		t.Run(profile, func(t *testing.T) {
			c := newCluster(t, 2, variant.Selection{Profile: profile})
			c.World.RunFor(10 * time.Second)
			m := c.LeaderMaster()
			ddl := func(client int, req sim.Message) wire.Code {
				return ask[*wire.DDLResponse](t, c, client, m, req).Status.Code
			}
			attempt := createRequest(header(c, 0, 1), "t")
			require.Equal(t, wire.OK, ddl(1, createRequest(header(c, 1, 1), "t")))
			require.Equal(t, wire.TableAlreadyPresent, ddl(0, attempt))
			require.Equal(t, wire.OK, ddl(1, &wire.DeleteTableRequest{
				DDLHeader: header(c, 1, 2), Name: "t"}))
			require.Equal(t, want, ddl(0, attempt))
		})
	}
}

// A retry gets the answer of its own first attempt, from whichever master leads by then.
func TestRetryFindsItsAnswerAfterAFailover(t *testing.T) {
	c := newCluster(t, 3, options())
	c.World.RunFor(10 * time.Second)
	m := c.LeaderMaster()
	req := createRequest(header(c, 0, 1), "t")
	first := ask[*wire.DDLResponse](t, c, 0, m, req)
	require.Equal(t, wire.OK, first.Status.Code)
	m.Node().Kill()
	c.World.RunFor(10 * time.Second)
	require.NotSame(t, m, c.LeaderMaster())
	require.Equal(t, first, ask[*wire.DDLResponse](t, c, 0, c.LeaderMaster(), req))
	stale := ask[*wire.DDLResponse](t, c, 0, c.LeaderMaster(), createRequest(header(c, 0, 0), "u"))
	require.Equal(t, wire.StaleRequest, stale.Status.Code)
}

// Two attempts at once: the second joins the first.
func TestRetryJoinsItsAttemptInFlight(t *testing.T) {
	c := newCluster(t, 4, options("disk=hdd"))
	c.World.RunFor(10 * time.Second)
	m := c.LeaderMaster()
	req := createRequest(header(c, 0, 1), "t")
	var answers []sim.Message
	for range 3 {
		c.Clients[0].Node().Go("attempt", func(p *sim.Proc) {
			resp, _ := p.Call(m.Node().ID(), req, sim.Never)
			answers = append(answers, resp)
		})
	}
	c.World.RunFor(5 * time.Second)
	require.Len(t, answers, 3)
	require.Equal(t, answers[0], answers[1])
	require.Equal(t, answers[0], answers[2])
	require.Len(t, m.Store().Tables, 1)
}

// A deposed leader that cannot know it refuses to answer from its catalog; Kudu's answers.
func TestDeposedLeaderAndReads(t *testing.T) {
	for profile, answers := range map[string]bool{"ideal": false, "kudu-1.0": true} {
		t.Run(profile, func(t *testing.T) {
			c := newCluster(t, 5, variant.Selection{Profile: profile})
			c.World.RunFor(10 * time.Second)
			old := c.LeaderMaster()
			for _, id := range c.MasterNodes() {
				if id != old.Node().ID() {
					c.World.Cut(sim.Direction{From: id, To: old.Node().ID()},
						sim.Direction{From: old.Node().ID(), To: id})
				}
			}
			c.World.RunFor(10 * time.Second)
			require.NotSame(t, old, c.LeaderMaster())
			require.Equal(t, old.Node(), c.Resolve("stale-leader"))
			var resp sim.Message
			c.Clients[0].Node().Go("ask", func(p *sim.Proc) {
				resp, _ = p.Call(old.Node().ID(), &wire.ListTablesRequest{}, p.Now().Add(30*time.Second))
			})
			c.World.RunFor(30 * time.Second)
			require.NotNil(t, resp)
			require.Equal(t, answers, resp.(*wire.ListTablesResponse).Status.OK())
		})
	}
}

// A new leader that cannot commit in its term within 30 s steps down, or ends its process as
// Kudu's does and is restarted.
func TestLeaderThatCannotCatchUp(t *testing.T) {
	for profile, restarts := range map[string]int{"ideal": 0, "kudu-head": 1} {
		t.Run(profile, func(t *testing.T) {
			c := newCluster(t, 6, variant.Selection{Profile: profile,
				Options: []string{"master-failure-detection=false"}})
			c.World.RunFor(time.Second)
			m := c.Masters[0]
			m.Consensus().StartElection()
			for m.Consensus().Role() != raft.Leader {
				c.World.RunFor(50 * time.Microsecond)
			}
			for _, id := range c.MasterNodes()[1:] {
				c.World.Cut(sim.Direction{From: m.Node().ID(), To: id})
			}
			c.World.RunFor(29 * time.Second)
			require.Equal(t, raft.Leader, m.Consensus().Role())
			c.World.RunFor(2 * time.Second)
			require.Equal(t, restarts, m.Node().Incarnation())
			c.World.RunFor(10 * time.Second)
			require.True(t, m.Node().Alive())
			require.NotEqual(t, raft.Leader, c.Masters[0].Consensus().Role())
		})
	}
}

// A tablet that cannot be created in time is replaced by another, whose replicas then replace
// its own.
func TestTabletThatCannotBeCreatedIsReplaced(t *testing.T) {
	c := newCluster(t, 7, options())
	c.World.RunFor(10 * time.Second)
	a, b := c.TServers[0].Node(), c.TServers[1].Node()
	a.Kill()
	b.Kill()
	ask[*wire.DDLResponse](t, c, 0, c.LeaderMaster(), createRequest(header(c, 0, 1), "t"))
	c.World.RunFor(30 * time.Second)
	a.Boot()
	b.Boot()
	c.World.RunFor(time.Minute)
	states := map[catalog.TabletState]int{}
	for _, row := range c.Catalog().Tablets {
		states[row.State]++
	}
	require.Equal(t, 1, states[catalog.TabletRunning])
	require.NotZero(t, states[catalog.TabletReplaced])
	for _, ts := range c.TServers {
		require.Len(t, ts.Tablets(), 1, "leftovers of replaced tablets are deleted")
	}
}

// Tablets, and the schemas their logs hold, survive the death of every server, and its power.
func TestTabletsSurviveRestarts(t *testing.T) {
	for _, end := range []func(*sim.Node) bool{(*sim.Node).Kill, (*sim.Node).PowerOff} {
		c := newCluster(t, 8, options())
		c.World.RunFor(10 * time.Second)
		outs := do(t, c, []string{"create", "t", "columns=k"}, []string{"alter", "t", "add:a"})
		require.True(t, outs[1].Status.OK())
		for _, n := range c.World.Nodes()[:6] {
			end(n)
			n.Boot()
		}
		c.World.RunFor(20 * time.Second)
		require.Nil(t, c.World.Finding())
		require.NotNil(t, c.LeaderMaster())
		for _, ts := range c.TServers {
			require.Len(t, ts.Tablets(), 1)
			require.Equal(t, int64(1), ts.SchemaVersion(ts.Tablets()[0]))
		}
		require.Equal(t, []string{"k", "a"}, do(t, c, []string{"get", "t"})[0].Schema.Names())
	}
}

// With one master, clients wait for its restart.
func TestSingleMasterComesBack(t *testing.T) {
	c := newCluster(t, 9, options("masters=1"))
	c.World.RunFor(10 * time.Second)
	n := c.Masters[0].Node()
	c.World.At(c.World.Now().Add(time.Second), 1, func() { n.Kill() })
	c.World.At(c.World.Now().Add(8*time.Second), 2, n.Boot)
	c.World.RunFor(2 * time.Second)
	require.False(t, n.Alive())
	outs := do(t, c, []string{"create", "t", "columns=k"}, []string{"get", "t"})
	require.True(t, outs[0].Status.OK(), outs[0].Status)
	require.True(t, outs[1].Status.OK())
}

func TestRolesResolve(t *testing.T) {
	c := newCluster(t, 10, options())
	require.Nil(t, c.Resolve("leader-master"), "nobody leads yet")
	c.World.RunFor(10 * time.Second)
	do(t, c, []string{"create", "t", "columns=k"})
	leader := c.Resolve("leader-master")
	require.Equal(t, c.LeaderMaster().Node(), leader)
	require.NotEqual(t, leader, c.Resolve("follower-master"))
	require.Nil(t, c.Resolve("stale-leader"))
	require.Contains(t, c.Resolve("tablet-leader:t").Name(), "ts-")
	require.Nil(t, c.Resolve("tablet-leader:u"))
	require.Equal(t, "ts-2", c.Resolve("ts-2").Name())
	require.True(t, c.IsTarget("tablet-leader:u"))
	require.False(t, c.IsTarget("tablet-leader:"))
	require.False(t, c.IsTarget("ts-9"))
}

// A table is deleted while one of its tablets is being replaced, because its creation took too
// long. The delete waits for the replacement and must take the new tablet with it.
func TestDeleteTakesATabletThatWasJustReplaced(t *testing.T) {
	c := newCluster(t, 3, options("master-failure-detection=false"))
	m := c.Masters[0]
	c.World.RunFor(time.Second)
	m.Consensus().StartElection()
	c.World.RunFor(9 * time.Second)
	for _, ts := range c.TServers {
		ts.Node().Pause()
	}
	created := ask[*wire.DDLResponse](t, c, 0, m, createRequest(header(c, 0, 1), "t"))
	require.Equal(t, wire.OK, created.Status.Code)
	c.World.RunFor(18 * time.Second)

	var ways []sim.Direction
	for _, id := range c.MasterNodes() {
		if id != m.Node().ID() {
			ways = append(ways, sim.Direction{From: id, To: m.Node().ID()})
		}
	}
	silence := c.World.Cut(ways...) // the replacement begins, and is not acknowledged
	c.World.RunFor(3 * time.Second)
	c.World.At(c.World.Now().Add(2*time.Second), 1, silence.End)
	deleted := ask[*wire.DDLResponse](t, c, 1, m, &wire.DeleteTableRequest{
		DDLHeader: header(c, 1, 1), Name: "t"})
	require.Equal(t, wire.OK, deleted.Status.Code, deleted.Status)

	var states []catalog.TabletState
	for _, id := range sim.Keys(c.Catalog().Tablets) {
		states = append(states, c.Catalog().Tablets[id].State)
	}
	require.ElementsMatch(t, []catalog.TabletState{catalog.TabletReplaced, catalog.TabletDeleted},
		states)
}

// What no entry can hold is refused before it is logged, and every attempt hears the same.
func TestOversizedEntriesAreRefused(t *testing.T) {
	c := newCluster(t, 1, variant.Selection{})
	c.World.RunFor(10 * time.Second)
	leader := c.LeaderMaster()
	last := leader.Consensus().(raft.Observed).LastLogged()
	req := createRequest(header(c, 0, 1), strings.Repeat("t", raft.DefaultTiming().MaxEntry))
	for range 2 {
		resp := ask[*wire.DDLResponse](t, c, 0, leader, req)
		require.Equal(t, wire.EntryTooLarge, resp.Status.Code)
	}
	require.Equal(t, last.Index+1, leader.Consensus().(raft.Observed).LastLogged().Index,
		"only the refusal is logged, once")
	resp := ask[*wire.DDLResponse](t, c, 0, leader, createRequest(header(c, 0, 2), "t"))
	require.True(t, resp.Status.OK())
}
