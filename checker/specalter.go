package checker

import (
	"cmp"
	"slices"

	"tabletop/model/client"
	"tabletop/model/wire"
)

// alter judges the replication factor, then the steps of columns against the latest schema, then
// the new name, then the steps of ranges. What changes more than ranges makes a version.
func (s *specState) alter(op client.Op, out Answer) *specState {
	if code := replicasCode(op.Replicas); op.Replicas != 0 && code != wire.OK {
		return s.when(out.Code == code)
	}
	t, exists := s.find(op.Name)
	if !exists {
		return s.when(out.Code == s.absent(op.Name))
	}
	schema, possible := applySteps(t.schemas[t.latest()], op.Steps)
	if !possible {
		return s.when(out.Code == wire.InvalidSchema)
	}
	if _, taken := s.find(op.NewName); op.NewName != "" && taken {
		return s.when(out.Code == wire.TableAlreadyPresent)
	}
	ranges, code := applyRanges(t.ranges, op.Steps)
	if out.Code != code || code == wire.OK && out.Table != t.id {
		return nil
	}
	if code != wire.OK {
		return s
	}
	factor := cmp.Or(op.Replicas, t.factor)
	t.ranges = ranges
	if wire.HaveColumns(op.Steps) || op.NewName != "" || factor != t.factor {
		t.factor, t.schemas = factor, append(slices.Clip(t.schemas), schema)
	}
	if out.Version != t.latest() {
		return nil
	}
	if op.NewName != "" {
		t.name = op.NewName
	}
	return s.with(t)
}

// applySteps is the plain reading of what the steps of an alter do to the columns.
func applySteps(old wire.Schema, steps []wire.AlterStep) (wire.Schema, bool) {
	columns := slices.Clone(old)
	for _, step := range steps {
		at := -1
		taken := false
		for i, c := range columns {
			if c.Name == step.Column {
				at = i
			}
			if c.Name == step.NewName {
				taken = true
			}
		}
		switch {
		case step.Kind == wire.AddRange || step.Kind == wire.DropRange:
		case step.Kind == wire.AddColumn && at < 0:
			columns = append(columns, wire.Column{Name: step.Column})
		case step.Kind == wire.DropColumn && at >= 0 && !columns[at].Key:
			columns = append(columns[:at], columns[at+1:]...)
		case step.Kind == wire.RenameColumn && at >= 0 && !taken:
			columns[at].Name = step.NewName
		case step.Kind == wire.ChangeColumn && at >= 0 && !columns[at].Key:
			columns[at].Default = step.Default
		default:
			return nil, false
		}
	}
	return columns, true
}

// applyRanges is the plain reading of what they do to the ranges: OK, or why one is not possible.
func applyRanges(old []wire.Range, steps []wire.AlterStep) ([]wire.Range, wire.Code) {
	ranges := slices.Clone(old)
	for _, step := range steps {
		at, overlaps := -1, false
		for i, r := range ranges {
			if r == step.Range {
				at = i
			}
			overlaps = overlaps || r.Lower < step.Range.Upper && step.Range.Lower < r.Upper
		}
		switch {
		case step.Kind == wire.AddRange && at >= 0:
			return nil, wire.RangeAlreadyPresent
		case step.Kind == wire.AddRange && !overlaps && step.Range.Lower < step.Range.Upper:
			ranges = append(ranges, step.Range)
		case step.Kind == wire.DropRange && at >= 0:
			ranges = append(ranges[:at], ranges[at+1:]...)
		case step.Kind == wire.AddRange || step.Kind == wire.DropRange:
			return nil, wire.InvalidArgument
		}
	}
	slices.SortFunc(ranges, wire.Range.Compare)
	return ranges, wire.OK
}

// firstRanges returns the ranges that a table begins with, or that they are not possible.
func firstRanges(op client.Op) ([]wire.Range, bool) {
	var steps []wire.AlterStep
	for _, r := range op.Partitions().Ranges {
		steps = append(steps, wire.AlterStep{Kind: wire.AddRange, Range: r})
	}
	ranges, code := applyRanges(nil, steps)
	return ranges, code == wire.OK
}
