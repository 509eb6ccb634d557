package master

import (
	"tabletop/model/catalog"
	"tabletop/model/replicas"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// How the leader master keeps every tablet at its replication factor, from what the tablets'
// leaders report (CatalogManager::ProcessTabletReport, step 8).

// tombstoneEvicted tells members that a newer configuration has dropped to give their replicas up.
func (m *Master) tombstoneEvicted(t *tabletInfo, before *catalog.Tablet) {
	now := t.row.Consensus.Config
	if m.v.On(variant.KUDU933) {
		return
	}
	for _, id := range before.Consensus.Config.Servers() {
		if now.Index > before.Consensus.Config.Index && !now.Has(id) {
			m.tombstoneReplica(t, id, now.Index)
		}
	}
}

// manageReplicas asks for one change of a tablet's configuration, if a report shows that one is
// needed. The next report, of the change, may ask for another. Under 3-4-3 the tablet's leader must
// have reported, with no change pending. Under 3-2-3 a newer configuration does, whoever reports
// it.
func (m *Master) manageReplicas(p *sim.Proc, t *tabletInfo, from wire.ServerID,
	r *wire.ReportedTablet, changed bool) {
	c := r.State
	if changed && m.v.On(variant.KUDU2335) {
		c.Leader = t.row.Consensus.Leader
	}
	if t.row.State != catalog.TabletRunning || c.Config.Index != t.row.Consensus.Config.Index {
		return
	}
	byLeader := c.Leader == from && !c.Pending
	s := replicas.State{Config: c.Config, Health: c.Health, Leader: c.Leader,
		Factor: t.table.row.Replicas, Ignore: sim.Keys(m.store.Maintenance)}
	var d replicas.Decision
	switch {
	case m.v.Replacement == variant.Replace323:
		if changed || byLeader && m.v.On(variant.ResumeIntentions) {
			d = replicas.Decide323(s)
		}
	case byLeader:
		if len(c.Health) != len(c.Config.Members) {
			p.Crash("FATAL: the leader of a tablet does not know how its replicas are")
		}
		d = replicas.Decide343(s, replicas.BugsOf(m.v))
	}
	if d.Action != replicas.None {
		ReplicasDecided.Publish(m.node.World(), DecisionEvent{m, t.row.ID, s, d})
	}
	switch d.Action {
	case replicas.AddNonVoter:
		m.addReplica(t, c.Config, wire.Member{NonVoter: true, Promote: true})
	case replicas.AddVoter:
		m.addReplica(t, c.Config, wire.Member{})
	case replicas.Evict:
		m.changeConfig(t, "EvictReplica", c.Config, d.Server, func() []wire.PeerChange {
			return []wire.PeerChange{{Kind: wire.RemovePeer, Member: wire.Member{ID: d.Server}}}
		})
	case replicas.StepDown:
		m.stepDownLeader(t, d.Server, c.Config)
	}
}

// addReplica asks for another member on a server chosen anew at each attempt
// (AsyncAddReplicaTask::SendRequest).
func (m *Master) addReplica(t *tabletInfo, c wire.RaftConfig, as wire.Member) {
	m.changeConfig(t, "AddReplica", c, wire.NoServer, func() []wire.PeerChange {
		member := as
		if member.ID = m.placeExtra(t, c); member.ID == wire.NoServer {
			return nil
		}
		return []wire.PeerChange{{Kind: wire.AddPeer, Member: member}}
	})
}

// changeConfig asks the tablet's leader to change the configuration of that index, until it has or
// there is a later one.
func (m *Master) changeConfig(t *tabletInfo, name string, c wire.RaftConfig, victim wire.ServerID,
	changes func() []wire.PeerChange) {
	id := t.row.ID
	m.launch(&task{
		info:     TaskInfo{Name: name, Tablet: id, Config: c.Index, Victim: victim},
		table:    t.table,
		unique:   true,
		deadline: sim.Never,
		target:   func() wire.ServerID { return m.leaderOf(t.row) },
		request: func(to wire.ServerID) sim.Message {
			wanted := changes()
			if wanted == nil {
				return nil
			}
			return &wire.ChangeConfigRequest{Dest: to, Tablet: id, CAS: c.Index, Changes: wanted}
		},
		obsolete: func() bool { return t.row.Gone() || t.row.Consensus.Config.Index > c.Index },
		settles:  settledBy(wire.OK, wire.CASFailed, wire.InvalidConfig),
	})
}

// stepDownLeader asks a tablet's leader, which is to be replaced, to hand its leadership over,
// until it has, or the configuration is another. Kudu asks once for each report
// (AsyncLeaderStepDownForReplacementTask); but that the leader will try does not tell that
// somebody could take over, and the next report may never come.
func (m *Master) stepDownLeader(t *tabletInfo, leader wire.ServerID, c wire.RaftConfig) {
	id := t.row.ID
	m.launch(&task{
		info:     TaskInfo{Name: "StepDownLeader", Tablet: id, Config: c.Index},
		table:    t.table,
		unique:   true,
		deadline: sim.Never,
		target:   func() wire.ServerID { return leader },
		request: func(to wire.ServerID) sim.Message {
			return &wire.LeaderStepDownRequest{Dest: to, Tablet: id, Graceful: true,
				Successor: wire.NoServer}
		},
		obsolete: func() bool {
			return t.row.Gone() || m.leaderOf(t.row) != leader ||
				t.row.Consensus.Config.Index > c.Index
		},
		settles: settledBy(wire.NotTheLeader),
	})
}

// setMaintenance puts a tablet server into maintenance, or ends that: what fails there is not
// replaced, and it gets no new replicas. When it ends, all servers are asked for full reports,
// since what was ignored may not be reported again (KUDU-2069). Follows TSManager::SetTServerState.
func (m *Master) setMaintenance(p *sim.Proc, id wire.ServerID, on bool) wire.Status {
	term, ok := m.enter()
	if !ok {
		return errNotLeader
	}
	defer m.leave()
	if m.store.Maintenance[id] == on {
		if !m.confirm(p, term) { // a deposed leader may not know better
			return errNotLeader
		}
		return wire.Status{}
	}
	change := []catalog.Maintenance{{Server: id, On: on}}
	status := m.write(p, term, &catalog.Batch{Maintenance: change})
	m.news.Broadcast() // who waits for servers may have one more
	if status.OK() && !on && !m.v.On(variant.KUDU2069) {
		m.askForFullReports()
	}
	return status
}
