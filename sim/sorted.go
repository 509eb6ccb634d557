package sim

import (
	"cmp"
	"maps"
	"slices"
)

// Keys returns the keys of a map in order. Ranging over a map itself visits it in an order that
// differs from run to run.
func Keys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
