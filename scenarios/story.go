package scenarios

import (
	"fmt"

	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/tserver"
	"tabletop/model/wire"
	"tabletop/nemesis"
	"tabletop/sim"
)

// Line is a sentence of a run's story.
type Line struct {
	At     sim.Time
	Who    string
	Text   string
	Detail bool // of interest only to who looks closely
}

func (l Line) String() string { return fmt.Sprintf("%12v  %-9s %s", l.At, l.Who, l.Text) }

// story tells a run as it happens, if anybody listens.
type story struct {
	r    *run
	tell func(Line)
}

func startStory(r *run) *story {
	s := &story{r: r, tell: r.opts.Story}
	if s.tell != nil {
		s.nodes()
		s.masters()
		s.tservers()
		s.clients()
	}
	return s
}

func (s *story) line(detail bool, who, format string, args ...any) {
	if s.tell != nil {
		s.tell(Line{s.r.c.World.Now(), who, fmt.Sprintf(format, args...), detail})
	}
}

// phase tells that a part of the run begins.
func (s *story) phase(name, format string, args ...any) {
	s.line(false, "--", name+": "+format, args...)
}

func (s *story) nodes() {
	w := s.r.c.World
	nemesis.Fired.Subscribe(w, func(e nemesis.FiredEvent) {
		s.line(false, "nemesis", "fault %v", e)
	})
	sim.NodeDown.Subscribe(w, func(e sim.NodeEvent) {
		s.line(false, e.Node.Name(), "%s", e.Reason)
	})
	sim.NodeUp.Subscribe(w, func(e sim.NodeEvent) { s.line(w.Now() == 0, e.Node.Name(), "starts") })
	sim.NodePaused.Subscribe(w, func(e sim.NodeEvent) { s.line(false, e.Node.Name(), "paused") })
	sim.NodeResumed.Subscribe(w, func(e sim.NodeEvent) { s.line(false, e.Node.Name(), "resumed") })
	sim.LinkDisturbed.Subscribe(w, func(e sim.LinkEvent) {
		s.line(true, e.From.Name(), "cut off: nothing reaches %s", e.To.Name())
	})
	sim.LinkRestored.Subscribe(w, func(e sim.LinkEvent) {
		s.line(true, e.From.Name(), "reaches %s again", e.To.Name())
	})
}

func (s *story) masters() {
	w := s.r.c.World
	raft.Elected.Subscribe(w, func(e raft.ReplicaEvent) {
		s.line(e.Replica.Tablet() != wire.SysCatalog, e.Replica.Node().Name(),
			"elected leader of %v for term %d", e.Replica.Tablet(), e.Term)
	})
	raft.Deposed.Subscribe(w, func(e raft.ReplicaEvent) {
		s.line(e.Replica.Tablet() != wire.SysCatalog, e.Replica.Node().Name(),
			"steps down as leader of %v, term is %d now", e.Replica.Tablet(), e.Term)
	})
	master.LeaderReady.Subscribe(w, func(e master.LeaderEvent) {
		s.line(false, e.Master.Node().Name(), "has loaded the catalog and leads in term %d", e.Term)
	})
	master.Registered.Subscribe(w, func(e master.TServerEvent) {
		s.line(true, e.Master.Node().Name(), "registers %s", w.Node(e.TServer.Node()).Name())
	})
	master.Reported.Subscribe(w, func(e master.ReportEvent) {
		if !e.Full && len(e.Tablets) == 0 {
			return
		}
		kind := "an incremental"
		if e.Full {
			kind = "a full"
		}
		s.line(true, e.Master.Node().Name(), "takes %s report of %d tablets from %s", kind,
			len(e.Tablets), w.Node(e.TServer.Node()).Name())
	})
	master.TaskEnded.Subscribe(w, func(e master.TaskEvent) {
		s.line(e.Result == "OK", e.Master.Node().Name(), "ends its task %s of %v: %s", e.Task.Name,
			e.Task.Tablet, e.Result)
	})
	master.Published.Subscribe(w, func(e master.PublishedEvent) {
		for _, t := range e.Batch.Tables {
			s.line(false, e.Master.Node().Name(), "table %s is %v at version %d", t.Name, t.State,
				t.Version)
		}
	})
}

func (s *story) tservers() {
	tserver.SchemaApplied.Subscribe(s.r.c.World, func(e tserver.SchemaEvent) {
		s.line(true, e.TServer.Node().Name(), "%v has schema version %d", e.Tablet, e.Version)
	})
}

func (s *story) clients() {
	w := s.r.c.World
	client.Called.Subscribe(w, func(e client.OpEvent) {
		s.line(false, e.Node().Name(), "op %d calls %v", e.Op.ID, e.Op)
	})
	client.Answered.Subscribe(w, func(e client.OpEvent) {
		s.line(false, e.Node().Name(), "op %d: %v", e.Op.ID, e.Outcome)
	})
	client.Done.Subscribe(w, func(e client.OpEvent) {
		if e.Outcome.Status.OK() {
			s.line(false, e.Node().Name(), "op %d is done", e.Op.ID)
		} else {
			s.line(false, e.Node().Name(), "op %d will not be: %v", e.Op.ID, e.Outcome.Status)
		}
	})
}
