package catalog

import (
	"fmt"
	"slices"
	"time"

	"tabletop/model/variant"
	"tabletop/model/wire"
)

// CheckSchema says whether a table may begin with the schema: it has a key, and no two columns
// share a name.
func CheckSchema(s wire.Schema) wire.Status {
	if !slices.ContainsFunc(s, func(c wire.Column) bool { return c.Key }) {
		return wire.Err(wire.InvalidSchema, "no key column")
	}
	for i, c := range s {
		if columnIndex(s[:i], c.Name) >= 0 {
			return wire.Err(wire.InvalidSchema, "duplicate column "+c.Name)
		}
	}
	return wire.Status{}
}

// AlterSchema returns the schema after the steps, or why one of them is not possible. Steps of
// ranges do not concern it. Follows CatalogManager::ApplyAlterSchemaSteps.
func AlterSchema(s wire.Schema, steps []wire.AlterStep) (wire.Schema, wire.Status) {
	s = slices.Clone(s)
	for _, step := range steps {
		i := columnIndex(s, step.Column)
		switch step.Kind {
		case wire.AddColumn:
			if i >= 0 {
				return nil, invalid("column %s exists", step.Column)
			}
			s = append(s, wire.Column{Name: step.Column})
		case wire.DropColumn:
			if i < 0 {
				return nil, invalid("no column %s", step.Column)
			}
			if s[i].Key {
				return nil, invalid("cannot drop key column %s", step.Column)
			}
			s = slices.Delete(s, i, i+1)
		case wire.RenameColumn:
			if i < 0 {
				return nil, invalid("no column %s", step.Column)
			}
			if columnIndex(s, step.NewName) >= 0 {
				return nil, invalid("column %s exists", step.NewName)
			}
			s[i].Name = step.NewName
		case wire.ChangeColumn:
			if i < 0 {
				return nil, invalid("no column %s", step.Column)
			}
			if s[i].Key {
				return nil, invalid("key column %s has no default", step.Column)
			}
			s[i].Default = step.Default
		}
	}
	return s, wire.Status{}
}

func columnIndex(s wire.Schema, name string) int {
	return slices.IndexFunc(s, func(c wire.Column) bool { return c.Name == name })
}

func invalid(format string, args ...any) wire.Status {
	return wire.Err(wire.InvalidSchema, fmt.Sprintf(format, args...))
}

// CheckReplicas says whether a replication factor may be asked for. Follows
// CatalogManager::ValidateNumberReplicas, whose limits are flags: min_num_replicas 1,
// max_num_replicas 7, allow_unsafe_replication_factor false.
func CheckReplicas(n int) wire.Status {
	switch {
	case n < 1 || n > 7:
		return wire.Err(wire.IllegalReplicationFactor, fmt.Sprintf("replication factor %d", n))
	case n%2 == 0:
		return wire.Err(wire.EvenReplicationFactor, fmt.Sprintf("replication factor %d", n))
	}
	return wire.Status{}
}

// Altered returns the row after an AlterTable that gives the table a schema, a name and a
// replication factor. The schema that readers see stays that of before the first unfinished alter.
func (t *Table) Altered(schema wire.Schema, name string, replicas int) *Table {
	next := *t
	next.Name, next.Schema, next.Replicas = name, schema, replicas
	next.Version++
	next.State = TableAltering
	return &next
}

// Repartitioned returns the row after steps that change the table's ranges. A table that gets
// tablets is Altering until they run, at the version that it has.
func (t *Table) Repartitioned(c RangeChange) *Table {
	next := *t
	next.Partitions.Ranges = c.Ranges
	if len(c.Added) > 0 {
		next.State = TableAltering
	}
	return &next
}

// Vacant reports whether the table has no tablets.
func (t *Table) Vacant() bool { return len(t.Partitions.Ranges) == 0 }

// Finished returns the row once every tablet has the latest schema.
func (t *Table) Finished() *Table {
	next := *t
	next.State = TableRunning
	next.Applied, next.AppliedVersion = next.Schema, next.Version
	return &next
}

// Removed returns the row of the dropped table.
func (t *Table) Removed() *Table {
	next := *t
	next.State, next.Reserve = TableRemoved, 0
	return &next
}

// SoftDeleted returns the row of a table that was dropped and can be recalled for so long.
func (t *Table) SoftDeleted(reserve time.Duration) *Table {
	next := *t
	next.State, next.Reserve = TableSoftDeleted, reserve
	return &next
}

// Recalled returns the row of a soft-deleted table that is live again. It is Altering until every
// tablet is known to have its latest schema, since an alter may have been open.
func (t *Table) Recalled(name string) *Table {
	next := *t
	next.Name, next.State, next.Reserve = name, TableAltering, 0
	if next.Vacant() {
		return next.Finished()
	}
	return &next
}

// In returns the row in another state.
func (t *Tablet) In(state TabletState) *Tablet {
	next := *t
	next.State = state
	return &next
}

// Bugs are defects that learning from reports once had. The zero value is right behaviour.
type Bugs struct {
	// ForgetLeader: a report without a leader makes a known one of that term unknown (KUDU-1069).
	ForgetLeader bool
	// NobodyLeads: that no leader is known is taken for a leader, and a known one forgotten for it
	// (KUDU-2147).
	NobodyLeads bool
	// ReporterLeads: a reporter that says it leads no longer is taken for the leader (KUDU-2335).
	ReporterLeads bool
}

// BugsOf returns the defects of learning from reports that are on.
func BugsOf(v variant.Variants) Bugs {
	return Bugs{ForgetLeader: v.On(variant.KUDU1069), NobodyLeads: v.On(variant.KUDU2147),
		ReporterLeads: v.On(variant.KUDU2335)}
}

// Learn returns the row after a replica's report of the tablet's consensus, or the row itself if
// the report has nothing new. Follows CatalogManager::ProcessTabletReport: a newer
// configuration counts, and a leader where none was known or of a later term; within a term a
// known leader stays known unless the reporter was it (KUDU-1069, KUDU-2335).
func (t *Tablet) Learn(from wire.ServerID, c wire.ConsensusState, b Bugs) *Tablet {
	have := t.Consensus
	c.Health, c.Pending = nil, false
	if !c.Config.Has(c.Leader) {
		c.Leader = wire.NoServer
	}
	// The configuration of the creation has no leader; any other was reported with what counts
	// as one.
	unknown := have.Leader == wire.NoServer && (!b.NobodyLeads || have.Config.Index < 0)
	newConfig := c.Config.Index > have.Config.Index
	newLeader := c.Leader != wire.NoServer && (unknown || c.Term > have.Term)
	if !newConfig && !newLeader {
		return t
	}
	forget := b.ForgetLeader || b.NobodyLeads
	if c.Term == have.Term && c.Leader == wire.NoServer && !forget &&
		(have.Leader != from || b.ReporterLeads) {
		c.Leader = have.Leader
	}
	if !newConfig {
		c.Config = have.Config
	}
	next := *t
	next.Consensus = c
	return &next
}
