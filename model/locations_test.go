package model

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
	"tabletop/sim"
)

// A master keeps the location that the mapping gave when a server registered until it registers
// again; with the defect, as long as the master runs. A server for which the mapping fails is not
// known.
func TestLocationsAreAssignedAtRegistration(t *testing.T) {
	for _, defects := range [][]string{nil, {"location-cached"}} {
		v, err := variant.Selection{Defects: defects, Options: []string{
			"locations=ts-1:/a,ts-2:/a,ts-3:,ts-1@master-2:/b"}}.Resolve()
		require.NoError(t, err)
		c := New(sim.Config{Seed: 1}, v)
		defer c.World.Close()
		c.Boot()
		at := func(ts int) (all []string) {
			for _, m := range c.Masters {
				all = append(all, m.Location(c.TServers[ts].ID()))
			}
			return all
		}
		c.World.RunFor(5 * time.Second)
		require.Equal(t, []string{"/a", "/b", "/a"}, at(0))
		for _, m := range c.Masters {
			require.False(t, m.TakesForLive(c.TServers[2].ID()))
		}

		one := c.Resolve("ts-1")
		undo := c.Relocate(one, "", "/c")
		require.NotNil(t, undo)
		require.Nil(t, c.Relocate(one, "", "/c"), "it says so already")
		require.NotNil(t, c.Relocate(c.Resolve("ts-3"), "", "/a"))
		c.World.RunFor(5 * time.Second)
		require.Equal(t, []string{"/a", "/b", "/a"}, at(0))
		require.Equal(t, []string{"/a", "/a", "/a"}, at(2))

		one.Kill()
		one.Boot()
		c.World.RunFor(5 * time.Second)
		if defects == nil {
			require.Equal(t, []string{"/c", "/b", "/c"}, at(0))
		} else {
			require.Equal(t, []string{"/a", "/b", "/a"}, at(0))
		}
		undo()
		told, ok := c.LocationOf(one, "master-1")
		require.True(t, ok)
		require.Equal(t, "/a", told)
		require.Equal(t, []string{"/a"}, c.Locations())
	}
}

// Changes of one entry may overlap, and end in any order: the last of those in force counts, and
// what was there at first comes back.
func TestOverlappingRelocations(t *testing.T) {
	v, err := variant.Selection{Options: []string{"locations=ts-1:/a,ts-2:/a,ts-3:/b"}}.Resolve()
	require.NoError(t, err)
	c := New(sim.Config{Seed: 1}, v)
	defer c.World.Close()
	one := c.Resolve("ts-1")
	told := func() string {
		location, _ := c.LocationOf(one, "")
		return location
	}
	undoFirst := c.Relocate(one, "", "")
	undoSecond := c.Relocate(one, "", "/b")
	require.Equal(t, "/b", told())
	undoFirst()
	require.Equal(t, "/b", told())
	undoSecond()
	require.Equal(t, "/a", told())

	undoFirst, undoSecond = c.Relocate(one, "", "/c"), c.Relocate(one, "", "/b")
	undoSecond()
	require.Equal(t, "/c", told())
	undoFirst()
	require.Equal(t, "/a", told())
}
