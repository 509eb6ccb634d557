package sim

import (
	"slices"
	"strings"
)

// Point is a named place in the code of a system at which something may be done to the process
// that passes: delayed, paused, killed. It costs nothing when unused. Points are declared in
// package variables.
type Point struct{ name, doc string }

// NewPoint returns a point. The doc says, for people, what has just happened there.
func NewPoint(name, doc string) *Point { return &Point{name, doc} }

// Name returns the name of the point, such as "master/ddl/replicated".
func (pt *Point) Name() string { return pt.name }

// Doc says what has just happened when a process passes the point.
func (pt *Point) Doc() string { return pt.doc }

type armKey struct {
	point *Point
	node  NodeID
}

// Arm makes the next process that passes the point on the node do something first. The function
// may block the process, or pause or end its node; then the process goes no further. A later Arm
// replaces an earlier one; nil takes it back.
func (w *World) Arm(pt *Point, node NodeID, do func(*Proc)) {
	if w.armed == nil {
		w.armed = map[armKey]func(*Proc){}
	}
	if do == nil {
		delete(w.armed, armKey{pt, node})
		return
	}
	w.armed[armKey{pt, node}] = do
}

// Break makes what follows the point fail on the node, as often as the function says so. A later
// Break replaces an earlier one; nil takes it back.
func (w *World) Break(pt *Point, node NodeID, fails func() bool) {
	if w.broken == nil {
		w.broken = map[armKey]func() bool{}
	}
	w.broken[armKey{pt, node}] = fails
}

// Fails passes the point and reports whether what would follow it fails.
func (p *Proc) Fails(pt *Point) bool {
	p.At(pt)
	fails := p.node.world.broken[armKey{pt, p.node.id}]
	return fails != nil && fails()
}

// armedWait is something to be done to the next process of a node that begins a wait.
type armedWait struct {
	label string
	node  NodeID
	do    func(*Proc)
}

// ArmWait does something when a process on the node next begins to wait for what the label, or the
// beginning of one, says. As at a point, the function may pause or end the node, not more: the
// process waits already. The returned function takes it back.
func (w *World) ArmWait(label string, node NodeID, do func(*Proc)) (disarm func()) {
	a := &armedWait{label, node, do}
	w.armedWaits = append(w.armedWaits, a)
	return func() {
		w.armedWaits = slices.DeleteFunc(w.armedWaits, func(o *armedWait) bool { return o == a })
	}
}

// passWait does what was armed for a wait that begins.
func (p *Proc) passWait(label string) {
	w := p.node.world
	for i, a := range w.armedWaits {
		if a.node == p.node.id && strings.HasPrefix(label, a.label) {
			w.armedWaits = slices.Delete(slices.Clone(w.armedWaits), i, i+1)
			a.do(p)
			return
		}
	}
}

// At passes the point.
func (p *Proc) At(pt *Point) {
	w := p.node.world
	if len(w.armed) == 0 {
		return
	}
	key := armKey{pt, p.node.id}
	do := w.armed[key]
	if do == nil {
		return
	}
	delete(w.armed, key)
	do(p)
	p.afterStrike()
}

// afterStrike lets a process whose node was ended or paused go no further.
func (p *Proc) afterStrike() {
	switch {
	case p.node.doomed != nil:
		panic(unwound{})
	case p.node.paused:
		p.Yield()
	}
}
