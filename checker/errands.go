package checker

import (
	"fmt"
	"time"

	"tabletop/model/master"
	"tabletop/model/tserver"
	"tabletop/model/wire"
	"tabletop/sim"
)

// errands judges that masters and tablet servers do not tell each other the same thing over and
// over: one task for one thing, no grave dug twice, one heartbeat an interval.
type errands struct {
	j      *Judges
	looked *int
	graves map[hosted]grave
	beats  map[beating]pulse
	calls  map[uint64]beating // heartbeats that are not answered
}

// grave is a tombstone, and how often it was asked for since, by the same configuration.
type grave struct {
	cas   int64
	asked int
}

// beating is the heartbeats of one start of a tablet server to a master.
type beating struct {
	tserver, master sim.NodeID
	incarnation     int64
}

// pulse is what was seen of heartbeats.
type pulse struct {
	seq   int64 // of the last report
	sent  sim.Time
	taken bool // it was answered as it should be
	quick int  // how many in a row came at once after one that was not
}

// maxBurials is how often a tombstone may be asked for in vain while the tablet's configuration
// stays: by each new leader master, and when an answer is lost. What the network delivers again
// does not count, be it the request or a report of what has become a tombstone since. In 800 storms
// under ideal it was twice at most.
const maxBurials = 4

func watchErrands(j *Judges) {
	x := &errands{j: j, looked: j.counter(Quiescence), graves: map[hosted]grave{},
		beats: map[beating]pulse{}, calls: map[uint64]beating{}}
	w := j.c.World
	master.TaskStarted.Subscribe(w, x.started)
	master.TaskEnded.Subscribe(w, x.ended)
	sim.Sent.Subscribe(w, x.sent)
	sim.Delivered.Subscribe(w, x.delivered)
	tserver.TabletTombstoned.Subscribe(w, func(e tserver.TombstoneEvent) {
		if who := (hosted{e.Tablet, e.TServer.ID()}); x.graves[who] == (grave{}) {
			x.graves[who] = grave{cas: e.CAS}
		}
	})
	tserver.CopyStarted.Subscribe(w, func(e tserver.CopyEvent) {
		delete(x.graves, hosted{e.Tablet, e.TServer.ID()})
	})
	tserver.TabletDeleted.Subscribe(w, func(e tserver.TabletEvent) {
		delete(x.graves, hosted{e.Tablet, e.TServer.ID()})
	})
}

// started looks for another task for the same thing. A creation is asked for once, and an alter
// as often as somebody alters.
func (x *errands) started(e master.TaskEvent) {
	*x.looked++
	if e.Task.Name == master.CreateReplica || e.Task.Name == "AlterTable" {
		return
	}
	n := 0
	for _, t := range e.Master.Tasks(e.Task.Table) {
		if t.Name == e.Task.Name && t.Tablet == e.Task.Tablet && t.Config == e.Task.Config &&
			t.Target == e.Task.Target && t.Victim == e.Task.Victim {
			n++
		}
	}
	if n > 1 {
		x.broken("task", "duplicated", "%s has %d tasks %s of %v at the same time",
			e.Master.Node().Name(), n, e.Task.Name, e.Task.Tablet)
	}
}

// ended looks at how long a task took for its tries, by the master's clock: before each but the
// first it waits for twice as long as before, from 16 ms to half a minute.
func (x *errands) ended(e master.TaskEvent) {
	took := e.Master.Node().Now().Sub(e.Task.Began)
	if n := e.Task.Tries; n > 1 && took < 8*time.Millisecond*(1<<min(n-1, 12)-1) {
		x.broken("task", "tried-too-fast", "%s tries %d times in %v: %v", e.Master.Node().Name(), n,
			took, e)
	}
}

func (x *errands) delivered(e *sim.Envelope) {
	switch m := e.Msg.(type) {
	case *wire.DeleteTabletRequest:
		who := hosted{m.Tablet, m.Dest}
		g, there := x.graves[who]
		if !m.Tombstone || !there || e.Again() || x.j.c.ServerOn(e.To) != m.Dest {
			return
		}
		if g.cas != m.CAS {
			g = grave{cas: m.CAS}
		}
		if g.asked++; g.asked > maxBurials {
			x.broken("replica", "buried-again", "%s asks %s the %dth time to give up what is a "+
				"tombstone of %v", x.name(e.From), x.name(e.To), g.asked, m.Tablet)
		}
		x.graves[who] = g
	case *wire.TSHeartbeatRequest:
		if e.Again() {
			x.excuse(m)
		}
	case *wire.TSHeartbeatResponse:
		at, known := x.calls[e.CallID()]
		if delete(x.calls, e.CallID()); known && e.Awaited() && m.Status.OK() {
			p := x.beats[at]
			p.taken = true
			x.beats[at] = p
		}
	}
}

// excuse lets a master ask once more for each tombstone that an old report speaks of.
func (x *errands) excuse(m *wire.TSHeartbeatRequest) {
	for _, r := range m.Report.Tablets {
		who := hosted{r.Tablet, m.Server}
		if g, there := x.graves[who]; there {
			g.asked--
			x.graves[who] = g
		}
	}
}

// sent looks at heartbeats: none is sent twice, and after three in a row that failed the next one
// waits for the interval, which is a second by a clock that may be 30 % fast, unless there is
// something new to report. Where a master has got another disk, there are heartbeats to both.
func (x *errands) sent(e *sim.Envelope) {
	m, ok := e.Msg.(*wire.TSHeartbeatRequest)
	if !ok || x.j.c.ServerOn(e.To) != wire.ServerOn(e.To, 0) {
		return
	}
	*x.looked++
	now, at := x.j.c.World.Now(), beating{e.From, e.To, m.Incarnation}
	p, before := x.beats[at]
	if before && m.Report.Seq > 0 && m.Report.Seq == p.seq {
		x.broken("tserver", "reported-twice", "%s sends %s two reports of number %d",
			x.name(e.From), x.name(e.To), p.seq)
	}
	ts := x.j.c.TServerOn(e.From)
	if p.quick++; !before || m.Report.Seq == 0 || p.taken || now.Sub(p.sent) >= heardLately*6/10 ||
		len(ts.Unreported(x.j.c.ServerOn(e.To))) > 0 {
		p.quick = 0
	}
	if p.quick > 2 {
		x.broken("tserver", "beats-too-fast", "%s sends %s heartbeat %d in %v; %d in a row have "+
			"failed", x.name(e.From), x.name(e.To), m.Report.Seq, now.Sub(p.sent), p.quick+1)
	}
	p.seq, p.sent, p.taken = m.Report.Seq, now, false
	x.beats[at] = p
	x.calls[e.CallID()] = at
}

func (x *errands) name(id sim.NodeID) string { return x.j.c.World.Node(id).Name() }

func (x *errands) broken(object, reason, format string, args ...any) {
	x.j.report(Violation{Oracle: Quiescence, Object: object, Reason: reason,
		Detail: fmt.Sprintf(format, args...)})
}
