package ksck

import (
	"fmt"

	"tabletop/model/wire"
)

// Report is what ksck finds. Servers, tables and tablets are in the order of the snapshot.
type Report struct {
	Masters  []ServerReport `json:"masters"`
	TServers []ServerReport `json:"tservers"`
	Tables   []TableReport  `json:"tables"`
	// Conflict tells that the masters do not agree on who they are and who leads.
	Conflict bool `json:"masters_conflict"`
	// Errors is what is wrong, in the order in which the tool looks; none: the cluster is healthy.
	Errors []string `json:"errors"`
}

// ServerReport is the health of a server.
type ServerReport struct {
	ID       wire.ServerID `json:"-"`
	Name     string        `json:"name"`
	Location string        `json:"location,omitempty"`
	Health   ServerHealth  `json:"health"`
	// Leader and Voters are, of a master, what it knows of the masters' consensus.
	Leader string   `json:"leader,omitempty"`
	Voters []string `json:"voters,omitempty"`
}

// TableReport is the health of a table: how many of its tablets are in which status.
type TableReport struct {
	ID      wire.TableID   `json:"-"`
	Name    string         `json:"name"`
	Factor  int            `json:"replication_factor"`
	Status  Status         `json:"status"`
	Count   [statuses]int  `json:"-"`
	Tablets []TabletReport `json:"tablets"`
}

// TabletReport is the health of a tablet.
type TabletReport struct {
	ID       wire.TabletID   `json:"-"`
	Name     string          `json:"id"`
	Status   Status          `json:"status"`
	Why      string          `json:"why,omitempty"` // of one that is not healthy
	Replicas []ReplicaReport `json:"replicas"`
}

// ReplicaReport is a member of a tablet in the leader master's view, and what its server says of
// it.
type ReplicaReport struct {
	Server string `json:"server"`
	Leader bool   `json:"leader,omitempty"`
	Voter  bool   `json:"voter"`
	State  string `json:"state"`
	// View is what the replica knows of the consensus, if that is not what the leader master does.
	View string `json:"view,omitempty"`
}

// Healthy reports whether nothing is wrong.
func (r Report) Healthy() bool { return len(r.Errors) == 0 }

// Verify makes the report. Follows Ksck::Run; without a leader master it ends early.
func Verify(s Snapshot) Report {
	v := verifier{Snapshot: s, names: map[wire.ServerID]string{},
		tservers: map[wire.ServerID]Server{}}
	for _, server := range s.Masters {
		v.names[server.ID] = server.Name
	}
	for _, server := range s.TServers {
		v.names[server.ID], v.tservers[server.ID] = server.Name, server
	}
	v.report.Errors = []string{}
	v.masters()
	if s.Leader == wire.NoServer {
		v.wrong("no master is ready to lead")
		return v.report
	}
	v.servers("tablet server", s.TServers, &v.report.TServers)
	bad := 0
	for _, t := range s.Tables {
		r := v.table(t)
		v.report.Tables = append(v.report.Tables, r)
		if r.Status != Healthy {
			bad++
		}
	}
	if bad > 0 {
		v.wrong("%d of %d tables are not healthy", bad, len(s.Tables))
	}
	return v.report
}

type verifier struct {
	Snapshot
	names    map[wire.ServerID]string
	tservers map[wire.ServerID]Server
	report   Report
}

func (v *verifier) wrong(format string, args ...any) {
	v.report.Errors = append(v.report.Errors, fmt.Sprintf(format, args...))
}

// masters looks at the masters' health, and at whether those that answer agree on their consensus
// (CheckMasterConsensus).
func (v *verifier) masters() {
	v.servers("master", v.Masters, &v.report.Masters)
	var first *wire.ConsensusState
	for i, m := range v.Masters {
		own, known := m.Replicas[wire.SysCatalog]
		if m.Health() != ServerHealthy || !known {
			continue
		}
		r := &v.report.Masters[i]
		r.Leader = v.name(own.State.Leader)
		for _, id := range own.State.Config.Voters() {
			r.Voters = append(r.Voters, v.name(id))
		}
		if first == nil {
			first = &own.State
		}
		v.report.Conflict = v.report.Conflict || !sameView(*first, own.State)
	}
	if v.report.Conflict {
		v.wrong("the masters do not agree on their consensus")
	}
}

func (v *verifier) servers(what string, all []Server, reports *[]ServerReport) {
	bad := 0
	for _, s := range all {
		*reports = append(*reports, ServerReport{ID: s.ID, Name: s.Name, Location: s.Location,
			Health: s.Health()})
		if s.Health() != ServerHealthy {
			bad++
		}
	}
	if bad > 0 {
		v.wrong("%d of %d %ss are not healthy", bad, len(all), what)
	}
}

func (v *verifier) table(t wire.TableDescription) TableReport {
	r := TableReport{ID: t.ID, Name: t.Name, Factor: t.Replicas, Tablets: []TabletReport{}}
	for _, tablet := range t.Tablets {
		one := v.tablet(tablet, t.Replicas)
		r.Tablets = append(r.Tablets, one)
		r.Count[one.Status]++
		r.Status = max(r.Status, one.Status)
	}
	return r
}

func (v *verifier) tablet(t wire.TabletDescription, factor int) TabletReport {
	r := TabletReport{ID: t.ID, Name: t.ID.String(), Replicas: []ReplicaReport{}}
	c := census{factor: factor}
	for _, m := range t.State.Config.Members {
		leads := m.ID == t.State.Leader
		replica := ReplicaReport{Server: v.name(m.ID), Voter: !m.NonVoter, Leader: leads}
		own, there := v.tservers[m.ID].Replicas[t.ID]
		runs := there && own.Running && !own.Failed
		if v.tservers[m.ID].Health() != ServerHealthy || v.tservers[m.ID].Name == "" {
			replica.State, there, runs = "server is not healthy", false, false
		} else {
			replica.State = stateOf(own, there)
		}
		c.leaders += one(leads)
		c.voters += one(!m.NonVoter)
		c.running += one(!m.NonVoter && runs)
		c.copying += one(there && own.Data == wire.DataCopying)
		if runs && !sameView(own.State, t.State) {
			c.conflicting++
			replica.View = fmt.Sprintf("%s leads %v", v.name(own.State.Leader), own.State.Config)
		}
		r.Replicas = append(r.Replicas, replica)
	}
	r.Status, r.Why = c.status()
	return r
}

// stateOf says in what state a replica is.
func stateOf(own wire.ReportedTablet, there bool) string {
	switch {
	case !there:
		return "missing"
	case own.Failed:
		return "FAILED"
	case own.Running:
		return "RUNNING"
	case own.Data == wire.DataReady:
		return "BOOTSTRAPPING"
	}
	return own.Data.String()
}

func (v *verifier) name(id wire.ServerID) string {
	if id == wire.NoServer {
		return "nobody"
	}
	if name := v.names[id]; name != "" {
		return name
	}
	return fmt.Sprintf("server %d", id)
}

func count(n int, singular, plural string) string {
	if n == 1 {
		return "1 " + singular
	}
	return fmt.Sprintf("%d %s", n, plural)
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
