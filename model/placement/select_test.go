package placement

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/model/wire"
)

// The chosen servers are distinct, as many as asked for, and none left out has less load.
func TestSelectTakesTheLeastLoadedProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var servers []Server
		load := map[wire.ServerID]int{}
		for i := range rapid.IntRange(0, 9).Draw(t, "servers") {
			s := Server{ID: wire.ServerID(i), Load: rapid.IntRange(0, 5).Draw(t, "load")}
			servers = append(servers, s)
			load[s.ID] = s.Load
		}
		replicas := rapid.IntRange(1, 5).Draw(t, "replicas")
		got := Select(servers, replicas, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "tie") })
		if len(servers) < replicas {
			require.Nil(t, got)
			return
		}
		require.Len(t, got, replicas)
		for i, id := range got {
			require.True(t, i == 0 || got[i-1] < id)
			for _, s := range servers {
				chosen := false
				for _, other := range got {
					chosen = chosen || other == s.ID
				}
				require.True(t, chosen || s.Load >= load[id])
			}
		}
	})
}
