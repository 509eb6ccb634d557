package checker

import (
	"fmt"

	"tabletop/model/catalog"
	"tabletop/model/master"
	"tabletop/model/wire"
	"tabletop/sim"
)

// replication lists tablets whose replicas are not what their table wants: as many voters as its
// replication factor, each with a replica that runs and has the leader's configuration, nobody
// else, and no mark that somebody is to be promoted or replaced.
func (j *Judges) replication(m *master.Master) []Unfinished {
	var list []Unfinished
	store := m.Store()
	for _, id := range sim.Keys(store.Tablets) {
		row := store.Tablets[id]
		table := store.Tables[row.Table]
		if row.State != catalog.TabletRunning || table.Gone() || !j.fate.able(id) {
			continue
		}
		reason, detail := j.replicas(id, table)
		if reason == "" {
			reason, detail = j.known(row)
		}
		if reason != "" {
			list = append(list, Unfinished{"tablet", reason, fmt.Sprintf("%v of %s: %s%s", id,
				table.Name, detail, tasksOf(m, row))})
		}
	}
	return list
}

// replicas says what is wrong with a tablet's replicas; the empty reason: nothing.
func (j *Judges) replicas(id wire.TabletID, table *catalog.Table) (reason, detail string) {
	factor := table.Replicas
	node := j.c.LeaderOf(id)
	if node == nil || j.fate.aside[node.ID()] {
		return "no-leader", "no replica leads"
	}
	leader := j.c.TServerOn(node.ID())
	state := leader.Replica(id).State()
	detail = fmt.Sprintf("%s leads %v, replication factor %d, health %v", node.Name(),
		state.Config, factor, state.Health)
	voters := len(state.Config.Voters())
	switch {
	case state.Pending:
		return "config-pending", detail
	case j.fate.tservers(table) < factor:
		return "", ""
	case voters < factor:
		return "under-replicated", detail
	case len(state.Config.Members) > factor:
		return "over-replicated", detail
	}
	for _, member := range state.Config.Members {
		if member.NonVoter || member.Promote || member.Replace && j.fate.tservers(table) > factor {
			return "stale-mark", detail
		}
		ts := j.c.TServerOn(member.ID.Node())
		if j.fate.lost(member.ID) || !ts.Node().Alive() || ts.Replica(id) == nil {
			return "replica-missing", fmt.Sprintf("%s, and %s is away or has no replica", detail,
				ts.Node().Name())
		}
		has := ts.Replica(id).Config()
		if !has.Equal(state.Config) && !j.fate.damaged[ts.Node().ID()] {
			return "replica-behind", fmt.Sprintf("%s, and %s has %v", detail, ts.Node().Name(), has)
		}
	}
	return "", ""
}

// known says what the leader master does not know of a tablet: who leads it in which term, and its
// committed configuration; the empty reason: it knows all that.
func (j *Judges) known(row *catalog.Tablet) (reason, detail string) {
	node := j.c.LeaderOf(row.ID)
	ts := j.c.TServerOn(node.ID())
	is, seen := ts.Replica(row.ID).State(), row.Consensus
	if seen.Term == is.Term && seen.Leader == ts.ID() && seen.Config.Equal(is.Config) {
		return "", ""
	}
	return "misjudged", fmt.Sprintf("%s leads %v in term %d; for the master %d leads %v in term %d",
		node.Name(), is.Config, is.Term, seen.Leader, seen.Config, seen.Term)
}

func tasksOf(m *master.Master, row *catalog.Tablet) string {
	text := ""
	for _, task := range m.Tasks(row.Table) {
		if task.Tablet == row.ID {
			text += fmt.Sprintf("; task %v", task)
		}
	}
	return text
}
