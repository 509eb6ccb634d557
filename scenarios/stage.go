package scenarios

import (
	"time"

	"tabletop/model/catalog"
	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/rebalancer"
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
	reigns    []reign
	// turned counts, by master, requests refused since the last look because it does not lead, and
	// denials the heartbeats that it answered so since that was noted.
	turned, denials map[string]int
	effects         map[wire.RequestID]int // how often each request changed tables
	lastEntry       int64                  // of the master tablet that was counted there
	// voters counts the voters in each configuration of a tablet, in order.
	voters  map[wire.TabletID][]int
	configs map[wire.TabletID]int64 // the index of the last
	// violations counts placements against the policy; scanned has whom a client read from last.
	violations int
	scanned    map[string]*sim.Node
	// tools lists how the rebalancing tools have ended.
	tools []rebalancer.Result
	noted snapshot
}

// asked is an operation and its answer, nil until there is one.
type asked struct {
	client.OpEvent
	at   sim.Time
	took time.Duration
}

// reign is a leadership of the masters as it was when it became ready.
type reign struct {
	master          string
	known, running  int    // tablet servers: that the master knew, that ran
	tables, tablets int    // in its caches
	differs         string // from its master tablet; empty: nothing
}

// snapshot is what a condition noted for later ones.
type snapshot struct {
	terms    map[string]int64 // by table; "": the master tablet
	replicas map[string][]wire.TabletID
}

func watchStage(r *run) *stage {
	s := &stage{stepChecks: &stepChecks{r: r}, voters: map[wire.TabletID][]int{},
		configs: map[wire.TabletID]int64{}, turned: map[string]int{}, denials: map[string]int{},
		effects: map[wire.RequestID]int{}, scanned: map[string]*sim.Node{}}
	s.watchClients()
	s.watchMasters()
	s.watchConfigs()
	s.watchPlaces()
	s.watchTools()
	return s
}

// watchClients follows what is asked and answered.
func (s *stage) watchClients() {
	w := s.r.c.World
	client.Called.Subscribe(w, func(e client.OpEvent) {
		s.asked = append(s.asked, &asked{OpEvent: e, at: w.Now()})
	})
	client.Answered.Subscribe(w, func(e client.OpEvent) {
		for _, a := range s.asked {
			if a.Op.ID == e.Op.ID {
				a.Outcome, a.took = e.Outcome, w.Now().Sub(a.at)
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
}

// watchMasters follows who leads the masters and what they say and do.
func (s *stage) watchMasters() {
	w := s.r.c.World
	sim.Sent.Subscribe(w, func(e *sim.Envelope) {
		from := w.Node(e.From).Name()
		switch m := e.Msg.(type) {
		case *wire.VoteRequest:
			s.spoke(m.Tablet)
		case *wire.UpdateConsensusRequest:
			s.spoke(m.Tablet)
		case *wire.DDLResponse:
			s.turn(from, m.Status)
		case *wire.TableSchemaResponse:
			s.turn(from, m.Status)
		case *wire.TSHeartbeatResponse:
			if !m.LeaderMaster {
				s.denials[from]++
			}
		}
	})
	master.Applied.Subscribe(w, func(e master.AppliedEvent) {
		if e.Op.Index > s.lastEntry {
			s.lastEntry = e.Op.Index
			if len(e.Batch.Tables) > 0 {
				s.effects[e.Batch.Cause]++
			}
		}
	})
	master.LeaderReady.Subscribe(w, func(e master.LeaderEvent) {
		s.reigns = append(s.reigns, s.begins(e.Master))
	})
}

func (s *stage) turn(from string, status wire.Status) {
	if status.Code == wire.NotTheLeader {
		s.turned[from]++
	}
}

// begins looks at a master that has just become ready.
func (s *stage) begins(m *master.Master) reign {
	r := reign{master: m.Node().Name(), tables: len(m.CachedTables()),
		tablets: len(m.CachedTablets()), differs: cachesDiffer(m, m.Store())}
	for _, ts := range s.r.c.TServers {
		if ts.Node().Alive() {
			r.running++
			if known, _ := m.Knows(ts.ID()); known {
				r.known++
			}
		}
	}
	return r
}

// cachesDiffer says where the caches of a master are not what a master tablet has; empty: nowhere.
func cachesDiffer(m *master.Master, store *catalog.Store) string {
	for _, id := range sim.Keys(store.Tables) {
		if row, _ := m.CachedTable(id); row == nil || !row.Equal(store.Tables[id]) {
			return "table " + store.Tables[id].Name
		}
	}
	for _, id := range sim.Keys(store.Tablets) {
		if row, _ := m.CachedTablet(id); row == nil || !row.Equal(store.Tablets[id]) {
			return id.String()
		}
	}
	return ""
}

// watchConfigs follows how many voters there are.
func (s *stage) watchConfigs() {
	w := s.r.c.World
	note := func(e raft.ReplicaEvent) {
		id, c := e.Replica.Tablet(), e.Replica.Config()
		if last, known := s.configs[id]; !known || c.Index > last {
			s.configs[id] = c.Index
			s.voters[id] = append(s.voters[id], len(c.Voters()))
		}
	}
	raft.Booted.Subscribe(w, note)
	raft.ConfigCommitted.Subscribe(w, note)
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
	s.denials = map[string]int{}
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
