package checker

import (
	"fmt"

	"tabletop/model/master"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// duties judges that a leader master sees to what nobody needs any more, as long as it leads: who
// has such a replica is told to give it up, as soon as the master knows, and again until it
// answers. What is neglected may be made up for later, by another leader or another report, or
// never.
type duties struct {
	j       *Judges
	looked  *int
	gone    map[wire.TabletID]bool // tablets that were deleted or replaced
	owed    []duty                 // to be looked at when the instant is over
	started map[telling]sim.Time   // when tasks were begun last
}

// telling is that a master tells a server to delete its replica of a tablet.
type telling struct {
	master sim.NodeID
	tablet wire.TabletID
	server wire.ServerID
}

type duty struct {
	telling
	at sim.Time
}

func watchDuties(j *Judges) {
	d := &duties{j: j, looked: j.counter(Liveness), gone: map[wire.TabletID]bool{},
		started: map[telling]sim.Time{}}
	w := j.c.World
	if !j.c.Variants.Asking(nil).On(variant.KUDU495) { // which tells nobody before all is written
		master.Published.Subscribe(w, d.published)
		sim.Sent.Subscribe(w, func(*sim.Envelope) { d.settle() })
	}
	master.TaskStarted.Subscribe(w, func(e master.TaskEvent) {
		if e.Task.Name == master.DeleteReplica {
			d.started[telling{e.Master.Node().ID(), e.Task.Tablet, e.Task.Target}] = w.Now()
		}
	})
	master.TaskEnded.Subscribe(w, d.ended)
	master.Reported.Subscribe(w, d.reported)
}

// published notes the members of tablets that a leader has just shown to be gone.
func (d *duties) published(e master.PublishedEvent) {
	for _, row := range e.Batch.Tablets {
		if !row.Gone() || d.gone[row.ID] {
			continue
		}
		d.gone[row.ID] = true
		for _, server := range row.Consensus.Config.Servers() {
			d.owed = append(d.owed, duty{telling{e.Master.Node().ID(), row.ID, server},
				d.j.c.World.Now()})
		}
	}
}

// settle looks at what was to be done at an earlier instant.
func (d *duties) settle() {
	now := d.j.c.World.Now()
	for len(d.owed) > 0 && d.owed[0].at < now {
		*d.looked++
		o := d.owed[0]
		if d.owed = d.owed[1:]; d.started[o.telling] < o.at {
			d.broken("replica", "nobody-told", "%s does not tell %s to delete its replica of %v, "+
				"which is gone", d.name(o.master), d.name(o.server.Node()), o.tablet)
		}
	}
}

// reported looks at what a leader makes of replicas that are reported: of a tablet that is gone, or
// without one that the configuration has dropped.
func (d *duties) reported(e master.ReportEvent) {
	if _, ready := e.Master.Ready(); !ready {
		return
	}
	for i := range e.Tablets {
		r := &e.Tablets[i]
		row, _ := e.Master.CachedTablet(r.Tablet)
		if row == nil {
			continue
		}
		table, _ := e.Master.CachedTable(row.Table)
		known := row.Consensus.Config
		switch {
		case row.Gone() || table.Gone():
			d.told(e, row.Table, r.Tablet, master.DeleteReplica)
		case r.Data != wire.DataTombstoned && !known.Has(e.TServer) &&
			r.State.Config.Index < known.Index:
			d.told(e, row.Table, r.Tablet, master.TombstoneReplica)
		}
	}
}

func (d *duties) told(e master.ReportEvent, table wire.TableID, tablet wire.TabletID,
	what string) {
	*d.looked++
	for _, t := range e.Master.Tasks(table) {
		if t.Name == what && t.Tablet == tablet && t.Target == e.TServer {
			return
		}
	}
	d.broken("replica", "nobody-told", "%s reports a replica of %v to %s, which nobody needs, and "+
		"it does not do %s", d.name(e.TServer.Node()), tablet, e.Master.Node().Name(), what)
}

// ended looks at how a task ended, if its master still leads: nothing makes a deletion for good
// superfluous, and what else a server is told a report of its may call for again.
func (d *duties) ended(e master.TaskEvent) {
	*d.looked++
	if _, ready := e.Master.Ready(); !ready || e.Task.Name != master.DeleteReplica {
		return
	}
	known, _ := e.Master.Knows(e.Task.Target)
	if !known || e.Result == master.Aborted || e.Result == master.DeadlinePassed {
		d.broken("task", "given-up", "%v", e)
	}
}

func (d *duties) name(id sim.NodeID) string { return d.j.c.World.Node(id).Name() }

func (d *duties) broken(object, reason, format string, args ...any) {
	d.j.report(Violation{Oracle: Liveness, Object: object, Reason: reason,
		Detail: fmt.Sprintf(format, args...)})
}
