package scenarios

import (
	"fmt"
	"time"

	"tabletop/model/catalog"
	"tabletop/model/client"
	"tabletop/model/raft"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/nemesis"
	"tabletop/sim"
)

// The ticket's sequence, at fixed times with room between the steps; the seed varies latencies,
// when in the second after electAgain the last election comes, and when after that the client's
// AlterTable.
const (
	electFirst  = 2 * time.Second
	electSecond = 10 * time.Second
	createTable = 20 * time.Second
	killSecond  = 30 * time.Second
	electAgain  = 31 * time.Second
	healTicket  = 60 * time.Second
)

var streamTicket = sim.NewStream("scenarios/kudu-1353")

func kudu1353Plan(seed uint64, s variant.Selection) Plan {
	return ticketPlan("kudu-1353", seed, s, client.Op{Kind: client.Alter, Name: "t",
		Steps: []wire.AlterStep{{Kind: wire.AddColumn, Column: "b"}}})
}

func kudu1353RenamePlan(seed uint64, s variant.Selection) Plan {
	return ticketPlan("kudu-1353-rename", seed, s,
		client.Op{Kind: client.Alter, Name: "t", NewName: "u"})
}

func ticketPlan(name string, seed uint64, s variant.Selection, alter client.Op) Plan {
	r := sim.NewRand(seed, streamTicket)
	electAt := electAgain + r.Duration(0, time.Second).Round(time.Microsecond)
	alterAt := electAt + r.Duration(200*time.Millisecond, 9*time.Second).Round(time.Microsecond)
	alter.ID = 2
	p := Plan{Scenario: name, Seed: seed, Select: s, Heal: healTicket}
	p.Select.Options = append([]string{"masters=3", "tservers=3", "clients=1",
		"master-failure-detection=false"}, s.Options...)
	p.Ops = []PlannedOp{
		{At: createTable, Client: 1, Op: client.Op{ID: 1, Kind: client.Create, Name: "t",
			Columns: []string{"k", "a"}, Tablets: 1, Replicas: 3}},
		{At: alterAt, Client: 1, Op: alter},
	}
	p.Faults = []nemesis.Fault{
		{ID: 1, At: electFirst, Kind: nemesis.Elect, Target: "master-1", Term: 1},
		{ID: 2, At: electSecond, Kind: nemesis.Elect, Target: "master-2", Term: 2},
		{ID: 3, At: killSecond, Kind: nemesis.Kill, Target: "master-2"},
		{ID: 4, At: electAt, Kind: nemesis.Elect, Target: "master-1", Term: 3},
	}
	return p
}

// kudu1353Variants are what the ticket weighs: its four solutions alone, on top of 0.7.
var kudu1353Variants = []Variant{
	{"kudu-0.7", "as the ticket found it", variant.Selection{Profile: "kudu-0.7"}},
	{"1 full-report", "a full report whenever a server turns to a new leader master",
		fixed(variant.FixFullReport)},
	{"2 hard-state", "the tablet's leader taken from the persisted configuration",
		fixed(variant.FixHardState)},
	{"3 heartbeat-all", "heartbeats to all masters, each of which keeps the replica map",
		fixed(variant.FixHeartbeatAll)},
	{"3' narrow", "the same, but followers ignore the reports (adopted for KUDU-1358)",
		fixed(variant.FixHeartbeatAllNarrow)},
	{"4 persist-tservers", "tablet servers persisted, the replica map rebuilt on load",
		fixed(variant.FixPersistTServers)},
	{"kudu-1.0", "1, 2 and 3' together, as adopted", variant.Selection{Profile: "kudu-1.0"}},
	{"ideal", "every known hazard closed", variant.Selection{Profile: "ideal"}},
}

func fixed(f variant.Fix) variant.Selection {
	return variant.Selection{Profile: "kudu-0.7", Options: []string{"fix=" + string(f)}}
}

// ticket asserts the steps of KUDU-1353 on one run.
type ticket struct {
	*stepChecks
	elections int // of the master tablet
	routed    int // calls of a master to alter a tablet
}

func kudu1353Checks(r *run) *stepChecks {
	k := &ticket{stepChecks: &stepChecks{r: r}}
	w := r.c.World
	raft.Elected.Subscribe(w, func(e raft.ReplicaEvent) {
		if e.Replica.Tablet() == wire.SysCatalog {
			k.elections++
		}
	})
	sim.Sent.Subscribe(w, func(e *sim.Envelope) {
		if e.Msg.Kind() == wire.KindAlterSchema {
			k.routed++
		}
	})
	const just = time.Millisecond
	alter := r.plan.Ops[1].At
	k.at(electFirst-just, "1. master-1 is elected for term 1, master-2 for term 2; master-1 steps "+
		"down without a restart", nil)
	k.at(electSecond-just, "", func() string { return k.leads(1, 1, 1) })
	k.at(electSecond+5*time.Second, "", func() string { return k.leads(2, 2, 2) })
	k.at(createTable-2*just, "2. so the tablet servers have registered with master-1 and master-2",
		func() string { return k.registeredTwice() })
	k.at(createTable-just, "3. a table is created; its tablet's leader is elected and is dirty in "+
		"the next report, to master-2", nil)
	k.at(killSecond-2*just, "", func() string { return k.tabletReported() })
	k.at(killSecond-just, "4. master-2 is killed and master-1 elected for term 3", nil)
	k.at(alter-2*just, "", func() string { return k.leads(1, 3, 3) })
	k.at(alter-just, "5. the client sends AlterTable to master-1", nil)
	k.at(alter+2*time.Second, "", func() string { return k.tellTasks() })
	k.at(alter+10*time.Second, "", func() string { return k.tellReports(7) })
	k.at(healTicket-just, "", func() string { return k.tellEnd(8) })
	return k.stepChecks
}

