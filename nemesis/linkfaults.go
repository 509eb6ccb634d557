package nemesis

import (
	"slices"
	"time"

	"tabletop/sim"
)

// What befalls links.

// ways lists the links that a fault means: between its target and the other ends. Those who are cut
// off together reach each other.
func (x *Executor) ways(f Fault, n *sim.Node, with ...*sim.Node) []sim.Direction {
	var ways []sim.Direction
	for _, other := range x.side(f.From) {
		if other == n.ID() || slices.Contains(with, x.c.World.Node(other)) {
			continue
		}
		if f.Dir != "in" {
			ways = append(ways, sim.Direction{From: n.ID(), To: other})
		}
		if f.Dir != "out" {
			ways = append(ways, sim.Direction{From: other, To: n.ID()})
		}
	}
	return ways
}

// side lists the nodes that a fault names by from=; all if it does not.
func (x *Executor) side(word string) []sim.NodeID {
	switch word {
	case "masters":
		return x.c.MasterNodes()
	case "tservers":
		return x.c.TServerNodes()
	case "clients":
		return x.c.ClientNodes()
	}
	var ids []sim.NodeID
	for _, n := range x.c.World.Nodes() {
		if word == "" || word == "all" || n.Name() == word {
			ids = append(ids, n.ID())
		}
	}
	return ids
}

// disturb makes links faulty and counts what that does.
func (x *Executor) disturb(r *Record, unit string, f sim.LinkFault, ways []sim.Direction) func() {
	r.Unit = unit
	d := x.c.World.Disturb(f, ways...)
	return func() {
		r.Effect += d.Effects.Total()
		d.End()
	}
}

func (x *Executor) partition(r *Record, nodes []*sim.Node) (undo func()) {
	var ways []sim.Direction
	for _, n := range nodes {
		ways = append(ways, x.ways(r.Fault, n, nodes...)...)
	}
	return x.disturb(r, "segments lost", sim.LinkFault{Cut: true}, ways)
}

// cutAt lies in wait for a program; the duration begins when it strikes.
func (x *Executor) cutAt(r *Record, nodes []*sim.Node) (undo func()) {
	return x.atPoint(r.Fault, nodes[0], func() {
		cut := &active{undo: x.partition(r, nodes)}
		x.active = append(x.active, cut)
		if f := r.Fault; f.For > 0 {
			x.c.World.At(x.c.World.Now().Add(f.For), key(f, 2), func() { x.end(cut) })
		}
	})
}

func (x *Executor) clog(r *Record, nodes []*sim.Node) (undo func()) {
	return x.disturb(r, "segments held", sim.LinkFault{Clog: true}, x.ways(r.Fault, nodes[0]))
}

func (x *Executor) lossy(r *Record, nodes []*sim.Node) (undo func()) {
	return x.disturb(r, "segments lost", sim.LinkFault{Lose: r.Fault.PPM},
		x.ways(r.Fault, nodes[0]))
}

func (x *Executor) damage(r *Record, nodes []*sim.Node) (undo func()) {
	return x.disturb(r, "segments damaged", sim.LinkFault{Damage: r.Fault.PPM},
		x.ways(r.Fault, nodes[0]))
}

func (x *Executor) reorder(r *Record, nodes []*sim.Node) (undo func()) {
	return x.disturb(r, "segments late", sim.LinkFault{Reorder: r.Fault.PPM, Late: r.Fault.By},
		x.ways(r.Fault, nodes[0]))
}

func (x *Executor) redeliver(r *Record, nodes []*sim.Node) (undo func()) {
	return x.disturb(r, "requests delivered again",
		sim.LinkFault{Redeliver: r.Fault.PPM, Late: r.Fault.By}, x.ways(r.Fault, nodes[0]))
}

func (x *Executor) slowLink(r *Record, nodes []*sim.Node) (undo func()) {
	return x.disturb(r, "segments slowed", sim.LinkFault{Slow: sim.Slowness(r.Fault.By)},
		x.ways(r.Fault, nodes[0]))
}

func (x *Executor) bandwidth(r *Record, nodes []*sim.Node) (undo func()) {
	return x.disturb(r, "segments in line", sim.LinkFault{Bandwidth: r.Fault.Rate},
		x.ways(r.Fault, nodes[0]))
}

// split cuts links within a group, of which every node reaches some others.
func (x *Executor) split(r *Record, nodes []*sim.Node) (undo func()) {
	size := len(nodes)
	reaches := map[string]func(i, j int) bool{
		"halves": func(i, j int) bool { return i*2 < size == (j*2 < size) },
		"bridge": func(i, j int) bool {
			return i == size/2 || j == size/2 || i < size/2 == (j < size/2)
		},
		"ring": func(i, j int) bool { return (i-j+size)%size == 1 || (j-i+size)%size == 1 },
	}[r.Fault.Shape]
	var ways []sim.Direction
	for i := range nodes {
		for j := range nodes {
			if i != j && !reaches((i+r.Fault.Turn)%size, (j+r.Fault.Turn)%size) {
				ways = append(ways, sim.Direction{From: nodes[i].ID(), To: nodes[j].ID()})
			}
		}
	}
	return x.disturb(r, "segments lost", sim.LinkFault{Cut: true}, ways)
}

// every calls step with 0, 1, 2 ... at regular intervals, until the returned function is called.
func (x *Executor) every(f Fault, interval time.Duration, step func(i int)) (stop func()) {
	stopped := false
	var next func(i int)
	next = func(i int) {
		if stopped {
			return
		}
		step(i)
		x.c.World.At(x.c.World.Now().Add(interval), key(f, 3), func() { next(i + 1) })
	}
	next(0)
	return func() { stopped = true }
}

func (x *Executor) flap(r *Record, nodes []*sim.Node) (undo func()) {
	ways := x.ways(r.Fault, nodes[0])
	var end func()
	stop := x.every(r.Fault, r.Fault.By, func(i int) {
		if i%2 == 0 {
			end = x.disturb(r, "segments lost", sim.LinkFault{Cut: true}, ways)
		} else {
			end()
			end = func() {}
		}
	})
	return func() {
		stop()
		end()
	}
}

var streamSwizzle = sim.NewStream("nemesis/swizzle")

// swizzle clogs the links one by one and then releases them in a drawn order, over and over.
func (x *Executor) swizzle(r *Record, nodes []*sim.Node) (undo func()) {
	ways := x.ways(r.Fault, nodes[0])
	if len(ways) == 0 {
		return nil
	}
	var ends []func()
	draw := sim.NewRand(x.c.World.Seed(), streamSwizzle, uint64(r.Fault.ID))
	filling := true
	stop := x.every(r.Fault, r.Fault.By, func(int) {
		if filling {
			ends = append(ends, x.disturb(r, "segments held", sim.LinkFault{Clog: true},
				ways[len(ends):len(ends)+1]))
			filling = len(ends) < len(ways)
			return
		}
		i := draw.Intn(len(ends))
		ends[i]()
		ends = append(ends[:i], ends[i+1:]...)
		filling = len(ends) == 0
	})
	return func() {
		stop()
		for _, end := range ends {
			end()
		}
	}
}
