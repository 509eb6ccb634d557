package nemesis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tabletop/model"
	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Record is what became of a fault.
type Record struct {
	Fault  Fault
	Node   string // that the target named when the fault fired; empty: nobody
	Fired  bool
	Missed string // why it could not do what was asked; scripted runs are vacuous then
	Effect int    // how much it did; see Unit
	Unit   string
}

// Inert reports whether the fault had no effect.
func (r *Record) Inert() bool { return r.Effect == 0 }

func (r *Record) String() string {
	text := r.Fault.String()
	switch {
	case r.Missed != "":
		return text + " (missed: " + r.Missed + ")"
	case r.Inert():
		return text + " (no effect)"
	}
	return fmt.Sprintf("%s (%s: %d %s)", text, r.Node, r.Effect, r.Unit)
}

// Fired tells that a fault strikes a node, or finds nobody to strike.
var Fired = sim.NewTopic[FiredEvent]("fault")

// FiredEvent tells which fault strikes.
type FiredEvent struct{ Record *Record }

// Fold implements sim.Event.
func (e FiredEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Record.Fault.ID))
	d.String(e.Record.Node)
}

func (e FiredEvent) String() string {
	if e.Record.Node == "" {
		return e.Record.Fault.String() + ": nobody"
	}
	return e.Record.Fault.String() + ": " + e.Record.Node
}

// Executor carries out the faults of a plan on a cluster.
type Executor struct {
	c       *model.Cluster
	records []*Record
	active  []*active
}

// active is a fault that is still to be undone.
type active struct {
	record *Record
	undo   func()
}

// Start schedules the faults. Records are in the order of the faults given.
func Start(c *model.Cluster, faults []Fault) *Executor {
	x := &Executor{c: c}
	for _, f := range faults {
		r := &Record{Fault: f}
		x.records = append(x.records, r)
		c.World.At(sim.Time(f.At), key(f, 0), func() { x.fire(r) })
	}
	raft.Candidate.Subscribe(c.World, x.sawCandidate)
	return x
}

func key(f Fault, phase int) uint64 { return 1<<40 + uint64(f.ID)<<4 + uint64(phase) }

// Records returns what became of each fault so far.
func (x *Executor) Records() []*Record { return x.records }

// fire carries out one fault and, if it has a duration, schedules its end.
func (x *Executor) fire(r *Record) {
	r.Fired = true
	n := x.c.Resolve(r.Fault.Target)
	if n != nil {
		r.Node = n.Name()
	}
	Fired.Publish(x.c.World, FiredEvent{r})
	if n == nil {
		r.Missed = "nobody is " + r.Fault.Target
		return
	}
	undo := x.do(r, n)
	if undo == nil {
		return
	}
	a := &active{record: r, undo: undo}
	x.active = append(x.active, a)
	if f := r.Fault; f.For > 0 {
		x.c.World.At(sim.Time(f.At+f.For), key(f, 1), func() { x.end(a) })
	}
}

func (x *Executor) end(a *active) {
	if a.undo != nil {
		a.undo()
		a.undo = nil
	}
}

// Heal undoes every fault that is still active and starts every node that is down.
func (x *Executor) Heal() {
	for _, a := range x.active {
		x.end(a)
	}
	for _, p := range x.records {
		if p.Fault.Kind == KillAt {
			x.disarm(p)
		}
	}
	for _, n := range x.c.World.Nodes() {
		n.Resume()
		n.Boot()
	}
}

// do carries the fault out on a node and returns how to undo it; nil: there is nothing to undo.
func (x *Executor) do(r *Record, n *sim.Node) (undo func()) {
	switch f := r.Fault; f.Kind {
	case Elect:
		x.elect(r, n)
		return nil
	case StepDown:
		x.stepDown(r, n)
		return nil
	case Kill:
		r.Unit = "program ended"
		if n.Kill() {
			r.Effect = 1
		}
		return n.Boot
	case PowerOff:
		r.Unit = "machine lost power"
		if n.PowerOff() {
			r.Effect = 1
		}
		return n.Boot
	case Pause:
		return x.pause(r, n)
	case Partition:
		return x.partition(r, n)
	case KillAt:
		return x.killAt(r, n)
	}
	panic("nemesis: unknown fault " + string(r.Fault.Kind))
}

// consensus returns the replica that a fault means: of the master tablet, or of the first tablet
// of a table.
func (x *Executor) consensus(n *sim.Node, table string) raft.Consensus {
	if table == "" {
		for _, m := range x.c.Masters {
			if m.Node() == n && n.Alive() {
				return m.Consensus()
			}
		}
		return nil
	}
	id, ok := x.firstTablet(table)
	for _, ts := range x.c.TServers {
		if ok && ts.Node() == n && n.Alive() {
			return ts.Replica(id)
		}
	}
	return nil
}

