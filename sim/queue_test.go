package sim

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// times are in one bucket, in others, at their borders, and beyond the last.
var times = []Time{0, 1, 2, 1<<bucketBits - 1, 1 << bucketBits, 5 << bucketBits, 70 << bucketBits,
	(bucketCount - 1) << bucketBits, bucketCount << bucketBits, 3 * bucketCount << bucketBits, Never}

// The queue against the obvious thing: a sorted slice.
func TestQueueAgreesWithSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var pending []*event
		var seq uint64
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				seq++
				e := &event{pos: -1, seq: seq,
					at:  Time(rapid.SampledFrom(times).Draw(t, "at")),
					tie: rapid.Uint64Range(0, 2).Draw(t, "tie")}
				q.push(e)
				pending = append(pending, e)
			},
			"remove": func(t *rapid.T) {
				if len(pending) == 0 {
					t.Skip("empty")
				}
				i := rapid.IntRange(0, len(pending)-1).Draw(t, "which")
				q.remove(pending[i])
				require.False(t, pending[i].queued())
				pending = slices.Delete(pending, i, i+1)
			},
			"pop": func(t *rapid.T) {
				if len(pending) == 0 {
					t.Skip("empty")
				}
				first := slices.MinFunc(pending, func(a, b *event) int {
					if (slot{a.at, a.tie, a}).before(slot{b.at, b.tie, b}) {
						return -1
					}
					return 1
				})
				require.Same(t, first, q.pop())
				pending = slices.DeleteFunc(pending, func(e *event) bool { return e == first })
			},
			"": func(t *rapid.T) { require.Equal(t, len(pending), q.len()) },
		})
	})
}

// What was taken and is queued again, for later, is not mistaken for what was at the root: it has
// another number now, after which those of the same instant and tie-break would come.
func TestQueueForgetsWhatItGave(t *testing.T) {
	var q queue
	var all []*event
	for seq := range uint64(4) {
		all = append(all, &event{pos: -1, seq: seq + 1})
		q.push(all[seq])
	}
	again := q.pop()
	require.Same(t, all[0], again)
	again.at, again.seq = 5<<bucketBits, 5
	q.push(again)
	q.remove(all[3])
	for _, e := range []*event{all[1], all[2], again} {
		require.Same(t, e, q.pop())
		require.False(t, e.queued())
	}
	require.Zero(t, q.len())
}
