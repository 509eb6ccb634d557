package wire

import (
	"fmt"
	"slices"

	"tabletop/sim"
)

// AlterKind is what one step of an AlterTable does.
type AlterKind uint8

// The steps of AlterTable (master.proto, AlterTableRequestPB.StepType).
const (
	AddColumn AlterKind = iota + 1
	DropColumn
	RenameColumn
	ChangeColumn // ALTER_COLUMN
	AddRange     // ADD_RANGE_PARTITION
	DropRange    // DROP_RANGE_PARTITION
)

// AlterKinds lists the kinds of steps.
var AlterKinds = []AlterKind{AddColumn, DropColumn, RenameColumn, ChangeColumn, AddRange, DropRange}

func (k AlterKind) String() string {
	return [...]string{"?", "add", "drop", "rename", "change", "add-range", "drop-range"}[k]
}

// OfRanges reports whether such a step changes which ranges a table has, and not its schema.
func (k AlterKind) OfRanges() bool { return k == AddRange || k == DropRange }

// AlterStep is one step of an AlterTable; all steps of a request take effect at one instant.
type AlterStep struct {
	Kind    AlterKind
	Column  string // of steps that change the schema
	NewName string // of RenameColumn
	Default int64  // of ChangeColumn
	Range   Range  // of AddRange and DropRange
	// Dimension is the label of AddRange, which the tablets of the range will carry; empty: none.
	Dimension Dimension
}

func (s AlterStep) String() string {
	switch {
	case s.Dimension != "":
		return fmt.Sprintf("%v:%v@%s", s.Kind, s.Range, s.Dimension)
	case s.Kind.OfRanges():
		return fmt.Sprintf("%v:%v", s.Kind, s.Range)
	case s.Kind == RenameColumn:
		return fmt.Sprintf("%v:%s:%s", s.Kind, s.Column, s.NewName)
	case s.Kind == ChangeColumn:
		return fmt.Sprintf("%v:%s:%d", s.Kind, s.Column, s.Default)
	}
	return fmt.Sprintf("%v:%s", s.Kind, s.Column)
}

func (s AlterStep) fold(d *sim.Digest) {
	d.Uint64(uint64(s.Kind))
	d.String(s.Column)
	d.String(s.NewName)
	d.Int(s.Default)
	s.Range.fold(d)
	s.Dimension.fold(d)
}

// HaveColumns reports whether some of the steps changes the schema.
func HaveColumns(steps []AlterStep) bool {
	return slices.ContainsFunc(steps, func(s AlterStep) bool { return !s.Kind.OfRanges() })
}

// HaveRanges reports whether some of the steps changes which ranges the table has.
func HaveRanges(steps []AlterStep) bool {
	return slices.ContainsFunc(steps, func(s AlterStep) bool { return s.Kind.OfRanges() })
}