// leads asserts who leads the masters, in which term, after how many elections, and that the
// process of master-1 is still its first.
func (k *ticket) leads(number int, term int64, elections int) string {
	m := k.r.c.LeaderMaster()
	want := k.r.c.Masters[number-1]
	if m != want {
		return fmt.Sprintf("master-%d is not the ready leader", number)
	}
	if got, _ := m.Ready(); got != term {
		return fmt.Sprintf("master-%d leads in term %d, not %d", number, got, term)
	}
	if k.elections != elections {
		return fmt.Sprintf("%d elections of the masters, not %d", k.elections, elections)
	}
	first := k.r.c.Masters[0]
	if first.Node().Incarnation() != 0 || number != 1 && first.Consensus().Role() == raft.Leader {
		return "master-1 was restarted, or has not stepped down"
	}
	return ""
}

// registeredTwice asserts who is registered, and has sent a full report, where.
func (k *ticket) registeredTwice() string {
	for _, m := range k.r.c.Masters[:2] {
		for _, id := range k.r.c.TServerNodes() {
			if registered, reported := m.Knows(wire.ServerOn(id, 0)); !registered || !reported {
				return fmt.Sprintf("%s has not registered and fully reported to %s",
					k.r.c.World.Node(id).Name(), m.Node().Name())
			}
		}
	}
	return ""
}

// tabletReported asserts that the tablet runs, that master-2 knows its leader, and that the
// leader has nothing left to tell it.
func (k *ticket) tabletReported() string {
	store := k.r.c.Catalog()
	if store == nil {
		return "there is no leader master"
	}
	for _, id := range sim.Keys(store.Tablets) {
		t := store.Tablets[id]
		leader := k.r.c.LeaderOf(id)
		if t.State != catalog.TabletRunning || leader == nil ||
			t.Consensus.Leader.Node() != leader.ID() {
			return "master-2 does not know the tablet's leader"
		}
		ts := k.r.c.TServerOn(leader.ID())
		if len(ts.Unreported(k.r.c.Masters[1].ID())) > 0 {
			return leader.Name() + " has unreported changes"
		}
	}
	if len(store.Tablets) != 1 {
		return fmt.Sprintf("there are %d tablets", len(store.Tablets))
	}
	return ""
}

// The last three steps are what follows; they tell what is seen and assert nothing.

func (k *ticket) tellTasks() string {
	tasks := 0
	for _, id := range k.r.c.Masters[0].CachedTables() {
		tasks += len(k.r.c.Masters[0].Tasks(id))
	}
	switch {
	case k.routed > 0:
		k.tell("6. master-1 knew the tablet's leader: %d calls to alter the "+
			"tablet were sent", k.routed)
	case tasks > 0:
		k.tell("6. no call to alter the tablet was sent; %d tasks wait", tasks)
	default:
		k.tell("6. no call to alter the tablet was sent, and none is " +
			"outstanding")
	}
	return ""
}

// tellReports tells what the tablets' leaders still have to say to master-1.
func (s *stepChecks) tellReports(number int) string {
	c := s.r.c
	for _, id := range c.Masters[0].CachedTablets() {
		leader := c.LeaderOf(id)
		if leader == nil {
			continue
		}
		_, reported := c.Masters[0].Knows(c.TServerOn(leader.ID()).ID())
		unreported := c.TServerOn(leader.ID()).Unreported(c.Masters[0].ID())
		s.tell("%d. %s, which leads the tablet, heartbeats to master-1; master-1 has its full "+
			"report: %t; it has %d tablets to report", number, leader.Name(), reported,
			len(unreported))
	}
	return ""
}

// tellEnd tells how the tables ended.
func (s *stepChecks) tellEnd(number int) string {
	store := s.r.c.Catalog()
	if store == nil {
		return ""
	}
	for _, id := range sim.Keys(store.Tables) {
		if t := store.Tables[id]; t.State == catalog.TableAltering {
			s.tell("%d. table %s is still ALTERING, and nothing will change that", number,
				t.Name)
		} else {
			s.tell("%d. table %s is %v at version %d", number, t.Name, t.State, t.Version)
		}
	}
	return ""
}
