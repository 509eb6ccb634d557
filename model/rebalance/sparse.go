package rebalance

import "slices"

// sparse has values under some of many numbers, in their order. What belongs together lies
// together: in one table of everything most time would go by waiting for memory.
type sparse[T any] struct {
	keys   []int
	values []T
}

// newSparse has a value under each of the numbers, which it takes over, in any order.
func newSparse[T any](keys []int) sparse[T] {
	slices.Sort(keys)
	keys = slices.Compact(keys)
	return sparse[T]{keys, make([]T, len(keys))}
}

// get returns the value under a number, or nil. It is good until the next put.
func (s *sparse[T]) get(key int) *T {
	if i, found := slices.BinarySearch(s.keys, key); found {
		return &s.values[i]
	}
	return nil
}

// put returns the value under a number, which is new if there was none.
func (s *sparse[T]) put(key int) *T {
	i, found := slices.BinarySearch(s.keys, key)
	if !found {
		var none T
		s.keys = slices.Insert(s.keys, i, key)
		s.values = slices.Insert(s.values, i, none)
	}
	return &s.values[i]
}
