package sim

import (
	"math/bits"
	"time"
)

// The clocks of a machine. Its monotonic clock, which Node.Now reads and by which its programs
// sleep and wait, begins at zero with the world and may run too fast or too slow (drift). Its wall
// clock is that plus an offset, and may jump. Both go on while a program is paused or down. Clocks
// know of each other only what messages tell; true virtual time is World.Now, for observers.

// clock is a machine's own idea of time.
type clock struct {
	drift  int  // parts per million that it is too fast
	since  Time // true, since when it has had that drift
	then   Time // what it showed at that instant
	offset time.Duration

	waits, readings int // waits made while drifting, readings of the wall clock
}

const million = 1_000_000

// at returns what the monotonic clock shows at a true instant.
func (c *clock) at(t Time) Time {
	if c.drift == 0 || t == Never {
		return t.shift(c.then - c.since)
	}
	return c.then + Time(scale(int64(t-c.since), int64(million+c.drift), million))
}

// when returns the true instant at which the monotonic clock will have reached local.
func (c *clock) when(local Time) Time {
	if c.drift == 0 || local == Never {
		return local.shift(c.since - c.then)
	}
	c.waits++
	if local <= c.then {
		return c.since
	}
	return c.since + Time(scale(int64(local-c.then), million, int64(million+c.drift))) + 1
}

// shift moves an instant, except Never.
func (t Time) shift(by Time) Time {
	if t == Never {
		return Never
	}
	return t + by
}

// scale returns x*mul/div, rounded down, for numbers that are not negative.
func scale(x, mul, div int64) int64 {
	hi, lo := bits.Mul64(uint64(x), uint64(mul))
	q, _ := bits.Div64(hi, lo, uint64(div))
	return int64(q)
}

// Now returns what the monotonic clock of the machine shows.
func (n *Node) Now() Time {
	return n.clock.at(n.world.now)
}

// Wall returns what the wall clock of the machine shows, as time since its epoch.
func (n *Node) Wall() time.Duration {
	n.clock.readings++
	return time.Duration(n.Now()) + n.clock.offset
}

// WallReadings counts how often the wall clock was read.
func (n *Node) WallReadings() int { return n.clock.readings }

// Drifted counts the waits that a drifting clock made longer or shorter.
func (n *Node) Drifted() int { return n.clock.waits }

// Drift makes the clocks of the machine run too fast by so many parts per million, or too slow,
// from now on. A timer that is set keeps its instant.
func (n *Node) Drift(ppm int) {
	n.disturb(n.clock.drift != 0, ppm != 0)
	n.clock.then = n.Now()
	n.clock.since, n.clock.drift = n.world.now, ppm
}

// JumpWall sets the wall clock of the machine forward, or back.
func (n *Node) JumpWall(by time.Duration) { n.clock.offset += by }
