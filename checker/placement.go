package checker

import (
	"fmt"
	"slices"
	"time"

	"tabletop/model/catalog"
	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// placements judges where the leader master puts replicas: those of a new tablet each on another
// machine, on servers that it has heard of late, and all spread over locations.
type placements struct {
	j      *Judges
	looked *int
	heard  map[hearsay]sim.Time
	// begun tells when, and by whom, an entry was put into the log that is not applied yet.
	begun  map[wire.OpID]proposal
	placed map[wire.TabletID]bool
}

// hearsay is what a master knows of a tablet server.
type hearsay struct {
	master sim.NodeID
	server wire.ServerID
}

type proposal struct {
	by sim.NodeID
	at sim.Time
}

// heardWithin is within what time a master must have heard of a server to give it replicas
// (tserver_unresponsive_timeout_ms), by a clock that may be 30 % slow.
const heardWithin = 60 * time.Second * 10 / 7

func watchPlacements(j *Judges) {
	c := &placements{j: j, looked: j.counter(Placement), heard: map[hearsay]sim.Time{},
		begun: map[wire.OpID]proposal{}, placed: map[wire.TabletID]bool{}}
	w := j.c.World
	sim.Delivered.Subscribe(w, func(e *sim.Envelope) {
		if m, ok := e.Msg.(*wire.TSHeartbeatRequest); ok {
			c.heard[hearsay{e.To, m.Server}] = w.Now()
		}
	})
	raft.EntryAppended.Subscribe(w, func(e raft.AppendedEvent) {
		if e.Replica.Tablet() == wire.SysCatalog && e.Replica.Role() == raft.Leader {
			c.begun[e.Entry.OpID] = proposal{e.Replica.Node().ID(), w.Now()}
		}
	})
	master.Applied.Subscribe(w, c.applied)
	c.watchLocations()
}

func (c *placements) applied(e master.AppliedEvent) {
	p, first := c.begun[e.Op]
	if !first {
		return
	}
	delete(c.begun, e.Op)
	for _, row := range e.Batch.Tablets {
		if row.State == catalog.TabletCreating && !c.placed[row.ID] {
			c.placed[row.ID] = true
			c.judge(row, p)
		}
	}
}

func (c *placements) judge(row *catalog.Tablet, p proposal) {
	*c.looked++
	w := c.j.c.World
	var nodes []sim.NodeID
	for _, id := range row.Consensus.Config.Servers() {
		heard, known := c.heard[hearsay{p.by, id}]
		if !known || p.at.Sub(heard) > heardWithin {
			c.broken("on-the-silent", "%s places a replica of %v on %s, last heard at %v",
				w.Node(p.by).Name(), row.ID, w.Node(id.Node()).Name(), heard)
		}
		if slices.Contains(nodes, id.Node()) {
			c.broken("two-on-one", "%s places two replicas of %v on %s", w.Node(p.by).Name(),
				row.ID, w.Node(id.Node()).Name())
		}
		nodes = append(nodes, id.Node())
	}
}

func (c *placements) broken(reason, format string, args ...any) {
	c.j.report(Violation{Oracle: Placement, Object: "replica", Reason: reason,
		Detail: fmt.Sprintf(format, args...)})
}
