package rebalance

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What would not do is looked at again once a replica left where it was to go to.
func TestSearchLooksAgainWhereAReplicaLeft(t *testing.T) {
	c := &Cluster{Tables: []Table{{ReplicationFactor: 3}},
		Tablets: []Tablet{{Replicas: []int{0, 1}, Leader: None}}}
	for _, location := range []string{"/L0", "/L1", "/L1", "/L2"} {
		c.Servers = append(c.Servers, Server{Location: location})
	}
	p := newPlanner(c, Options{})
	find := func(from, to int) bool {
		_, found := p.pick(0, from, to, true)
		return found
	}
	require.False(t, find(0, 1), "has a replica")
	require.False(t, find(0, 2), "the location has one")
	require.False(t, p.somePick(0, 0, 1))
	p.move(Move{IntraLocation, 0, 1, 2, ""})
	require.False(t, find(0, 1), "the location still has one")
	p.move(Move{CrossLocation, 0, 2, 3, ""})
	require.True(t, find(0, 1))
	require.True(t, find(0, 2))
	require.True(t, p.somePick(0, 0, 1))

	p = newPlanner(c, Options{})
	p.move(Move{CrossLocation, 0, 0, 2, ""})
	require.False(t, find(1, 2), "has a replica")
	p.move(Move{CrossLocation, 0, 2, 3, ""})
	require.True(t, find(1, 2))
}
