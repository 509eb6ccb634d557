package sim

import (
	"cmp"
	"maps"
	"slices"
)

// Keys returns the keys of a map in order. Ranging over a map itself visits it in an order that
// differs from run to run.
func Keys[K cmp.Ordered, V any](m map[K]V) []K {
	if len(m) == 0 {
		return nil
	}
	//tabletop:allow map-range: the keys are sorted at once; making room for them first saves time
	keys := slices.AppendSeq(make([]K, 0, len(m)), maps.Keys(m))
	slices.Sort(keys)
	return keys
}
