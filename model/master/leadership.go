package master

import (
	"errors"
	"time"

	"tabletop/model/catalog"
	"tabletop/model/raft"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

var streamLoad = sim.NewStream("master/load")

// enter lets a request in if this master leads and its catalog is loaded in the present term,
// and returns that term; leave lets it out. It never blocks. Follows ScopedLeaderSharedLock.
func (m *Master) enter() (term int64, ok bool) {
	if m.consensus == nil || !m.leaderLock.TryRLock() {
		return 0, false
	}
	term = m.consensus.Term()
	if m.consensus.Role() != raft.Leader || m.readyTerm != term {
		m.leaderLock.RUnlock()
		return 0, false
	}
	return term, true
}

func (m *Master) leave() { m.leaderLock.RUnlock() }

// leads reports whether the term is still the one this master leads.
func (m *Master) leads(term int64) bool {
	return m.consensus.Role() == raft.Leader && m.consensus.Term() == term
}

var errNotLeader = wire.Err(wire.NotTheLeader, "")

// ConsensusChanged implements raft.StateMachine. It comes several times a term
// (SysCatalogTable::SysCatalogStateChanged).
func (m *Master) ConsensusChanged() {
	m.news.Broadcast()
	if m.consensus != nil && m.consensus.Role() == raft.Leader {
		m.node.Go("prepare for leadership", m.prepareForLeadership)
	}
}

// prepareForLeadership makes a newly elected master ready to serve: it waits for what it
// inherited, loads the catalog, and only then is ready in its term. Follows
// CatalogManager::PrepareForLeadershipTask, which runs on a pool of one thread.
func (m *Master) prepareForLeadership(p *sim.Proc) {
	m.preparing.Lock(p, "an earlier preparation for leadership")
	defer m.preparing.Unlock()
	term := m.consensus.Term()
	if m.readyTerm == term {
		return
	}
	p.At(PointElected)
	if !m.v.On(variant.KUDU765) && !m.catchUp(p, term) {
		return
	}
	if !m.v.On(variant.NoLeaderLock) {
		m.leaderLock.Lock(p, "requests of an earlier term")
		defer m.leaderLock.Unlock()
		m.cat.endTasks(p)
	}
	p.At(PointBeforeLoad)
	m.load(p)
	if m.v.On(variant.KUDU765) {
		term = m.consensus.Term()
	}
	if !m.leads(term) { // the callback of the next term will do the work
		if m.v.On(variant.FatalOnLostLeadership) {
			p.Crash("FATAL: failed to load the catalog: not the leader")
		}
		return
	}
	m.readyTerm = term
	LeaderReady.Publish(m.node.World(), LeaderEvent{m, term})
	m.news.Broadcast()
	if m.v.On(variant.ResumeIntentions) {
		m.resumeAlters()
	}
}

// catchUp waits until everything inherited from earlier leaders is applied. A master that cannot
// commit in time ends its process, or, with the defence, steps down.
func (m *Master) catchUp(p *sim.Proc, term int64) bool {
	err := m.consensus.CaughtUp(p, term, p.Now().Add(failoverCatchupTimeout))
	if errors.Is(err, raft.ErrTimedOut) {
		if !m.v.On(variant.AbdicateWhenBehind) {
			p.Crash("FATAL: failed to catch up as leader")
		}
		m.consensus.StepDown()
	}
	return err == nil
}

// load scans the master tablet and rebuilds the caches from it. Requests and tasks of an earlier
// leadership have ended. Follows VisitTablesAndTabletsUnlocked.
func (m *Master) load(p *sim.Proc) {
	p.Sleep("scan the master tablet", m.loadTime())
	m.cat = newCatalogManager(m.v)
	if !m.v.FollowersKeepReports() {
		m.softMaps = map[wire.TabletID]replicaMap{}
	}
	for _, id := range sim.Keys(m.store.Tables) {
		m.cat.addTable(m.store.Tables[id], p.Now())
	}
	for _, id := range sim.Keys(m.store.Tablets) {
		row := m.store.Tablets[id]
		if m.v.On(variant.KUDU495) && m.store.Tables[row.Table] == nil {
			continue // what is left of a table that was not created
		}
		info := m.cat.addTablet(row)
		if info.row.State == catalog.TabletCreating {
			info.createdAt = p.Now()
		}
	}
	for _, client := range sim.Keys(m.store.Results) {
		m.cat.results[client] = m.store.Results[client]
	}
	if m.v.PersistsTServers() {
		m.restoreTServers()
	}
	if m.v.AsksAfterLoad() {
		m.askForFullReports()
	}
}

// loadTime draws how long a scan takes; it grows with the catalog.
func (m *Master) loadTime() time.Duration {
	rows := len(m.store.Tables) + len(m.store.Tablets)
	return m.node.Uniform(streamLoad, time.Millisecond, 20*time.Millisecond) +
		time.Duration(rows)*20*time.Microsecond
}

// resumeAlters takes up the alters that the catalog says are open, instead of waiting for
// reports to tell which tablets lag.
func (m *Master) resumeAlters() {
	for _, id := range sim.Keys(m.cat.tables) {
		if t := m.cat.tables[id]; t.row.State == catalog.TableAltering {
			m.alterTablets(t, nil)
		}
	}
}
