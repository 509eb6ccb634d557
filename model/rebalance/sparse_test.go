package rebalance

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever has been put somewhere is found there, and nowhere else.
func TestSparseIsAMapProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, want := sparse[int]{}, map[int]int{}
		for i := range rapid.IntRange(0, inserts).Draw(t, "first") {
			*s.last(2 * i) += i
			want[2*i] = i
		}
		for i := range 2 * inserts {
			key := (i*7919)%(5*inserts) - inserts
			*s.put(key) += i
			want[key] += i
		}
		for key := -2 * inserts; key < 5*inserts; key++ {
			n, there := want[key]
			got := s.get(key)
			if there != (got != nil) || there && n != *got {
				t.Fatalf("under %d there is %v, and should be %d, %v", key, got, n, there)
			}
		}
	})
}

func TestQueueGivesTheLeastFirst(t *testing.T) {
	q := queue{}
	for _, i := range []int{130, 5, 64, 200} {
		q.put(i)
	}
	q.drop(64)
	q.drop(1000)
	for _, want := range []int{5, 130} {
		got, found := q.take()
		require.True(t, found)
		require.Equal(t, want, got)
	}
	q.put(7)
	got, _ := q.take()
	require.Equal(t, 7, got)
	got, _ = q.take()
	require.Equal(t, 200, got)
	_, found := q.take()
	require.False(t, found)
}
