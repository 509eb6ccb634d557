package wire

import (
	"fmt"

	"tabletop/sim"
)

// KindRecallDeletedTable is the kind of RecallDeletedTableRequest.
var KindRecallDeletedTable = sim.NewKind("RecallDeletedTable")

// RecallDeletedTableRequest makes a soft-deleted table live again, under the name that it had or a
// new one.
type RecallDeletedTableRequest struct {
	DDLHeader
	Table   TableID
	NewName string // empty: the name that it had
}

// Header implements DDL.
func (m *RecallDeletedTableRequest) Header() DDLHeader { return m.DDLHeader }

// Kind implements sim.Message.
func (*RecallDeletedTableRequest) Kind() *sim.Kind { return KindRecallDeletedTable }

// Fold implements sim.Message.
func (m *RecallDeletedTableRequest) Fold(d *sim.Digest) {
	m.fold(d)
	d.Uint64(uint64(m.Table))
	d.String(m.NewName)
}

// Size implements sim.Message.
func (m *RecallDeletedTableRequest) Size() int { return 60 + len(m.NewName) }

func (m *RecallDeletedTableRequest) String() string {
	text := fmt.Sprintf("RecallDeletedTable %v", m.Table)
	if m.NewName != "" {
		text += " as " + m.NewName
	}
	return text
}
