package checker

import (
	"fmt"
	"slices"
	"strings"

	"tabletop/model"
	"tabletop/model/catalog"
	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/tserver"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Unfinished is something that a healed cluster still has to do.
type Unfinished struct {
	Object string // table, tablet, master, request
	Reason string // the class of reason, as in a signature
	Detail string // what it is and what it waits for
}

// Overdue lists what has been unfinished for longer than it may, without a break, since that
// instant at most. It is to be called again and again: what is unfinished now is unfinished since
// the first of the calls in a row that found it so.
func (j *Judges) Overdue(list []Unfinished, began sim.Time) []Unfinished {
	now := j.c.World.Now()
	since := map[string]sim.Time{}
	var late []Unfinished
	for _, u := range list {
		id, _, _ := strings.Cut(u.Detail, " ")
		id = u.Object + " " + id
		first, seen := j.unfinished[id]
		if !seen {
			first = now
		}
		since[id] = first
		if now.Sub(max(first, began)) >= BudgetOf(u.Stage(), j.c.Variants) {
			late = append(late, u)
		}
	}
	j.unfinished = since
	return late
}

// MayStandStill reports whether faults have left the master tablet without a majority. Nothing is
// promised then but not to lie.
func (j *Judges) MayStandStill() bool { return !j.fate.able(wire.SysCatalog) }

// Unfinished lists what the cluster still has to do: nothing, once it has converged.
func (j *Judges) Unfinished() []Unfinished {
	looked := j.counter(Liveness)
	if j.MayStandStill() {
		return nil
	}
	var list []Unfinished
	for _, e := range j.History.Outstanding() {
		list = append(list, Unfinished{"request", "outstanding", e.String()})
	}
	list = append(list, j.rows.outstanding()...)
	list = append(list, j.rebalancings.unfinished()...)
	m := j.c.LeaderMaster()
	if m == nil || j.fate.aside[m.Node().ID()] || j.stale(m) {
		return append(list, Unfinished{"master", "no-leader", "no master is ready to lead: " +
			strings.Join(mastersDo(j.c), "; ")})
	}
	store := m.Store()
	*looked += len(store.Tables) + len(store.Tablets)
	for _, id := range sim.Keys(store.Tables) {
		if t := store.Tables[id]; t.State == catalog.TableAltering && j.ableTable(store, id) {
			list = append(list, j.altering(m, t))
		}
	}
	for _, id := range sim.Keys(store.Tablets) {
		t := store.Tablets[id]
		begun := t.State == catalog.TabletPreparing || t.State == catalog.TabletCreating
		if begun && j.creatable(store, t) {
			list = append(list, j.creating(m, t))
		}
	}
	for _, other := range j.c.Masters {
		if j.informed(m, other) {
			list = append(list, j.unknown(store, other)...)
		}
	}
	list = append(list, j.replication(m)...)
	list = append(list, j.leftovers(m)...)
	list = append(list, j.unbalanced(m)...)
	list = append(list, j.uneven(m)...)
	return append(list, j.behind(m)...)
}

// informed reports whether the tablet servers heartbeat to a master: to all members that serve, or
// to the leader.
func (j *Judges) informed(leader, m *master.Master) bool {
	return m == leader || j.c.Variants.HeartbeatsToAll() && m != nil && m.Node().Alive() &&
		m.Consensus() != nil && leader.Consensus().Config().Has(m.ID()) &&
		!j.fate.lostReplica(wire.SysCatalog, m.ID())
}

// unknown lists tablet servers that run and that a master takes for dead, or of whose replicas it
// has another count: of all, or of a label that the catalog has for their tablets.
func (j *Judges) unknown(store *catalog.Store, m *master.Master) []Unfinished {
	var list []Unfinished
	for _, id := range j.c.TServerNodes() {
		n, ts := j.c.World.Node(id), j.c.TServerOn(id)
		counted := m.LiveTablets(ts.ID())
		switch {
		case !n.Alive() || j.fate.aside[id]:
		case !m.TakesForLive(ts.ID()):
			list = append(list, Unfinished{"tserver", "not-registered", fmt.Sprintf(
				"%s runs, and %s takes it for dead", n.Name(), m.Node().Name())})
		case counted != ts.LiveTablets():
			list = append(list, Unfinished{"tserver", "miscounted", fmt.Sprintf(
				"%s has %d live replicas, and %s counts %d", n.Name(), ts.LiveTablets(),
				m.Node().Name(), counted)})
		case !slices.Equal(m.LiveByDimension(ts.ID()), liveByDimension(store, ts)):
			list = append(list, Unfinished{"tserver", "miscounted", fmt.Sprintf(
				"%s has %v live replicas by label, and %s counts %v", n.Name(),
				liveByDimension(store, ts), m.Node().Name(), m.LiveByDimension(ts.ID()))})
		}
	}
	return list
}

func liveByDimension(store *catalog.Store, ts *tserver.TServer) []wire.DimensionCount {
	var counts []wire.DimensionCount
	//tabletop:allow map-range: the counts are kept in order
	for id, row := range store.Tablets {
		if row.Dimension != "" && ts.Live(id) {
			counts = wire.CountDimension(counts, row.Dimension)
		}
	}
	return counts
}

// behind lists masters that are to be voters and are not, or have not applied what the leader has.
// A master that is lost keeps others from joining, and one that is set aside cannot.
func (j *Judges) behind(leader *master.Master) []Unfinished {
	var list []Unfinished
	state := leader.Consensus().State()
	top := leader.Consensus().(raft.Observed).LastLogged()
	whole := true
	for _, member := range state.Config.Members {
		if j.fate.lostReplica(wire.SysCatalog, member.ID) {
			whole = false
			continue
		}
		m := j.c.MasterOn(member.ID.Node())
		r, _ := m.Consensus().(raft.Observed)
		if m.Node().Alive() && r != nil && r.LastLogged() == top && !member.NonVoter {
			continue
		}
		detail := fmt.Sprintf("%s has not caught up with %s at %v", m.Node().Name(),
			leader.Node().Name(), top)
		for _, w := range leader.Node().Waits() {
			if w.Process == "replicate to "+m.Node().Name() {
				detail += "; " + w.String()
			}
		}
		list = append(list, Unfinished{"master", "behind", detail})
	}
	for _, m := range j.c.Masters {
		if whole && m != nil && m.Node().Alive() && !j.fate.aside[m.Node().ID()] &&
			!state.Config.Has(m.ID()) {
			list = append(list, Unfinished{"master", "not-joined", m.Node().Name() +
				" runs and is no member"})
		}
	}
	return list
}

func mastersDo(c *model.Cluster) []string {
	var lines []string
	for _, id := range c.MasterNodes() {
		n := c.World.Node(id)
		state := "down"
		if n.Alive() {
			state = "up"
		}
		for _, w := range n.Waits() {
			if w.Process == "prepare for leadership" {
				state += ", " + w.String()
			}
		}
		lines = append(lines, n.Name()+" is "+state)
	}
	return lines
}

// altering says which tablets of a table lag, and what could still make them catch up. An alter
// is stuck when nothing could for some tablet that lags: no task for it is left or goes to the
// tablet's leader, and that has nothing to tell the leader master about the tablet. If none lags
// then a report of any makes the master end the alter.
func (j *Judges) altering(m *master.Master, t *catalog.Table) Unfinished {
	var lines []string
	lag, stuck, hope := false, false, false
	for _, id := range sim.Keys(m.Store().Tablets) {
		tablet := m.Store().Tablets[id]
		if tablet.Table != t.ID || tablet.Gone() {
			continue
		}
		line, able := j.lagging(m, tablet)
		lines = append(lines, line)
		hope = hope || able
		if m.ReportedVersion(id) < t.Version {
			lag, stuck = true, stuck || !able
		}
	}
	reason := "alter-slow"
	if stuck || !lag && !hope {
		reason = "alter-stuck"
	}
	return Unfinished{"table", reason, fmt.Sprintf("%s (%v) is ALTERING to version %d: %s", t.Name,
		t.ID, t.Version, strings.Join(lines, "; "))}
}

// lagging describes a tablet of an altering table, and whether something is on its way for it.
func (j *Judges) lagging(m *master.Master, tablet *catalog.Tablet) (line string, able bool) {
	leader := j.c.LeaderOf(tablet.ID)
	if leader == nil {
		return fmt.Sprintf("%v has no leader", tablet.ID), true
	}
	ts := j.c.TServerOn(leader.ID())
	line = fmt.Sprintf("%v is led by %s at version %d, %s sends its work to %s", tablet.ID,
		leader.Name(), ts.SchemaVersion(tablet.ID), m.Node().Name(), j.serverName(m, tablet.ID))
	tasks := 0
	for _, task := range m.Tasks(tablet.Table) {
		if task.Tablet == tablet.ID {
			tasks++
			line += fmt.Sprintf(", task %v", task)
			able = able || task.Target == ts.ID()
		}
	}
	if tasks == 0 {
		line += ", no task is left"
	}
	if slices.Contains(ts.Unreported(m.ID()), tablet.ID) {
		return line + ", a report is due", true
	}
	return line + fmt.Sprintf(", and %s has nothing to report to it", leader.Name()), able
}

func (j *Judges) serverName(m *master.Master, tablet wire.TabletID) string {
	if id := m.RoutesTo(tablet); id != wire.NoServer {
		return j.c.World.Node(id.Node()).Name()
	}
	return "nobody"
}

func (j *Judges) creating(m *master.Master, t *catalog.Tablet) Unfinished {
	var hosts []string
	for _, id := range t.Consensus.Config.Servers() {
		ts := j.c.TServerOn(id.Node())
		state := "no replica"
		if r := ts.Replica(t.ID); r != nil {
			state = fmt.Sprintf("%v in term %d", r.Role(), r.Term())
		}
		hosts = append(hosts, fmt.Sprintf("%s %s", ts.Node().Name(), state))
	}
	return Unfinished{"tablet", "creation-unfinished", fmt.Sprintf(
		"%v of %s is %v in the catalog: %s", t.ID, m.Store().Tables[t.Table].Name, t.State,
		strings.Join(hosts, ", "))}
}

// ReportUnfinished turns what is left after the budget into violations.
func (j *Judges) ReportUnfinished(list []Unfinished, since sim.Time, what string) {
	for _, u := range list {
		j.report(Violation{Oracle: Liveness, Object: u.Object, Reason: u.Reason,
			Detail: fmt.Sprintf("%v after %s: %s\n  %s", j.c.World.Now().Sub(since), what,
				u.Detail, j.excuses(u.Stage()))})
	}
}

// ReportFinding turns a panic or a livelock into a violation.
func (j *Judges) ReportFinding(f *sim.Finding) {
	*j.counter(NoCrash)++
	if f != nil {
		detail := f.String()
		if f.Stack != "" {
			detail += "\n" + f.Stack
		}
		j.report(Violation{Oracle: NoCrash, Object: "process", Reason: f.Class, Detail: detail})
	}
}
