package rebalance

import "slices"

// sparse has values under some of many numbers, in their order. What belongs together lies
// together: in one table of everything most time would go by waiting for memory.
type sparse[T any] struct {
	keys   []int32
	values []T
	late   map[int]*T // what came when there were inserts numbers already
}

// inserts is to how many numbers others are added in their places, which costs as much as there
// are.
const inserts = 2048

// find returns where a number is, or would be. It is mostly where it would be if all were there.
func (s *sparse[T]) find(key int) (int, bool) {
	if key >= 0 && key < len(s.keys) && s.keys[key] == int32(key) {
		return key, true
	}
	return slices.BinarySearch(s.keys, int32(key))
}

// get returns the value under a number, or nil. It is good until the next put.
func (s *sparse[T]) get(key int) *T {
	if i, found := s.find(key); found {
		return &s.values[i]
	}
	return s.late[key]
}

// put returns the value under a number, which is new if there was none.
func (s *sparse[T]) put(key int) *T {
	i, found := s.find(key)
	switch {
	case found:
		return &s.values[i]
	case s.late[key] != nil:
		return s.late[key]
	case len(s.keys) >= inserts:
		if s.late == nil {
			s.late = map[int]*T{}
		}
		s.late[key] = new(T)
		return s.late[key]
	}
	var none T
	s.keys = slices.Insert(s.keys, i, int32(key))
	s.values = slices.Insert(s.values, i, none)
	return &s.values[i]
}

// last is put for a number that none is above.
func (s *sparse[T]) last(key int) *T {
	n := len(s.keys)
	if n == 0 || s.keys[n-1] != int32(key) {
		var none T
		s.keys, s.values = append(s.keys, int32(key)), append(s.values, none)
		n++
	}
	return &s.values[n-1]
}

// slab gives out pieces of a few arrays, so that what is made together lies together. Each array is
// twice as large as the one before: most clusters that are simulated are small.
type slab[T any] struct {
	left []T
	size int // of the array, up to largestSlab
}

const largestSlab = 8192

// take returns n empty values, to which nothing can be appended in place.
func (s *slab[T]) take(n int) []T {
	if n > len(s.left) {
		s.size = min(max(2*s.size, 16), largestSlab)
		s.left = make([]T, max(n, s.size))
	}
	taken := s.left[:n:n]
	s.left = s.left[n:]
	return taken
}
