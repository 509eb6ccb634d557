package nemesis

import (
	"fmt"
	"strings"
	"time"

	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/tserver"
	"tabletop/model/wire"
	"tabletop/sim"
)

// What befalls programs, disks and clocks.

// consensus returns the replica that a fault means: of the master tablet, or of the first tablet
// of a table.
func (x *Executor) consensus(n *sim.Node, table string) raft.Consensus {
	if table == "" {
		for _, m := range x.c.Masters {
			if m != nil && m.Node() == n && n.Alive() {
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
	ids := x.c.TabletsOf(table)
	if len(ids) == 0 {
		return 0, false
	}
	return ids[0], true
}

// elect demands an election. That it took place shows when the replica announces its candidacy.
func (x *Executor) elect(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "election held"
	n := nodes[0]
	c := x.consensus(n, r.Fault.Table)
	if c == nil {
		r.Missed = n.Name() + " has no replica to elect"
		return nil
	}
	if want := r.Fault.Term; want != 0 && c.Term()+1 != want {
		r.Missed = fmt.Sprintf("%s is in term %d", n.Name(), c.Term())
		return nil
	}
	c.StartElection()
	return nil
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

// stepDown tells a leader to step down; a paused one does when it goes on.
func (x *Executor) stepDown(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "leader deposed"
	if c := x.consensus(nodes[0], r.Fault.Table); c != nil {
		nodes[0].Go("step down", func(*sim.Proc) {
			if c.StepDown() {
				r.Effect = 1
			}
		})
	}
	return nil
}

// deposeAt lies in wait for a master. Whatever passes the point goes on.
func (x *Executor) deposeAt(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "leader deposed at the point"
	return x.atPoint(r.Fault, nodes[0], func() {
		if c := x.consensus(nodes[0], ""); c != nil && c.StepDown() {
			r.Effect = 1
		}
	})
}

func (x *Executor) kill(r *Record, nodes []*sim.Node) (undo func()) {
	return endAll(r, nodes, "program ended", (*sim.Node).Kill)
}

func (x *Executor) powerOff(r *Record, nodes []*sim.Node) (undo func()) {
	return endAll(r, nodes, "machine lost power", (*sim.Node).PowerOff)
}

func endAll(r *Record, nodes []*sim.Node, unit string, end func(*sim.Node) bool) (undo func()) {
	r.Unit = unit
	for _, n := range nodes {
		if end(n) {
			r.Effect++
		}
	}
	return func() {
		for _, n := range nodes {
			n.Boot()
		}
	}
}

func (x *Executor) pause(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "events held back"
	var paused []*sim.Node
	for _, n := range nodes {
		if n.Pause() {
			paused = append(paused, n)
		}
	}
	return func() {
		for _, n := range paused {
			r.Effect += n.Held()
			n.Resume()
		}
	}
}

// counted undoes a fault and records by how much a count of the node has grown since it began.
func counted(r *Record, count func() int, end func()) (undo func()) {
	before := count()
	return func() {
		r.Effect = count() - before
		end()
	}
}

func (x *Executor) slow(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "steps delayed"
	n := nodes[0]
	n.Slow(r.Fault.By)
	return counted(r, n.Slowed, func() { n.Slow(0) })
}

// struck ends a program at a place in its code, and starts it again, unless healing did: one that
// is down since then is to stay down.
func (x *Executor) struck(r *Record, n *sim.Node) {
	r.Effect = 1
	if r.Fault.Power {
		n.PowerOff()
	} else {
		n.Kill()
	}
	if f, heals := r.Fault, x.heals; f.For > 0 {
		x.c.World.At(x.c.World.Now().Add(f.For), key(f, 2), func() {
			if x.heals == heals {
				n.Boot()
			}
		})
	}
}

func (x *Executor) killAt(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "program ended at the point"
	return x.atPoint(r.Fault, nodes[0], func() { x.struck(r, nodes[0]) })
}

// atPoint does something when the program of a node next passes the fault's point.
func (x *Executor) atPoint(f Fault, n *sim.Node, do func()) (undo func()) {
	point, passed := findPoint(f.Point), false
	x.c.World.Arm(point, n.ID(), func(*sim.Proc) {
		passed = true
		do()
	})
	return x.whenHealed(func() {
		if !passed {
			x.c.World.Arm(point, n.ID(), nil)
		}
	})
}

func (x *Executor) killWait(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "program ended at the wait"
	n := nodes[0]
	label := strings.ReplaceAll(r.Fault.Label, "-", " ")
	return x.whenHealed(x.c.World.ArmWait(label, n.ID(), func(*sim.Proc) { x.struck(r, n) }))
}

func (x *Executor) killSync(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "program ended at the sync"
	n := nodes[0]
	return x.whenHealed(n.Disk().ArmSync(r.Fault.K, r.Fault.When == "before",
		func() { x.struck(r, n) }))
}

// whenHealed keeps something to be done when the cluster is healed, and not before: the duration of
// a fault that lies in wait begins when it strikes.
func (x *Executor) whenHealed(disarm func()) (undo func()) {
	x.active = append(x.active, &active{undo: disarm})
	return nil
}

func (x *Executor) slowDisk(r *Record, nodes []*sim.Node) (undo func()) {
	return disturbDisk(r, nodes[0], "syncs delayed", sim.DiskFault{Slow: sim.Slowness(r.Fault.By)})
}

func (x *Executor) failSync(r *Record, nodes []*sim.Node) (undo func()) {
	return disturbDisk(r, nodes[0], "syncs failed", sim.DiskFault{Fail: r.Fault.PPM})
}

func (x *Executor) fullDisk(r *Record, nodes []*sim.Node) (undo func()) {
	return disturbDisk(r, nodes[0], "syncs refused", sim.DiskFault{Full: true})
}

func (x *Executor) misdirect(r *Record, nodes []*sim.Node) (undo func()) {
	return disturbDisk(r, nodes[0], "writes landed elsewhere",
		sim.DiskFault{Misdirect: r.Fault.PPM})
}

func disturbDisk(r *Record, n *sim.Node, unit string, f sim.DiskFault) (undo func()) {
	r.Unit = unit
	d := n.Disk().Disturb(f)
	return func() {
		r.Effect = d.Effects.Total()
		d.End()
	}
}

var streamRefusal = sim.NewStream("nemesis/refusal")

// failWrite refuses what a leader master writes while it goes on to lead.
func (x *Executor) failWrite(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "writes refused"
	w, n, seen := x.c.World, nodes[0].ID(), uint64(0)
	w.Break(master.PointWrite, n, func() bool {
		seen++
		word := sim.Hash(w.Seed(), streamRefusal, uint64(r.Fault.ID), seen)
		refused := sim.Below(word, 1_000_000) < uint64(r.Fault.PPM)
		if refused {
			r.Effect++
		}
		return refused
	})
	return func() { w.Break(master.PointWrite, n, nil) }
}

func (x *Executor) wipe(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit, r.Effect = "disk replaced", 1
	n := nodes[0]
	n.Kill()
	n.Disk().Wipe()
	return n.Boot
}

var streamRot = sim.NewStream("nemesis/rot")

func (x *Executor) bitRot(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "bit flipped"
	prefix := ""
	if table := r.Fault.Table; table != "" {
		id, found := x.firstTablet(table)
		if !found {
			r.Missed = "there is no table " + table
			return nil
		}
		prefix = raft.SegmentFiles(tserver.TabletDir(id))
	}
	word := sim.Hash(x.c.World.Seed(), streamRot, uint64(r.Fault.ID))
	if file := nodes[0].Disk().Rot(prefix, word); file != "" {
		r.Effect = 1
		r.Unit += " in " + file
	}
	return nil
}

func (x *Executor) drift(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "waits of another length"
	n := nodes[0]
	n.Drift(r.Fault.PPM)
	return counted(r, n.Drifted, func() { n.Drift(0) })
}

func (x *Executor) clockJump(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "readings of the wrong time"
	n := nodes[0]
	n.JumpWall(r.Fault.By)
	return counted(r, n.WallReadings, func() { n.JumpWall(-r.Fault.By) })
}
