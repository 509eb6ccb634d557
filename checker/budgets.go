package checker

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Stage is a part of what a healed cluster does to be whole again.
type Stage string

// The stages.
const (
	StageLeader   Stage = "leader"
	StageDDL      Stage = "ddl"
	StageCatalog  Stage = "catalog"
	StageReplicas Stage = "replicas"
)

// Stages lists the stages in their order.
var Stages = []Stage{StageLeader, StageDDL, StageCatalog, StageReplicas}

// Budget is how long a healed cluster may take for a stage, before what is unfinished counts as
// broken: the sum of the longest waits on the way, each a flag of Kudu's.
type Budget struct {
	Stage Stage
	Title string
	Waits []Wait
}

// Wait is one of them.
type Wait struct {
	What string
	Time time.Duration
}

// Budgets lists them in the order of the stages. What a stage needs of the one before is in it.
var Budgets = []Budget{
	{StageLeader, "a master is ready to lead", []Wait{
		{"a connection is reset", 20 * time.Second},
		{"an election at the greatest back-off, and one more", 40 * time.Second},
		{"catching up", 30 * time.Second}}},
	{StageDDL, "some DDL is answered, from when one is asked for", []Wait{
		{"a leader", 90 * time.Second},
		{"looking for it, and the deadline of a request", 40 * time.Second}}},
	{StageCatalog, "no request, alter, creation or deletion is open, and servers are known", []Wait{
		{"a leader", 90 * time.Second},
		{"a heartbeat that hangs", 15 * time.Second},
		{"a task's call and its longest back-off", 90 * time.Second},
		{"the replacement of a tablet that cannot be created", 30 * time.Second},
		{"one more heartbeat", 15 * time.Second}}},
	{StageReplicas, "each tablet has its replicas; besides, a silent one must count as failed " +
		"(follower-unavailable)", []Wait{
		{"the catalog", 240 * time.Second},
		{"a copy", 30 * time.Second},
		{"the calls to add, promote, evict and give up", 120 * time.Second}}},
}

// BudgetOf returns how long a stage may take.
func BudgetOf(s Stage, v variant.Variants) time.Duration {
	var sum time.Duration
	for _, b := range Budgets {
		if b.Stage == s {
			for _, w := range b.Waits {
				sum += w.Time
			}
		}
	}
	if s == StageReplicas {
		sum += v.FollowerUnavailable
	}
	return sum
}

// Stage returns the stage that waits for it.
func (u Unfinished) Stage() Stage {
	switch {
	case u.Object == "master" && u.Reason == "no-leader":
		return StageLeader
	case u == NoneAnswered:
		return StageDDL
	case u.ofReplication():
		return StageReplicas
	}
	return StageCatalog
}

// NoneAnswered is that DDL was asked for after healing, and none is answered.
var NoneAnswered = Unfinished{"request", "none-answered", "no DDL is answered"}

// ofReplication reports whether it waits for replicas to be replaced.
func (u Unfinished) ofReplication() bool {
	switch u.Object {
	case "tablet":
		return u.Reason != "creation-unfinished"
	case "replica":
		return u.Reason != "orphan"
	case "rebalancing", "cluster":
		return true
	case "task":
		return slices.Contains([]string{"pending/AddReplica", "pending/EvictReplica",
			"pending/TombstoneReplica", "pending/StepDownLeader"}, u.Reason)
	}
	return false
}

// stale reports whether a majority of the voters is in a later term than that in which a master
// believes that it leads.
func (j *Judges) stale(m *master.Master) bool {
	term, _ := m.Ready()
	voters := m.Consensus().Config().Voters()
	later := 0
	for _, id := range voters {
		if r := j.fate.replica(wire.SysCatalog, id); r != nil && r.Term() > term {
			later++
		}
	}
	return later >= raft.Majority(len(voters))
}

// excuses says what may have kept a healed cluster from being in time. None of it makes the run
// pass: whoever reads of the failure looks there first. That a stale leader believes it leads is
// said, and is none.
func (j *Judges) excuses(s Stage) string {
	var held []string
	w := j.c.World
	var gone, down []string
	for _, n := range w.Nodes() {
		switch {
		case n.Retired():
			gone = append(gone, n.Name())
		case !n.Alive() && !j.c.Spare(n):
			down = append(down, n.Name())
		case j.fate.damaged[n.ID()]:
			gone = append(gone, "a file of "+n.Name())
		}
	}
	if len(gone) > 0 {
		held = append(held, strings.Join(gone, ", ")+" lost for good")
	}
	if len(down) > 0 {
		held = append(held, strings.Join(down, ", ")+" down again")
	}
	if s == StageReplicas && j.copying() {
		held = append(held, "a copy under way")
	}
	text := "it had no excuse"
	if len(held) > 0 {
		text = "it may have had to: " + strings.Join(held, "; ")
	}
	if m := j.c.LeaderMaster(); m != nil && j.stale(m) {
		term, _ := m.Ready()
		text += fmt.Sprintf("; that %s believes it still leads in term %d is none",
			m.Node().Name(), term)
	}
	return text
}

// copying reports whether some tablet server is busy with a replica.
func (j *Judges) copying() bool {
	return slices.ContainsFunc(j.c.TServerNodes(), func(id sim.NodeID) bool {
		ts := j.c.TServerOn(id)
		return ts.Node().Alive() && slices.ContainsFunc(ts.Tablets(), ts.Busy)
	})
}
