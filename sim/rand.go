package sim

import (
	"math/bits"
	"time"
)

// A Stream names one use of randomness ("latency", "election timeout"). Draws of different
// streams are independent of each other. Streams are declared in package variables.
type Stream uint64

// NewStream returns the stream of that name. Equal names are the same stream, in every build.
func NewStream(name string) Stream {
	var d Digest
	d.String(name)
	return Stream(d.Sum())
}

// Hash returns the random word that seed gives to the stream under the given keys. It is the
// source of every draw in a world, and of plans that are drawn from a seed.
func Hash(seed uint64, s Stream, keys ...uint64) uint64 {
	return hashOf(seed, s, keys...).word()
}

// hash is a draw some of whose keys are known already, so that they are hashed only once.
type hash uint64

func hashOf(seed uint64, s Stream, keys ...uint64) hash {
	h := hash(finish(seed+mixA) ^ uint64(s))
	for _, k := range keys {
		h = h.with(k)
	}
	return h
}

func (h hash) with(key uint64) hash { return hash(finish(uint64(h)*mixB + key)) }

func (h hash) word() uint64 { return finish(uint64(h) + mixA) }

// Below maps a random word evenly onto [0, n). It returns 0 when n is 0.
func Below(word, n uint64) uint64 {
	hi, _ := bits.Mul64(word, n)
	return hi
}

// Between maps a random word evenly onto [lo, hi]. It returns lo when hi is not above it.
func Between(word uint64, lo, hi time.Duration) time.Duration {
	if hi <= lo {
		return lo
	}
	return lo + time.Duration(Below(word, uint64(hi-lo)+1))
}

// Draws is what a generator of plans takes its choices from: a Rand, or something that searches.
type Draws interface {
	// Intn returns a number in [0, n). It returns 0 when n is not positive.
	Intn(n int) int
	// Duration returns a duration in [lo, hi].
	Duration(lo, hi time.Duration) time.Duration
	// Chance is true in ppm of a million cases.
	Chance(ppm int) bool
}

// Rand is a sequence of draws under one key, for code that makes many of one kind, such as a
// generator of plans. The zero value is not useful; see NewRand.
type Rand struct{ state uint64 }

// NewRand returns the sequence that seed gives to the stream under the given keys.
func NewRand(seed uint64, s Stream, keys ...uint64) *Rand {
	return &Rand{state: Hash(seed, s, keys...)}
}

// Uint64 returns the next word.
func (r *Rand) Uint64() uint64 {
	r.state += mixA
	return finish(r.state)
}

// Intn implements Draws.
func (r *Rand) Intn(n int) int {
	if n <= 0 {
		return 0
	}
	return int(Below(r.Uint64(), uint64(n)))
}

// Duration implements Draws.
func (r *Rand) Duration(lo, hi time.Duration) time.Duration { return Between(r.Uint64(), lo, hi) }

// Chance implements Draws.
func (r *Rand) Chance(ppm int) bool { return r.Intn(1_000_000) < ppm }

// Draw returns the next random word of the stream on this node. Draws under different keys do
// not disturb each other.
func (n *Node) Draw(s Stream, key uint64) uint64 {
	slot := uint64(s) ^ key*mixA
	count := n.draws[slot]
	n.draws[slot] = count + 1
	return Hash(n.world.seed, s, uint64(n.id), key, count)
}

// Uniform draws a duration in [lo, hi] from the stream on this node.
func (n *Node) Uniform(s Stream, lo, hi time.Duration) time.Duration {
	return Between(n.Draw(s, 0), lo, hi)
}
