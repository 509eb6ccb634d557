package model_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model"
	"tabletop/model/catalog"
	"tabletop/model/client"
	"tabletop/model/variant"
	"tabletop/sim"
)

func newCluster(t *testing.T, seed uint64, s variant.Selection) *model.Cluster {
	v, err := s.Resolve()
	require.NoError(t, err)
	cfg := sim.Config{Seed: seed}
	if os.Getenv("TRACE") != "" {
		cfg.Trace = func(r sim.Record) { fmt.Println(r.At, r.Topic, r.Text) }
	}
	c := model.New(cfg, v)
	t.Cleanup(c.World.Close)
	c.Boot()
	return c
}

// do carries out operations one after another and returns their outcomes.
func do(t *testing.T, c *model.Cluster, words ...[]string) []client.Outcome {
	outs := make([]client.Outcome, len(words))
	c.Clients[0].Node().Go("ops", func(p *sim.Proc) {
		for i, w := range words {
			op, err := client.ParseOp(w)
			if err != nil {
				panic(err)
			}
			op.ID = i + 1
			outs[i] = c.Clients[0].Do(p, op)
		}
	})
	c.World.RunFor(time.Minute)
	require.Nil(t, c.World.Finding())
	return outs
}

func TestDDLOnAQuietCluster(t *testing.T) {
	for _, profile := range variant.Profiles {
		for _, masters := range []string{"1", "3", "5"} {
			t.Run(profile.ID+"/"+masters, func(t *testing.T) {
				c := newCluster(t, 1, variant.Selection{Profile: profile.ID,
					Options: []string{"masters=" + masters}})
				c.World.RunFor(10 * time.Second)
				require.NotNil(t, c.LeaderMaster())
				outs := do(t, c,
					[]string{"create", "t", "columns=k,a", "tablets=2"},
					[]string{"create", "t", "columns=k"},
					[]string{"alter", "t", "add:b", "rename-to=u"},
					[]string{"get", "u"},
					[]string{"get", "t"},
					[]string{"alter", "u", "drop:k"},
					[]string{"list"},
					[]string{"delete", "u"},
					[]string{"delete", "u"},
					[]string{"list"})
				var got []string
				for _, o := range outs {
					got = append(got, o.Status.Code.String())
				}
				require.Equal(t, []string{"OK", "TABLE_ALREADY_PRESENT", "OK", "OK",
					"TABLE_NOT_FOUND", "INVALID_SCHEMA", "OK", "OK", "TABLE_NOT_FOUND", "OK"}, got)
				require.Equal(t, []string{"k", "a", "b"}, outs[3].Schema.Names())
				require.Equal(t, int64(1), outs[3].Version)
				require.Len(t, outs[6].Tables, 1)
				require.Empty(t, outs[9].Tables)
				for _, ts := range c.TServers {
					require.Empty(t, ts.Tablets(), "replicas of a dropped table are deleted")
				}
			})
		}
	}
}

