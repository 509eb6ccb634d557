package checker

import (
	"fmt"
	"slices"

	"tabletop/model/master"
	"tabletop/model/wire"
	"tabletop/sim"
)

// lookups judges what a leader master tells of the whereabouts of tablets: nothing older than what
// it knew when it was asked.
type lookups struct {
	j       *Judges
	looked  *int
	asked   map[uint64]sim.Time // by call
	changed map[seat]sim.Time   // when a master last published a tablet's row
}

func watchLookups(j *Judges) {
	l := &lookups{j: j, looked: j.counter(CacheEqualsTablet), asked: map[uint64]sim.Time{},
		changed: map[seat]sim.Time{}}
	w := j.c.World
	sim.Delivered.Subscribe(w, func(e *sim.Envelope) {
		if _, ok := e.Msg.(*wire.GetTableLocationsRequest); ok {
			l.asked[e.CallID()] = w.Now()
		}
	})
	master.Published.Subscribe(w, func(e master.PublishedEvent) {
		for _, row := range e.Batch.Tablets {
			l.changed[seat{e.Master.Node().ID(), row.ID}] = w.Now()
		}
	})
	sim.Sent.Subscribe(w, l.sent)
}

func (l *lookups) sent(e *sim.Envelope) {
	m, ok := e.Msg.(*wire.TableLocationsResponse)
	if !ok {
		return
	}
	asked := l.asked[e.CallID()]
	delete(l.asked, e.CallID())
	by := l.j.c.MasterOn(e.From)
	if _, ready := by.Ready(); !ready {
		return
	}
	for _, t := range m.Tablets {
		*l.looked++
		row, _ := by.CachedTablet(t.Tablet)
		if row == nil || l.changed[seat{e.From, t.Tablet}] >= asked {
			continue
		}
		c := row.Consensus
		if c.Leader != t.Leader || !slices.Equal(c.Config.Voters(), t.Replicas) {
			l.j.report(Violation{Oracle: CacheEqualsTablet, Object: "tablet",
				Reason: "lookup-overtaken", Detail: fmt.Sprintf(
					"%s tells that %v of %v is led by %d, and knew of %v, led by %d",
					by.Node().Name(), t.Replicas, t.Tablet, t.Leader, c.Config, c.Leader)})
		}
	}
}
