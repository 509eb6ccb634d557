package model_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/catalog"
	"tabletop/model/master"
	"tabletop/sim"
)

// All that could still be reported of an alter is reported while its end cannot be written. It is
// reported again.
func TestAlterEndsThoughItsEndWasNotWritten(t *testing.T) {
	c := newCluster(t, 1, options())
	c.World.RunFor(10 * time.Second)
	do(t, c, []string{"create", "t", "columns=k"})
	refused := 0
	master.Published.Subscribe(c.World, func(e master.PublishedEvent) {
		if len(e.Batch.Tables) == 0 || e.Batch.Tables[0].State != catalog.TableAltering {
			return
		}
		until := c.World.Now().Add(5 * time.Second)
		c.World.Break(master.PointWrite, e.Master.Node().ID(), func() bool {
			if c.World.Now() >= until {
				return false
			}
			refused++
			return true
		})
	})
	do(t, c, []string{"alter", "t", "add:a"})
	require.Greater(t, refused, 2)
	for _, id := range sim.Keys(c.Catalog().Tables) {
		require.Equal(t, catalog.TableRunning, c.Catalog().Tables[id].State)
	}
}
