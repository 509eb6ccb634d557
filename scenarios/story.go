package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tabletop/checker"
	"tabletop/model"
	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/rebalancer"
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
	// tablets tells that the consensus of tablets is no detail.
	tablets bool
	terse   bool // all but steps and phases is
	loads   []load
}

func startStory(r *run, scenario Scenario) *story {
	s := &story{r: r, tell: r.opts.Story, tablets: scenario.tablets, terse: scenario.terse,
		loads: scenario.loads}
	if s.tell != nil {
		s.nodes()
		s.consensus()
		s.masters()
		s.tservers()
		s.clients()
		s.rebalancers()
	}
	return s
}

func (s *story) line(detail bool, who, format string, args ...any) {
	if s.tell != nil {
		detail = detail || s.terse && who != "step" && who != "--"
		s.tell(Line{s.r.c.World.Now(), who, fmt.Sprintf(format, args...), detail})
	}
}

// phase tells that a part of the run begins.
func (s *story) phase(name, format string, args ...any) {
	s.line(false, "--", name+": "+format, args...)
}

// illegal tells the shortest part of the history that contradicts itself.
func (s *story) illegal(p checker.Part) {
	s.phase("not linearizable", "no order explains these answers on %s",
		strings.Join(p.Names, ", "))
	for _, e := range p.Events {
		s.line(false, "--", "  %v", e)
	}
}

