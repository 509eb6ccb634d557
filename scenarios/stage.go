package scenarios

import (
	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/nemesis"
	"tabletop/sim"
)

// condition says what is wrong with a run that follows a script; empty: nothing.
type condition func(*stage) string

// on binds the condition to a run.
func (c condition) on(s *stage) func() string {
	if c == nil {
		return nil
	}
	return func() string { return c(s) }
}

// all joins conditions.
func all(conditions ...condition) condition {
	return func(s *stage) string {
		for _, c := range conditions {
			if wrong := c(s); wrong != "" {
				return wrong
			}
		}
		return ""
	}
}

// stage is a run that follows a script, and what the conditions remember of it.
type stage struct {
	*stepChecks
	asked     []*asked // the operations called so far
	answered  int      // of the DDL among them, those that were answered OK before the last look
	open      int      // DDL that was under way when the last fault struck
	campaigns int      // messages between masters about who leads and what
	// voters counts the voters in each configuration of a tablet, in order.
	voters  map[wire.TabletID][]int
	configs map[wire.TabletID]int64 // the index of the last
	noted   snapshot
}

// asked is an operation and its answer, nil until there is one.
type asked struct {
	client.OpEvent
	at sim.Time
}

// snapshot is what a condition noted for later ones.
type snapshot struct {
	terms    map[string]int64 // by table; "": the master tablet
	replicas map[string][]wire.TabletID
}

func watchStage(r *run) *stage {
	s := &stage{stepChecks: &stepChecks{r: r}, voters: map[wire.TabletID][]int{},
		configs: map[wire.TabletID]int64{}}
	w := r.c.World
	client.Called.Subscribe(w, func(e client.OpEvent) {
		s.asked = append(s.asked, &asked{e, w.Now()})
	})
	client.Answered.Subscribe(w, func(e client.OpEvent) {
		for _, a := range s.asked {
			if a.Op.ID == e.Op.ID {
				a.Outcome = e.Outcome
			}
		}
	})
	nemesis.Fired.Subscribe(w, func(nemesis.FiredEvent) {
		s.open = 0
		for _, a := range s.asked {
			if a.Outcome == nil && a.Op.ChangesCatalog() {
				s.open++
			}
		}
	})
	sim.Sent.Subscribe(w, func(e *sim.Envelope) {
		switch m := e.Msg.(type) {
		case *wire.VoteRequest:
			s.spoke(m.Tablet)
		case *wire.UpdateConsensusRequest:
			s.spoke(m.Tablet)
		}
	})
	note := func(e raft.ReplicaEvent) {
		id, c := e.Replica.Tablet(), e.Replica.Config()
		if last, known := s.configs[id]; !known || c.Index > last {
			s.configs[id] = c.Index
			s.voters[id] = append(s.voters[id], len(c.Voters()))
		}
	}
	raft.Booted.Subscribe(w, note)
	raft.ConfigCommitted.Subscribe(w, note)
	return s
}

func (s *stage) spoke(id wire.TabletID) {
	if id == wire.SysCatalog {
		s.campaigns++
	}
}

func (s *stage) leader() *master.Master { return s.r.c.LeaderMaster() }

func (s *stage) node(name string) *sim.Node { return s.r.c.Resolve(name) }

// consensus returns the leader's replica of a table's first tablet, or of the master tablet if the
// name is empty; nil if nobody leads.
func (s *stage) consensus(table string) raft.Consensus {
	if table == "" {
		if m := s.leader(); m != nil {
			return m.Consensus()
		}
		return nil
	}
	n := s.node("tablet-leader:" + table)
	if n == nil {
		return nil
	}
	return s.r.c.TServerOn(n.ID()).Replica(s.r.c.TabletsOf(table)[0])
}

func (s *stage) names(ids []wire.ServerID) string { return serverNames(s.r.c, ids) }

// note remembers who leads in which term, and who has which replicas, for conditions that compare.
func note(s *stage) string {
	s.noted = snapshot{map[string]int64{}, map[string][]wire.TabletID{}}
	if c := s.consensus(""); c != nil {
		s.noted.terms[""] = c.Term()
	}
	for _, name := range s.r.plan.tables() {
		if c := s.consensus(name); c != nil {
			s.noted.terms[name] = c.Term()
		}
	}
	for _, ts := range s.r.c.TServers {
		s.noted.replicas[ts.Node().Name()] = ts.Tablets()
	}
	return ""
}
