package nemesis

import (
	"fmt"
	"slices"
	"strings"

	"tabletop/model"
	"tabletop/model/placement"
	"tabletop/model/raft"
	"tabletop/sim"
)

// Record is what became of a fault.
type Record struct {
	Fault  Fault
	Node   string // that the target named when the fault fired, or several; empty: nobody
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
	busy    int // people who have not got what they asked for
	heals   int // how often all was healed
}

// active is a fault that is still to be undone.
type active struct{ undo func() }

// Start schedules the faults. Records are in the order of the faults given.
func Start(c *model.Cluster, faults []Fault) *Executor {
	x := &Executor{c: c}
	for _, f := range faults {
		r := &Record{Fault: f}
		x.records = append(x.records, r)
		c.World.At(sim.Time(f.At), key(f, 0), func() { x.fire(r) })
	}
	raft.Candidate.Subscribe(c.World, x.sawCandidate)
	raft.Elected.Subscribe(c.World, x.sawElected)
	raft.ConfigCommitted.Subscribe(c.World, x.sawConfig)
	return x
}

func key(f Fault, phase int) uint64 { return 1<<40 + uint64(f.ID)<<4 + uint64(phase) }

// Busy reports whether some of what people asked for is still on its way.
func (x *Executor) Busy() bool { return x.busy > 0 }

// Records returns what became of each fault so far.
func (x *Executor) Records() []*Record { return x.records }

// fire carries out one fault and, if it has a duration, schedules its end.
func (x *Executor) fire(r *Record) {
	r.Fired = true
	var nodes []*sim.Node
	var names []string
	for word := range strings.SplitSeq(r.Fault.Target, ",") {
		for _, n := range x.resolve(word) {
			nodes = append(nodes, n)
			names = append(names, n.Name())
		}
	}
	r.Node = strings.Join(names, ",")
	Fired.Publish(x.c.World, FiredEvent{r})
	if len(nodes) == 0 {
		r.Missed = "nobody is " + r.Fault.Target
		return
	}
	undo := x.strike(r.Fault.Kind)(r, nodes)
	if undo == nil {
		return
	}
	a := &active{undo: undo}
	x.active = append(x.active, a)
	if f := r.Fault; f.For > 0 {
		x.c.World.At(sim.Time(f.At+f.For), key(f, 1), func() { x.end(a) })
	}
}

// strike returns what carries out a kind of fault on nodes and returns how to undo it; nil: there
// is nothing to undo.
func (x *Executor) strike(k Kind) func(r *Record, nodes []*sim.Node) (undo func()) {
	return map[Kind]func(*Record, []*sim.Node) func(){
		Elect:         x.elect,
		StepDown:      x.stepDown,
		DeposeAt:      x.deposeAt,
		Kill:          x.kill,
		PowerOff:      x.powerOff,
		Pause:         x.pause,
		Slow:          x.slow,
		KillAt:        x.killAt,
		KillWait:      x.killWait,
		KillSync:      x.killSync,
		Partition:     x.partition,
		CutAt:         x.cutAt,
		Split:         x.split,
		Flap:          x.flap,
		Clog:          x.clog,
		Swizzle:       x.swizzle,
		Lossy:         x.lossy,
		Damage:        x.damage,
		Reorder:       x.reorder,
		Redeliver:     x.redeliver,
		SlowLink:      x.slowLink,
		Bandwidth:     x.bandwidth,
		SlowDisk:      x.slowDisk,
		FailSync:      x.failSync,
		FailWrite:     x.failWrite,
		DeleteReplica: x.deleteReplica,
		FullDisk:      x.fullDisk,
		BitRot:        x.bitRot,
		Misdirect:     x.misdirect,
		Wipe:          x.wipe,
		Drift:         x.drift,
		ClockJump:     x.clockJump,

		Transfer:     x.transfer,
		Quiesce:      x.quiesce,
		Maintenance:  x.maintenance,
		ChangeConfig: x.changeConfig,
		Lose:         x.lose,
		AddMaster:    x.addMaster,
		RemoveMaster: x.removeMaster,
		Relocate:     x.relocate,
		Rebalance:    x.rebalance,
	}[k]
}

// resolve returns the nodes that a word names now: a group, or one node at most.
func (x *Executor) resolve(word string) []*sim.Node {
	var nodes []*sim.Node
	if word == "masters" || word == "tservers" {
		for _, id := range x.side(word) {
			if n := x.c.World.Node(id); !x.c.Spare(n) {
				nodes = append(nodes, n)
			}
		}
	} else if location, ok := model.Place(word); ok {
		nodes = x.c.ServersIn(location)
	} else if n := x.c.Resolve(word); n != nil {
		nodes = append(nodes, n)
	}
	return nodes
}

func (x *Executor) end(a *active) {
	if a.undo != nil {
		a.undo()
		a.undo = nil
	}
}

// Heal undoes every fault that is still active and starts every node that is down.
func (x *Executor) Heal() {
	x.heals++
	for _, a := range x.active {
		x.end(a)
	}
	for _, n := range x.c.World.Nodes() {
		n.Resume()
		if !x.c.Spare(n) {
			n.Boot()
		}
	}
}

// HealBut heals all nodes but those, which that kind of fault strikes until Heal is called.
func (x *Executor) HealBut(kind Kind, rest []*sim.Node) {
	x.Heal()
	r := &Record{Fault: Fault{Kind: kind, From: "all", Dir: "both"}}
	x.active = append(x.active, &active{undo: x.strike(kind)(r, rest)})
}

// CheckTargets says whether the faults name targets that such a cluster can have. Clients are
// never killed: they are the ones who tell what they saw.
func CheckTargets(c *model.Cluster, faults []Fault) error {
	for _, f := range faults {
		k := infoOf(f.Kind)
		words := strings.Split(f.Target, ",")
		if len(words) > 1 && !k.Group {
			return fmt.Errorf("fault %d: %s strikes one node, not %s", f.ID, f.Kind, f.Target)
		}
		for _, word := range words {
			group := k.Group && (word == "masters" || word == "tservers")
			if l, is := model.Place(word); is && k.Rack && placement.ValidLocation(l) == nil {
				group = true // be there servers or not: a plan may be shrunk
			}
			if !group && !c.IsTarget(word) {
				return fmt.Errorf("fault %d: unknown target %q", f.ID, word)
			}
			if n := c.Resolve(word); n != nil && !k.suits(n.Name()) {
				return fmt.Errorf("fault %d: %s strikes %s, not %s", f.ID, f.Kind, k.Only, word)
			}
			if k.Kills && strings.HasPrefix(word, "client-") {
				return fmt.Errorf("fault %d: %s cannot be killed", f.ID, word)
			}
		}
		groups := []string{"", "all", "masters", "tservers", "clients"}
		if !slices.Contains(groups, f.From) &&
			(strings.Contains(f.From, ":") || !c.IsTarget(f.From)) {
			return fmt.Errorf("fault %d: unknown from %q", f.ID, f.From)
		}
	}
	return nil
}