// Tablets come and go with the ranges of a table, without a version of the schema.
func TestRangesOnAQuietCluster(t *testing.T) {
	c := newCluster(t, 1, variant.Selection{})
	c.World.RunFor(10 * time.Second)
	outs := do(t, c,
		strings.Fields("create t columns=k,a tablets=2 ranges=0:100,200:"),
		strings.Fields("alter t add-range:0:100"),
		strings.Fields("alter t add-range:50:150"),
		strings.Fields("alter t drop-range:0:50"),
		strings.Fields("alter t add-range:100:200 drop-range:0:100"),
		strings.Fields("alter t add-range::0 change:a:7"),
		strings.Fields("get t"),
		strings.Fields("create u columns=k ranges=0:2,1:3"),
		strings.Fields("create u columns=k"),
		strings.Fields("alter u drop-range:: add:b"),
		strings.Fields("get u"))
	var got []string
	for _, o := range outs {
		got = append(got, o.Status.Code.String())
	}
	require.Equal(t, []string{"OK", "RANGE_ALREADY_PRESENT", "INVALID_ARGUMENT",
		"INVALID_ARGUMENT", "OK", "OK", "OK", "INVALID_ARGUMENT", "OK", "OK", "OK"}, got)
	require.Equal(t, int64(0), outs[4].Version)
	require.Equal(t, int64(1), outs[6].Version)
	require.Equal(t, int64(7), outs[6].Schema[1].Default)
	require.Equal(t, []string{"k", "b"}, outs[10].Schema.Names(), "no tablet has to learn of b")
	require.Empty(t, c.TabletsOf("u"))
	ranges := map[string]int{}
	for _, id := range c.TabletsOf("t") {
		ranges[c.Catalog().Tablets[id].Partition.Range.String()]++
	}
	require.Equal(t, map[string]int{":0": 2, "100:200": 2, "200:": 2}, ranges)
	for _, ts := range c.TServers {
		require.Len(t, ts.Tablets(), 6, "replicas of dropped ranges are deleted")
	}
}

// A table that is dropped with a reserve can be recalled by its id until it expires.
func TestRecallOnAQuietCluster(t *testing.T) {
	c := newCluster(t, 1, variant.Selection{Options: []string{"expiry-interval=5s"}})
	c.World.RunFor(10 * time.Second)
	outs := do(t, c,
		strings.Fields("create t columns=k tablets=2"),
		strings.Fields("recall t"),
		strings.Fields("alter t add:b no-wait"),
		strings.Fields("delete t reserve=1h"),
		strings.Fields("get t"),
		strings.Fields("alter t add:c"),
		strings.Fields("delete t reserve=1h"),
		strings.Fields("list"),
		strings.Fields("recall t rename-to=u"),
		strings.Fields("get u"),
		strings.Fields("recall t"))
	var got []string
	for _, o := range outs {
		got = append(got, o.Status.Code.String())
	}
	require.Equal(t, []string{"OK", "TABLE_NOT_FOUND", "OK", "OK", "TABLE_NOT_FOUND",
		"TABLE_SOFT_DELETED", "TABLE_SOFT_DELETED", "OK", "OK", "OK", "TABLE_NOT_FOUND"}, got)
	require.Empty(t, outs[7].Tables)
	require.Equal(t, outs[0].Table, outs[9].Table)
	require.Equal(t, []string{"k", "b"}, outs[9].Schema.Names(), "the alter that was open is done")
	require.Len(t, c.TabletsOf("u"), 2)

	outs = do(t, c, strings.Fields("delete u reserve=10s"), strings.Fields("create u columns=k"))
	require.True(t, outs[1].Status.OK())
	require.Equal(t, catalog.TableRemoved, c.Catalog().Tables[outs[0].Table].State)
	require.Equal(t, catalog.TableRunning, c.Catalog().Tables[outs[1].Table].State)
	for _, ts := range c.TServers {
		require.Len(t, ts.Tablets(), 1, "replicas of the expired table are deleted")
	}
}

// A table may begin with so many replicas for each server that lives, and no more; with one replica
// each, tablets are not counted.
func TestTooManyTablets(t *testing.T) {
	for _, profile := range []string{"ideal", "kudu-head"} {
		c := newCluster(t, 1, variant.Selection{Profile: profile})
		c.World.RunFor(10 * time.Second)
		outs := do(t, c,
			strings.Fields("create t columns=k tablets=20 ranges=:0,0:1,1:2,2: no-wait"),
			strings.Fields("create u columns=k tablets=20 ranges=:0,0:1,1:2 no-wait"),
			strings.Fields("create v columns=k tablets=16 ranges=:0,0:1,1:2,2: replicas=1 no-wait"))
		var got []string
		for _, o := range outs {
			got = append(got, o.Status.Code.String())
		}
		require.Equal(t, []string{"TOO_MANY_TABLETS", "OK", "OK"}, got, profile)
	}
}
