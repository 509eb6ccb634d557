package wire

import (
	"cmp"
	"slices"

	"tabletop/sim"
)

// Dimension is the label that the tablets of a range may carry (dimension_label): the servers for
// their replicas are chosen by what a server has of the same label, and not by all that it has.
// Empty: none. What has no label is sent and stored as if there were no labels.
type Dimension string

func (l Dimension) fold(d *sim.Digest) {
	if l != "" {
		d.String(string(l))
	}
}

// DimensionCount is how many live replicas a server has of tablets with a label
// (num_live_tablets_by_dimension).
type DimensionCount struct {
	Dimension Dimension
	Live      int
}

// CountDimension counts one replica more, and returns the counts in the order of the labels. One
// without a label is not counted.
func CountDimension(counts []DimensionCount, label Dimension) []DimensionCount {
	if label == "" {
		return counts
	}
	i, found := findDimension(counts, label)
	if !found {
		counts = slices.Insert(counts, i, DimensionCount{Dimension: label})
	}
	counts[i].Live++
	return counts
}

// LiveOf returns how many are counted of a label.
func LiveOf(counts []DimensionCount, label Dimension) int {
	if i, found := findDimension(counts, label); found {
		return counts[i].Live
	}
	return 0
}

func findDimension(counts []DimensionCount, label Dimension) (int, bool) {
	return slices.BinarySearchFunc(counts, label, func(c DimensionCount, l Dimension) int {
		return cmp.Compare(c.Dimension, l)
	})
}
