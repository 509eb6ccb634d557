package model_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model"
	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/model/wire"
)

// labels counts the rows of tablets that are not gone by label.
func labels(c *model.Cluster) map[wire.Dimension]int {
	counts := map[wire.Dimension]int{}
	for _, row := range c.Catalog().Tablets {
		if !row.Gone() {
			counts[row.Dimension]++
		}
	}
	return counts
}

// requireCounted wants every master to count that many live replicas with a label in all, on
// servers that it takes for live, of those that the servers have.
func requireCounted(t *testing.T, c *model.Cluster, label wire.Dimension, want int) {
	for _, m := range c.Masters {
		n := 0
		for _, ts := range c.TServers {
			counted, has := wire.LiveOf(m.LiveByDimension(ts.ID()), label), 0
			for _, id := range ts.Tablets() {
				if ts.Live(id) && c.Catalog().Tablets[id].Dimension == label {
					has++
				}
			}
			if m.TakesForLive(ts.ID()) {
				require.Equal(t, has, counted, "%s on %s", label, ts.Node().Name())
				n += counted
			}
		}
		require.Equal(t, want, n, label)
	}
}

// The tablets of a range have its label, in the catalog, on every server, after a restart of that,
// and in a copy that is made elsewhere; the masters are told.
func TestTabletsKeepTheirLabels(t *testing.T) {
	c := newCluster(t, 1, variant.Selection{Options: []string{"tservers=4",
		"follower-unavailable=10s"}})
	c.World.RunFor(10 * time.Second)
	for _, out := range do(t, c,
		strings.Fields("create t columns=k,a tablets=2 ranges=0:100"),
		strings.Fields("alter t add-range:100:200@hot add-range:200:300"),
		strings.Fields("alter t drop-range:0:100 add-range:300:400@old"),
		strings.Fields("alter t drop-range:300:400 add-range:300:400@hot"),
		strings.Fields("create u columns=k dimension=cold")) {
		require.True(t, out.Status.OK(), out)
	}
	require.Equal(t, map[wire.Dimension]int{"": 2, "hot": 4, "cold": 1}, labels(c))
	requireCounted(t, c, "hot", 12)
	requireCounted(t, c, "cold", 3)
	requireCounted(t, c, "old", 0)

	for _, ts := range c.TServers { // what they know is on their disks
		n := ts.Node()
		n.Kill()
		n.Boot()
	}
	c.World.RunFor(20 * time.Second)
	requireCounted(t, c, "hot", 12)

	c.Resolve("ts-1").Kill()
	c.World.RunFor(2 * time.Minute)
	requireCounted(t, c, "hot", 12)
	requireCounted(t, c, "cold", 3)
}

// A tablet that takes the place of one whose creation took too long has its label.
func TestReplacementsInheritLabels(t *testing.T) {
	c := newCluster(t, 1, variant.Selection{Options: []string{"tservers=5"}})
	c.World.RunFor(10 * time.Second)
	for _, name := range []string{"ts-1", "ts-2", "ts-3"} {
		c.Resolve(name).Kill() // and the masters do not know it for a minute
	}
	do(t, c, strings.Fields("create t columns=k tablets=3 dimension=cold no-wait"),
		strings.Fields("alter t drop-range:: add-range::@hot no-wait"))
	for _, name := range []string{"ts-1", "ts-2", "ts-3"} {
		c.Resolve(name).Boot()
	}
	c.World.RunFor(2 * time.Minute)
	replaced := 0
	for _, row := range c.Catalog().Tablets {
		if row.State == catalog.TabletReplaced {
			require.Equal(t, wire.Dimension("hot"), row.Dimension)
			replaced++
		}
	}
	require.Positive(t, replaced)
	require.Equal(t, map[wire.Dimension]int{"hot": 3}, labels(c))
	requireCounted(t, c, "hot", 9)
}
