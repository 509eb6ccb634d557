package catalog

import (
	"fmt"
	"slices"

	"tabletop/model/wire"
)

// RangeChange is what steps of an AlterTable make of the ranges of a table.
type RangeChange struct {
	Ranges  []wire.Range // after the steps, in order
	Added   []AddedRange // of those after, whose tablets are new
	Dropped []wire.Range // of those before, whose tablets go
}

// AddedRange is a range that a step adds, and the label that its tablets will carry.
type AddedRange struct {
	wire.Range
	Dimension wire.Dimension
}

// CheckPartitions says whether a table may begin with the partitions, and returns them with the
// ranges in order.
func CheckPartitions(s wire.PartitionSchema) (wire.PartitionSchema, wire.Status) {
	var steps []wire.AlterStep
	for _, r := range s.Ranges {
		steps = append(steps, wire.AlterStep{Kind: wire.AddRange, Range: r})
	}
	change, status := AlterRanges(nil, steps)
	if status.Code == wire.RangeAlreadyPresent {
		status.Code = wire.InvalidArgument
	}
	return wire.PartitionSchema{Buckets: s.Buckets, Ranges: change.Ranges}, status
}

// AlterRanges returns what the steps make of the ranges, one after another, or why one of them is
// not possible. Steps of columns do not concern it. A range that is dropped and added again gets
// new tablets; one that is added and dropped never had any. Follows
// CatalogManager::ApplyAlterPartitioningSteps.
func AlterRanges(ranges []wire.Range, steps []wire.AlterStep) (RangeChange, wire.Status) {
	c := RangeChange{Ranges: slices.Clone(ranges)}
	for _, step := range steps {
		var s wire.Status
		switch step.Kind {
		case wire.AddRange:
			s = c.add(AddedRange{step.Range, step.Dimension})
		case wire.DropRange:
			s = c.drop(step.Range)
		}
		if !s.OK() {
			return RangeChange{}, s
		}
	}
	slices.SortFunc(c.Ranges, wire.Range.Compare)
	return c, wire.Status{}
}

func (c *RangeChange) add(r AddedRange) wire.Status {
	if r.Empty() {
		return wire.Err(wire.InvalidArgument, fmt.Sprintf("no key is in range %v", r))
	}
	for _, other := range c.Ranges {
		if r.Range == other {
			return wire.Err(wire.RangeAlreadyPresent, fmt.Sprintf("range %v exists", r))
		}
		if r.Overlaps(other) {
			return wire.Err(wire.InvalidArgument,
				fmt.Sprintf("range %v overlaps range %v", r, other))
		}
	}
	c.Ranges, c.Added = append(c.Ranges, r.Range), append(c.Added, r)
	return wire.Status{}
}

func (c *RangeChange) drop(r wire.Range) wire.Status {
	i := slices.Index(c.Ranges, r)
	if i < 0 {
		return wire.Err(wire.InvalidArgument, fmt.Sprintf("no range %v", r))
	}
	c.Ranges = slices.Delete(c.Ranges, i, i+1)
	added := slices.IndexFunc(c.Added, func(a AddedRange) bool { return a.Range == r })
	if added >= 0 {
		c.Added = slices.Delete(c.Added, added, added+1)
	} else {
		c.Dropped = append(c.Dropped, r)
	}
	return wire.Status{}
}
