package tserver

import (
	"time"

	"tabletop/model/wire"
	"tabletop/sim"
)

var streamClock = sim.NewStream("tserver/clock")

// hybridClock gives timestamps, each above all before it (HybridClock). It follows the machine's
// clock, as well as that is set, as long as that is ahead of what messages and logs tell, however
// far that is: Kudu refuses what is more than 10 s ahead, and relies on NTP.
type hybridClock struct {
	node *sim.Node
	fast time.Duration // by how much the machine's clock is ahead
	last wire.Timestamp
}

func newHybridClock(n *sim.Node, maxError time.Duration) hybridClock {
	return hybridClock{node: n, fast: n.Uniform(streamClock, 0, maxError)}
}

// logicalBits is how many of the low bits of a timestamp count within a microsecond.
const logicalBits = 12

func (c *hybridClock) now() wire.Timestamp {
	physical := (time.Duration(c.node.Now()) + c.fast).Microseconds()
	c.last = max(c.last+1, wire.Timestamp(physical)<<logicalBits)
	return c.last
}

func (c *hybridClock) update(t wire.Timestamp) { c.last = max(c.last, t) }
