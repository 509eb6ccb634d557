package client

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// A scan goes to the replica that shares most of the client's path, or, in Kudu's way, to one of
// the same location; then to the next that does not fail.
func TestClosestReplica(t *testing.T) {
	w := sim.New(sim.Config{})
	defer w.Close()
	n := w.AddNode("client-1", func(*sim.Node) {})
	replicas := []wire.ServerID{1, 2, 3}
	racks := []string{"/dc-2/rack-2", "/dc-1/rack-1", "/dc-1/rack-2"}
	for _, c := range []struct {
		match, at string
		locations []string
		failed    []wire.ServerID
		want      wire.ServerID
	}{
		{variant.MatchPath, "/dc-1/rack-2", racks, nil, 3},
		{variant.MatchPath, "/dc-1/rack-2", racks, []wire.ServerID{3}, 2},
		{variant.MatchWhole, "/dc-1/rack-2", racks, nil, 3},
		{variant.MatchWhole, "/dc-1/rack-2", racks, []wire.ServerID{3}, 1},
		{variant.MatchPath, "", []string{"/a", "/b", "/c"}, nil, 1},
		{variant.MatchPath, "/b", []string{"", "", ""}, []wire.ServerID{1}, 2},
		{variant.MatchPath, "/b", []string{"/b", "", ""}, replicas, wire.NoServer},
	} {
		client := &Client{node: n, v: variant.Variants{Options: variant.Options{
			LocationMatch: c.match}}, location: c.at}
		l := &location{TabletLocations: wire.TabletLocations{Replicas: replicas,
			Locations: c.locations}, failed: c.failed}
		require.Equal(t, c.want, client.pickAny(l), "%v", c)
	}
}
