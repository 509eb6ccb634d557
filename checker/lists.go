package checker

import (
	"fmt"

	"tabletop/model/catalog"
	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/wire"
	"tabletop/sim"
)

// lists holds every list of tables, whole, to the order in which the master tablet commits: it
// shows the live tables after some entry that was the last one at an instant since the call.
type lists struct {
	j      *Judges
	looked *int
	last   map[sim.NodeID]int64 // index of the last entry that a master applied
	log    nameLog
}

func watchLists(j *Judges) {
	l := &lists{j: j, looked: j.counter(Linearizability), last: map[sim.NodeID]int64{},
		log: newNameLog()}
	w := j.c.World
	master.Applied.Subscribe(w, func(e master.AppliedEvent) {
		l.last[e.Master.Node().ID()] = e.Op.Index
		l.log.apply(e.Op.Index, e.Batch.Tables)
	})
	master.Published.Subscribe(w, func(e master.PublishedEvent) {
		for _, row := range e.Batch.Tables {
			l.log.show(w.Now(), func(c *nameChange) bool { return c.row.Equal(row) })
		}
	})
	master.LeaderReady.Subscribe(w, func(e master.LeaderEvent) {
		last := l.last[e.Master.Node().ID()]
		l.log.show(w.Now(), func(c *nameChange) bool { return c.index <= last })
	})
	client.Answered.Subscribe(w, l.answered)
}

func (l *lists) answered(e client.OpEvent) {
	if e.Op.Kind != client.List || !e.Outcome.Status.OK() {
		return
	}
	*l.looked++
	p := l.j.History.open[e.Op.ID]
	if !l.log.was(e.Outcome.Tables, p.Call) {
		l.j.report(Violation{Oracle: Linearizability, Object: "history",
			Reason: "list-of-no-instant", Detail: fmt.Sprintf(
				"%v: the master tablet held this at no instant meanwhile", p.Event)})
	}
}

// nameLog is the names of live tables, entry by entry. A state begins when some master has applied
// its entry. It ends when a leader shows a later one: followers may apply an entry sooner than the
// leader that wrote it, and until that shows it, readers may be told of the state before.
type nameLog struct {
	applied int64                   // index of the last entry seen
	names   map[wire.TableID]string // live tables after it
	changes []*nameChange
	hidden  []*nameChange // those that no leader has shown yet
}

// nameChange is an entry that gives, changes or frees a name. No name: there is no such table.
type nameChange struct {
	index    int64
	row      *catalog.Table
	old, now string
	shown    sim.Time // by a leader; Never: not yet
}

func newNameLog() nameLog { return nameLog{names: map[wire.TableID]string{}} }

func (l *nameLog) apply(index int64, rows []*catalog.Table) {
	if index <= l.applied {
		return
	}
	l.applied = index
	for _, row := range rows {
		c := &nameChange{index: index, row: row, old: l.names[row.ID], shown: sim.Never}
		delete(l.names, row.ID)
		if row.Live() {
			c.now = row.Name
			l.names[row.ID] = row.Name
		}
		if c.now != c.old {
			l.changes = append(l.changes, c)
			l.hidden = append(l.hidden, c)
		}
	}
}

// show notes that readers see a change from now on, and with it all before it.
func (l *nameLog) show(now sim.Time, seen func(*nameChange) bool) {
	for i := len(l.hidden) - 1; i >= 0; i-- {
		if !seen(l.hidden[i]) {
			continue
		}
		for _, c := range l.hidden[:i+1] {
			c.shown = now
		}
		l.hidden = l.hidden[i+1:]
		return
	}
}

// was reports whether the tables listed were the live ones at an instant since the call. It goes
// back change by change and counts the tables that differ.
func (l *nameLog) was(listed []wire.ListedTable, called sim.Time) bool {
	told := map[wire.TableID]string{}
	wrong := len(l.names)
	for _, t := range listed {
		told[t.ID] = t.Name
		if name, live := l.names[t.ID]; !live {
			wrong++
		} else if name == t.Name {
			wrong--
		}
	}
	if len(told) != len(listed) {
		return false // some table twice
	}
	for i := len(l.changes) - 1; wrong > 0; i-- {
		if i < 0 || l.changes[i].shown < called {
			return false
		}
		c := l.changes[i]
		if told[c.row.ID] == c.now {
			wrong++
		}
		if told[c.row.ID] == c.old {
			wrong--
		}
	}
	return true
}
