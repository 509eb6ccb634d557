package checker

import (
	"fmt"
	"strings"
	"time"

	"tabletop/model"
	"tabletop/model/ksck"
	"tabletop/model/master"
	"tabletop/model/wire"
	"tabletop/sim"
)

// KsckPatience is how long ksck may find something wrong with a cluster at rest: just after an
// election others know less than the leader master, or it less than they.
const KsckPatience = 60 * time.Second

// Observe returns what ksck would see at this instant, if it reached everybody at once.
func Observe(c *model.Cluster) ksck.Snapshot {
	s := ksck.Snapshot{Leader: wire.NoServer}
	known := c.MasterAddresses()
	leader := c.LeaderMaster()
	if leader != nil {
		s.Leader, known = leader.ID(), leader.Consensus().Config().Servers()
	}
	for _, id := range known {
		m := c.MasterOn(id.Node())
		server := observed(c, id, m != nil && m.Consensus() != nil)
		if server.Health() == ksck.ServerHealthy {
			server.Replicas = ownReplica(m)
		}
		s.Masters = append(s.Masters, server)
	}
	if leader == nil {
		return s
	}
	for _, d := range leader.Servers() {
		server := observed(c, d.ID, true)
		server.Location = d.Location
		if server.Health() == ksck.ServerHealthy {
			server.Replicas = ksck.Replicas(c.TServerOn(d.ID.Node()).Describe())
		}
		s.TServers = append(s.TServers, server)
	}
	s.Tables = leader.Tables()
	return s
}

// observed returns a server as it answers at its address, if its program is open at all.
func observed(c *model.Cluster, id wire.ServerID, open bool) ksck.Server {
	n := c.World.Node(id.Node())
	s := ksck.Server{ID: id, Name: n.Name(), Answers: wire.NoServer}
	if n.Alive() && !n.Paused() && open {
		s.Answers = c.ServerOn(n.ID())
	}
	return s
}

// ownReplica returns what a master says of the master tablet.
func ownReplica(m *master.Master) map[wire.TabletID]wire.ReportedTablet {
	return map[wire.TabletID]wire.ReportedTablet{wire.SysCatalog: {Tablet: wire.SysCatalog,
		Running: true, State: m.Consensus().State()}}
}

// Ksck lists what ksck finds wrong with the cluster now, but for what faults have made impossible:
// servers that are lost for good, tablets that are left without a majority, or without servers
// enough. Nothing is expected where the masters themselves are lost.
func (j *Judges) Ksck() []Unfinished {
	if j.MayStandStill() {
		return nil
	}
	report := ksck.Verify(Observe(j.c))
	*j.counter(Ksck)++
	if report.Healthy() {
		return nil
	}
	var list []Unfinished
	for _, s := range report.Masters {
		if s.Health != ksck.ServerHealthy && !j.fate.lostReplica(wire.SysCatalog, s.ID) {
			list = append(list, Unfinished{"master", s.Health.String(), s.Name})
		}
	}
	for _, s := range report.TServers {
		if s.Health != ksck.ServerHealthy && !j.fate.lost(s.ID) {
			list = append(list, Unfinished{"tserver", s.Health.String(), s.Name})
		}
	}
	store := j.c.Catalog()
	for _, t := range report.Tables {
		for _, tablet := range t.Tablets {
			if tablet.Status != ksck.Healthy && j.fate.able(tablet.ID) &&
				j.fate.tservers(store.Tables[t.ID]) >= t.Factor {
				list = append(list, Unfinished{"tablet", tablet.Status.String(),
					fmt.Sprintf("%s of %s: %s: %+v", tablet.Name, t.Name, tablet.Why,
						tablet.Replicas)})
			}
		}
	}
	if report.Conflict {
		list = append(list, Unfinished{"master-tablet", ksck.ConsensusMismatch.String(),
			fmt.Sprintf("%+v", report.Masters)})
	}
	return list
}

// ReportKsck turns what ksck finds wrong, after patience, into violations.
func (j *Judges) ReportKsck(list []Unfinished, since sim.Time) {
	for _, u := range list {
		j.report(Violation{Oracle: Ksck, Object: u.Object, Reason: strings.ToLower(u.Reason),
			Detail: fmt.Sprintf("%v after the cluster came to rest: %s",
				j.c.World.Now().Sub(since), u.Detail)})
	}
}
