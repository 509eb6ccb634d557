package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestRangesReadBack(t *testing.T) {
	for text, want := range map[string]Range{"0:100": {0, 100}, "-5:7": {-5, 7}, ":": AllKeys,
		":3": {NoLower, 3}, "3:": {3, NoUpper}, "7:2": {7, 2}} {
		got, err := ParseRange(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, text, got.String())
	}
	for _, bad := range []string{"", "3", "a:", ":b", "1:2:3", "0x1:2", "9223372036854775807:",
		"-9223372036854775808:0", "1: 2"} {
		_, err := ParseRange(bad)
		require.ErrorContains(t, err, "bad range", bad)
	}
}

func TestBoundsOfRanges(t *testing.T) {
	r := Range{10, 20}
	for key, want := range map[int64]bool{9: false, 10: true, 19: true, 20: false} {
		require.Equal(t, want, r.Contains(key), key)
	}
	require.True(t, AllKeys.Contains(NoUpper))
	require.True(t, AllKeys.Contains(NoLower))
	require.False(t, r.Overlaps(Range{20, 30}))
	require.True(t, r.Overlaps(Range{19, 30}))
	require.True(t, r.Overlaps(AllKeys))
}

// Every key in one of the ranges is in exactly one partition, and any other in none.
func TestEveryKeyIsInOnePartitionProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := PartitionSchema{Buckets: rapid.IntRange(1, 5).Draw(t, "buckets"),
			Ranges: []Range{{NoLower, 0}, {0, 100}, {200, NoUpper}}}
		key := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-10, 300)).Draw(t, "key")
		holders := 0
		for _, p := range s.Partitions() {
			if p.Contains(key) {
				holders++
			}
		}
		if key >= 100 && key < 200 {
			require.Zero(t, holders)
		} else {
			require.Equal(t, 1, holders)
		}
	})
}
