package checker

import (
	"tabletop/model/catalog"
	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/tserver"
	"tabletop/model/wire"
	"tabletop/sim"
)

// watchTables follows the rows of the master tablet, each entry once, as they were before and as
// they are.
func watchTables(j *Judges, p probes) {
	w := j.c.World
	tables := map[wire.TableID]*catalog.Table{}
	begun := map[wire.TableID]map[wire.TabletID]bool{} // tablets that do not run yet
	applied := int64(0)
	master.Applied.Subscribe(w, func(e master.AppliedEvent) {
		if e.Op.Index <= applied {
			return
		}
		applied = e.Op.Index
		for _, row := range e.Batch.Tables {
			p.table(tables[row.ID], row, len(begun[row.ID]) > 0,
				e.Batch.Cause == wire.RequestID{})
			tables[row.ID] = row
		}
		for _, row := range e.Batch.Tablets {
			if begun[row.Table] == nil {
				begun[row.Table] = map[wire.TabletID]bool{}
			}
			begun[row.Table][row.ID] = true
			if row.State >= catalog.TabletRunning {
				delete(begun[row.Table], row.ID)
			}
			if row.State == catalog.TabletReplaced {
				p.reached(tabletReplaced)
			}
		}
	})
	master.LeaderReady.Subscribe(w, func(e master.LeaderEvent) {
		store := e.Master.Store()
		for _, id := range sim.Keys(store.Tables) {
			if store.Tables[id].State == catalog.TableAltering {
				p.reached(alterInherited)
			}
		}
		for _, id := range sim.Keys(store.Tablets) {
			if t := store.Tablets[id]; t.State < catalog.TabletRunning {
				p.reached(creationInherited)
			}
		}
	})
}

// table looks at how a row changes, by itself or since a client wanted it.
func (p probes) table(old, now *catalog.Table, begun, byItself bool) {
	switch {
	case old == nil:
	case old.State == catalog.TableSoftDeleted && now.Live():
		p.reached(tableRecalled)
	case now.Gone() && byItself:
		p.reached(tableExpired)
	case now.Gone() && begun:
		p.reached(droppedWhileCreated)
	case old.State == catalog.TableAltering && now.Version > old.Version:
		p.reached(alterOnAlter)
	}
}

// watchReplicas follows the copies of replicas, and who is a member.
func watchReplicas(j *Judges, p probes) {
	w := j.c.World
	copies := map[sim.NodeID]map[wire.TabletID]bool{} // under way
	tserver.CopyStarted.Subscribe(w, func(e tserver.CopyEvent) {
		id := e.TServer.Node().ID()
		if copies[id] == nil {
			copies[id] = map[wire.TabletID]bool{}
		}
		copies[id][e.Tablet] = true
	})
	tserver.CopyEnded.Subscribe(w, func(e tserver.CopyEvent) {
		delete(copies[e.TServer.Node().ID()], e.Tablet)
		if e.Result != "OK" {
			p.reached(copyInterrupted)
		}
	})
	sim.NodeDown.Subscribe(w, func(e sim.NodeEvent) {
		if len(copies[e.Node.ID()]) > 0 {
			p.reached(copyInterrupted)
		}
		delete(copies, e.Node.ID())
	})
	tserver.TabletFailed.Subscribe(w, func(tserver.FailureEvent) { p.reached(replicaFailed) })
	configs := map[wire.TabletID]wire.RaftConfig{}
	committed := func(e raft.ReplicaEvent) {
		id, now := e.Replica.Tablet(), e.Replica.Config()
		old := configs[id]
		if id == wire.SysCatalog || now.Index <= old.Index {
			return
		}
		configs[id] = now
		for _, m := range old.Members {
			if now.Has(m.ID) {
				continue
			}
			if !m.NonVoter {
				p.reached(replicaReplaced)
			}
			if copies[m.ID.Node()][id] {
				p.reached(evictedWhileCopied)
			}
		}
	}
	raft.Booted.Subscribe(w, committed)
	raft.ConfigCommitted.Subscribe(w, committed)
}