func (s *story) nodes() {
	w := s.r.c.World
	nemesis.Fired.Subscribe(w, func(e nemesis.FiredEvent) {
		s.line(false, "nemesis", "fault %v", e)
	})
	sim.NodeDown.Subscribe(w, func(e sim.NodeEvent) {
		if e.Node.Retired() {
			s.line(false, e.Node.Name(), "is lost for good")
			return
		}
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

// consensus tells who leads, and each configuration when the first replica has committed it.
func (s *story) consensus() {
	w := s.r.c.World
	about := func(e raft.ReplicaEvent, format string, args ...any) {
		detail := e.Replica.Tablet() != wire.SysCatalog && !s.tablets
		s.line(detail, e.Replica.Node().Name(), format, args...)
	}
	raft.Elected.Subscribe(w, func(e raft.ReplicaEvent) {
		about(e, "elected leader of %v for term %d", e.Replica.Tablet(), e.Term)
	})
	raft.Deposed.Subscribe(w, func(e raft.ReplicaEvent) {
		about(e, "steps down as leader of %v, term is %d now", e.Replica.Tablet(), e.Term)
	})
	told := map[wire.TabletID]int64{}
	raft.ConfigCommitted.Subscribe(w, func(e raft.ReplicaEvent) {
		id, c := e.Replica.Tablet(), e.Replica.Config()
		if c.Index > told[id] {
			told[id] = c.Index
			about(e, "%v has %s", id, s.config(c))
		}
	})
}

// config describes a configuration in words.
func (s *story) config(c wire.RaftConfig) string {
	text := "the voters " + serverNames(s.r.c, c.Voters())
	if len(c.Voters()) == 1 {
		text = "the voter " + serverNames(s.r.c, c.Voters())
	}
	for _, m := range c.Members {
		name := serverNames(s.r.c, []wire.ServerID{m.ID})
		switch {
		case m.NonVoter && m.Promote:
			text += "; " + name + " is to become one"
		case m.NonVoter:
			text += "; " + name + " does not vote"
		}
		if m.Replace {
			text += "; " + name + " is to be replaced"
		}
	}
	return text
}

// serverNames lists servers by their nodes' names. One whose disk was replaced is an old one.
func serverNames(c *model.Cluster, ids []wire.ServerID) string {
	var names []string
	for _, id := range slices.SortedStableFunc(slices.Values(ids), func(a, b wire.ServerID) int {
		return cmp.Compare(a.Node(), b.Node())
	}) {
		name := c.World.Node(id.Node()).Name()
		if c.ServerOn(id.Node()) != id {
			name = "the old " + name
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func (s *story) masters() {
	w := s.r.c.World
	master.Joined.Subscribe(w, func(e master.TServerEvent) {
		s.line(false, e.Master.Node().Name(), "has copied the master tablet and joins the masters")
	})
	master.LeaderReady.Subscribe(w, func(e master.LeaderEvent) {
		s.line(false, e.Master.Node().Name(), "has loaded the catalog and leads in term %d", e.Term)
	})
	master.Registered.Subscribe(w, func(e master.TServerEvent) {
		s.line(true, e.Master.Node().Name(), "registers %s", w.Node(e.TServer.Node()).Name())
	})
	master.ReplicasPlaced.Subscribe(w, func(e master.PlacementEvent) {
		text, against := "replicas", ""
		if e.Members != nil {
			text = "another replica"
		}
		if e.Violates {
			against = ", against the placement policy: there is no better place"
		}
		s.line(!s.tablets || len(s.r.c.Locations()) == 0, e.Master.Node().Name(),
			"places %s of %v on %s%s", text, e.Tablet, e.Names(), against)
	})
	model.Relocated.Subscribe(w, func(e model.RelocationEvent) {
		s.line(false, "mapping", "%v", e)
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
			load := slices.ContainsFunc(s.loads, func(l load) bool { return l.table == t.Name })
			s.line(load, e.Master.Node().Name(), "table %s is %v at version %d", t.Name, t.State,
				t.Version)
		}
	})
}

func (s *story) tservers() {
	w := s.r.c.World
	tserver.SchemaApplied.Subscribe(w, func(e tserver.SchemaEvent) {
		s.line(true, e.TServer.Node().Name(), "%v has schema version %d", e.Tablet, e.Version)
	})
	tserver.CopyStarted.Subscribe(w, func(e tserver.CopyEvent) {
		s.line(false, e.TServer.Node().Name(), "begins to copy %v from %s", e.Tablet,
			w.Node(e.Source.Node()).Name())
	})
	tserver.CopyEnded.Subscribe(w, func(e tserver.CopyEvent) {
		if e.Result == "OK" {
			s.line(false, e.TServer.Node().Name(), "has copied %v", e.Tablet)
			return
		}
		s.line(false, e.TServer.Node().Name(), "has failed to copy %v: %s", e.Tablet, e.Result)
	})
	tserver.TabletTombstoned.Subscribe(w, func(e tserver.TombstoneEvent) {
		s.line(false, e.TServer.Node().Name(), "gives up its replica of %v but for a tombstone",
			e.Tablet)
	})
	tserver.TabletDeleted.Subscribe(w, func(e tserver.TabletEvent) {
		s.line(!s.tablets, e.TServer.Node().Name(), "deletes its replica of %v", e.Tablet)
	})
}

func (s *story) clients() {
	w := s.r.c.World
	about := func(e client.OpEvent, format string, args ...any) {
		load := slices.ContainsFunc(s.loads, func(l load) bool { return l.table == e.Op.Name })
		s.line(load, e.Node().Name(), "op %d"+format, append([]any{e.Op.ID}, args...)...)
	}
	client.Called.Subscribe(w, func(e client.OpEvent) { about(e, " calls %v", e.Op) })
	client.Answered.Subscribe(w, func(e client.OpEvent) { about(e, ": %v", e.Outcome) })
	client.Done.Subscribe(w, func(e client.OpEvent) {
		if e.Outcome.Status.OK() {
			about(e, " is done")
		} else {
			about(e, " will not be: %v", e.Outcome.Status)
		}
	})
}

func (s *story) rebalancers() {
	w := s.r.c.World
	rebalancer.Began.Subscribe(w, func(e rebalancer.Event) {
		s.line(true, e.By.Node().Name(), "begins to rebalance")
	})
	rebalancer.Ended.Subscribe(w, func(e rebalancer.Event) {
		_, round := e.By.(*master.Master)
		s.line(round, e.By.Node().Name(), "ends rebalancing: %s", e.Result)
	})
	rebalancer.MoveBegan.Subscribe(w, func(e rebalancer.MoveEvent) {
		s.line(false, e.By.Node().Name(), "moves %s", e.Route())
	})
	rebalancer.LeadersMoved.Subscribe(w, func(e rebalancer.LeaderEvent) {
		s.line(!e.Granted, e.By.Name(), "has asked %s to let %s lead %v",
			w.Node(e.Move.From.Node()).Name(), w.Node(e.Move.To.Node()).Name(), e.Move.Tablet)
	})
	rebalancer.MoveEnded.Subscribe(w, func(e rebalancer.MoveEvent) {
		s.line(e.Result == rebalancer.Completed, e.By.Node().Name(), "has moved %s: %v", e.Route(),
			e.Result)
	})
}
