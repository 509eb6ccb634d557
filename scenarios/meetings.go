package scenarios

import (
	"time"

	"tabletop/model/client"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/nemesis"
	"tabletop/sim"
)

var (
	streamMeetings   = sim.NewStream("scenarios/meetings")
	streamEncounters = sim.NewStream("scenarios/encounters")
)

// meet draws whether faults are made to meet what they would seldom meet by chance.
func (d *drawing) meet() {
	d.meeting = d.from(streamMeetings)
	d.ambush = d.meeting.Chance(200_000)
	// Else nobody waits any more for a creation that takes too long.
	d.mute = d.meeting.Chance(300_000) && d.creation < client.AdminTimeout
	if d.mute && d.meeting.Chance(500_000) {
		d.message = "256" // what is due then is more than one write
	}
}

// meetings returns those faults; there are others already.
func (d *drawing) meetings(storm nemesis.Storm, drawn []nemesis.Fault) []nemesis.Fault {
	first := len(drawn) + 1
	switch {
	case d.mute:
		return nemesis.Mutes(d.meeting, storm, d.creation, first)
	case d.ambush && d.masters > 1:
		return nemesis.Ambushes(d.meeting, storm, first)
	}
	r := d.from(streamEncounters)
	m := &nemesis.Meeting{Draws: r, Storm: storm, First: first}
	on343, roomy := d.replacement == variant.Replace343, d.tservers > 3
	x := r.Intn(100)
	if d.single && on343 && roomy && x < 80 {
		return d.shrink(r, m)
	}
	if d.segments != "" && on343 && d.writers > 0 && x < 60 {
		return d.amputate(r, m)
	}
	op, found := d.anAlter(r)
	switch {
	case x < 5 && roomy:
		return m.Absence()
	case x < 11 && found && d.masters >= 3:
		return m.Relapse(op.At)
	case x < 16 && found && !d.single:
		return m.Grave(op.Op.Name, op.At, drawn)
	case x < 22 && on343:
		return m.Blindness()
	case x < 27 && d.masters >= 3:
		return m.SlowVotes()
	}
	return nil
}

// anAlter draws one of the operations that alter a table's columns.
func (d *drawing) anAlter(r sim.Draws) (op PlannedOp, found bool) {
	var alters []PlannedOp
	for _, op := range d.ops {
		if op.Op.Kind == client.Alter && wire.HaveColumns(op.Op.Steps) &&
			op.At > d.begin+2*time.Second && op.At < d.end-5*time.Second {
			alters = append(alters, op)
		}
	}
	if len(alters) == 0 {
		return PlannedOp{}, false
	}
	return alters[r.Intn(len(alters))], true
}

// shrink alters a table that began with several replicas to one, when it is bad.
func (d *drawing) shrink(r sim.Draws, m *nemesis.Meeting) []nemesis.Fault {
	at := d.begin + r.Duration(0, 10*time.Second)
	first := r.Intn(len(d.names))
	for i := range d.names {
		op := d.ops[(first+i)%len(d.names)].Op // its creation
		if op.Replicas < 3 {
			continue
		}
		d.add(at, 1+r.Intn(d.clients), client.Op{Kind: client.Alter, Name: op.Name, Replicas: 1,
			NoWait: true})
		return m.Shrink(op.Name, at)
	}
	return nil
}

// amputate has a table written to, soon after it was created, while that is bad.
func (d *drawing) amputate(r sim.Draws, m *nemesis.Meeting) []nemesis.Fault {
	at, table := d.begin-r.Duration(0, time.Second), d.names[r.Intn(len(d.names))]
	for i := range 40 {
		var all []int64
		for key := range int64(keys) {
			all = append(all, key*keysStep)
		}
		d.put(at+time.Duration(i)*100*time.Millisecond, d.clients+1, client.Op{Kind: client.Upsert,
			Name: table, RowOp: client.RowOp{Keys: all}})
	}
	return m.Amputation(table, at)
}