func (x *Executor) firstTablet(table string) (wire.TabletID, bool) {
	store := x.c.Catalog()
	if store == nil {
		return 0, false
	}
	for _, id := range sim.Keys(store.Tablets) {
		t := store.Tablets[id]
		if owner := store.Tables[t.Table]; owner.Name == table && owner.Live() && !t.Gone() {
			return id, true
		}
	}
	return 0, false
}

// elect demands an election. That it took place shows when the replica announces its candidacy.
func (x *Executor) elect(r *Record, n *sim.Node) {
	r.Unit = "election held"
	c := x.consensus(n, r.Fault.Table)
	if c == nil {
		r.Missed = n.Name() + " has no replica to elect"
		return
	}
	if want := r.Fault.Term; want != 0 && c.Term()+1 != want {
		r.Missed = fmt.Sprintf("%s is in term %d", n.Name(), c.Term())
		return
	}
	c.StartElection()
}

// stepDown tells a leader to step down; a paused one does when it goes on.
func (x *Executor) stepDown(r *Record, n *sim.Node) {
	r.Unit = "leader deposed"
	if c := x.consensus(n, r.Fault.Table); c != nil {
		n.Go("step down", func(*sim.Proc) {
			if c.StepDown() {
				r.Effect = 1
			}
		})
	}
}

func (x *Executor) sawCandidate(e raft.ReplicaEvent) {
	now := x.c.World.Now()
	for _, r := range x.records {
		f := r.Fault
		if f.Kind == Elect && r.Fired && r.Effect == 0 && r.Node == e.Replica.Node().Name() &&
			(f.Table == "") == (e.Replica.Tablet() == wire.SysCatalog) &&
			now.Sub(sim.Time(f.At)) < time.Second {
			r.Effect = 1
		}
	}
}

func (x *Executor) pause(r *Record, n *sim.Node) (undo func()) {
	r.Unit = "events held back"
	if !n.Pause() {
		return nil
	}
	return func() {
		r.Effect = n.Held()
		n.Resume()
	}
}

func (x *Executor) partition(r *Record, n *sim.Node) (undo func()) {
	r.Unit = "segments lost"
	var ways []sim.Direction
	for _, other := range x.side(r.Fault.From) {
		if other == n.ID() {
			continue
		}
		if r.Fault.Dir != "in" {
			ways = append(ways, sim.Direction{From: n.ID(), To: other})
		}
		if r.Fault.Dir != "out" {
			ways = append(ways, sim.Direction{From: other, To: n.ID()})
		}
	}
	cut := x.c.World.Cut(ways...)
	return func() {
		r.Effect = cut.Effects.Blocked
		cut.End()
	}
}

// side lists the nodes that a partition names.
func (x *Executor) side(word string) []sim.NodeID {
	switch word {
	case "masters":
		return x.c.MasterIDs()
	case "tservers":
		return x.c.TServerIDs()
	case "clients":
		return x.c.ClientIDs()
	}
	var ids []sim.NodeID
	for _, n := range x.c.World.Nodes() {
		if word == "all" || n.Name() == word {
			ids = append(ids, n.ID())
		}
	}
	return ids
}

func (x *Executor) killAt(r *Record, n *sim.Node) (undo func()) {
	r.Unit = "program ended at the point"
	f := r.Fault
	x.c.World.Arm(findPoint(f.Point), n.ID(), func(*sim.Proc) {
		r.Effect = 1
		n.Kill()
		if f.For > 0 {
			x.c.World.At(x.c.World.Now().Add(f.For), key(f, 2), n.Boot)
		}
	})
	return nil
}

func (x *Executor) disarm(r *Record) {
	if n := x.node(r.Node); n != nil && r.Effect == 0 {
		x.c.World.Arm(findPoint(r.Fault.Point), n.ID(), nil)
	}
}

func (x *Executor) node(name string) *sim.Node {
	for _, n := range x.c.World.Nodes() {
		if n.Name() == name {
			return n
		}
	}
	return nil
}

// CheckTargets says whether the faults name targets that such a cluster can have. Clients are
// never killed: they are the ones who tell what they saw.
func CheckTargets(c *model.Cluster, faults []Fault) error {
	groups := []string{"all", "masters", "tservers", "clients"}
	for _, f := range faults {
		if !c.IsTarget(f.Target) {
			return fmt.Errorf("fault %d: unknown target %q", f.ID, f.Target)
		}
		if f.Kind == Partition && !slices.Contains(groups, f.From) &&
			(strings.Contains(f.From, ":") || !c.IsTarget(f.From)) {
			return fmt.Errorf("fault %d: unknown from %q", f.ID, f.From)
		}
		kills := slices.Contains([]Kind{Kill, PowerOff, KillAt}, f.Kind)
		if kills && strings.HasPrefix(f.Target, "client-") {
			return fmt.Errorf("fault %d: %s cannot be killed", f.ID, f.Target)
		}
	}
	return nil
}
