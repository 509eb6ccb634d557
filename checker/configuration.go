package checker

import (
	"fmt"

	"tabletop/model/raft"
	"tabletop/model/tserver"
	"tabletop/model/wire"
)

// configurations holds replicas to what Raft says of configurations: the one that counts is the
// last in the log, committed or not (Raft dissertation 4.1), one change is pending at a time, and
// the index of the committed one never goes back, across restarts too, until the replica is given
// up.
type configurations struct {
	j      *Judges
	looked *int
	// brought are the entries that brought a configuration to some log of a tablet.
	brought map[wire.TabletID][]wire.OpID
	// committed is the index of the latest committed one that a replica told of.
	committed map[hosted]int64
}

func watchConfigurations(j *Judges) {
	c := &configurations{j: j, looked: j.counter(Configuration),
		brought: map[wire.TabletID][]wire.OpID{}, committed: map[hosted]int64{}}
	raft.EntryAppended.Subscribe(j.c.World, func(e raft.AppendedEvent) {
		if e.Entry.Type == wire.ChangeConfig {
			c.appended(e.Replica, e.Entry.OpID)
		}
	})
	raft.Booted.Subscribe(j.c.World, c.look)
	raft.Candidate.Subscribe(j.c.World, c.look)
	raft.Elected.Subscribe(j.c.World, c.look)
	raft.ConfigCommitted.Subscribe(j.c.World, c.look)
	tserver.TabletTombstoned.Subscribe(j.c.World, func(e tserver.TombstoneEvent) {
		delete(c.committed, hosted{e.Tablet, e.TServer.ID()})
	})
	tserver.TabletDeleted.Subscribe(j.c.World, func(e tserver.TabletEvent) {
		delete(c.committed, hosted{e.Tablet, e.TServer.ID()})
	})
}

// appended checks that a leader begins no change before the one before is committed.
func (c *configurations) appended(r raft.Observed, op wire.OpID) {
	for _, earlier := range c.brought[r.Tablet()] {
		if r.Role() == raft.Leader && earlier.Index < op.Index &&
			r.OpAt(earlier.Index) == earlier && !c.j.raft.isCommitted(r.Tablet(), earlier.Index) {
			c.broken(r, "two-pending",
				"%s begins the change of entry %d of %v; that of %d is pending", op.Index,
				earlier.Index)
		}
	}
	c.brought[r.Tablet()] = append(c.brought[r.Tablet()], op)
}

func (c *configurations) look(e raft.ReplicaEvent) {
	*c.looked++
	r, who := e.Replica, hosted{e.Replica.Tablet(), e.Replica.ID()}
	now := r.Config().Index
	if had, known := c.committed[who]; known && now < had {
		c.broken(r, "goes-back", "%s has the configuration of entry %d of %v; it had that of %d",
			now, had)
	}
	c.committed[who] = now
	last := now
	for _, op := range c.brought[r.Tablet()] {
		if r.OpAt(op.Index) == op {
			last = max(last, op.Index)
		}
	}
	_, own := r.(*raft.Replica) // etcd's configurations count when they are applied
	if counts := r.Active().Index; own && counts != last {
		c.broken(r, "not-the-last", "%s goes by the configuration of entry %d of %v; the last "+
			"in its log is that of %d", counts, last)
	}
}

func (c *configurations) broken(r raft.Observed, reason, format string, have, want int64) {
	if c.j.fate.deleted[r.Tablet()] {
		return
	}
	c.j.report(Violation{Oracle: Configuration, Object: objectOf(r.Tablet()), Reason: reason,
		Detail: fmt.Sprintf(format, name(r), have, r.Tablet(), want)})
}
