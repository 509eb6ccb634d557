package sim_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"tabletop/sim"
)

// The ping-mesh: every node calls every other node at fixed instants, the latency is even over an
// interval, and a deadline is set for every call and cancelled when the answer comes. All forms of
// it send the same messages at the same instants and set and cancel the same timers.
type meshConfig struct {
	nodes            int
	period           time.Duration
	deadline         time.Duration
	minDelay, maxDel time.Duration
}

func newMeshConfig(period time.Duration) meshConfig {
	return meshConfig{nodes: 8, period: period, deadline: time.Second,
		minDelay: time.Millisecond, maxDel: 10 * time.Millisecond}
}

// first is when a node first calls another: the pairs are spread over the period.
func (c meshConfig) first(from, to int) time.Duration {
	return c.period * time.Duration(from*c.nodes+to) / time.Duration(c.nodes*c.nodes)
}

func (c meshConfig) latency(word uint64) time.Duration {
	return sim.Between(word, c.minDelay, c.maxDel)
}

func (c meshConfig) world() *sim.World {
	return sim.New(sim.Config{Seed: 1, Limits: sim.Limits{Events: 1 << 60},
		Net: sim.NetConfig{Latency: sim.Latency{Min: c.minDelay, Max: c.maxDel}}})
}

var kindPing = sim.NewKind("Ping")

// ping is request and response. It is sent again for a later call when the answer has come, as a
// pool of messages would do it, so that what is allocated is the kernel's.
type ping struct {
	n      uint64
	answer bool
	call   *pingCall // of callbacks
}

func (*ping) Kind() *sim.Kind      { return kindPing }
func (p *ping) Fold(d *sim.Digest) { d.Uint64(p.n) }
func (*ping) Size() int            { return 8 }

// pingCall is a call of the mesh with callbacks. It is used again when the answer has come.
type pingCall struct {
	deadline          *sim.Timer
	request, response ping
}

// callbackMesh makes its calls of plain sends and timers.
type callbackMesh struct {
	meshConfig
	w    *sim.World
	free [][]*pingCall // by node
	late int           // deadlines that passed
}

func newCallbackMesh(c meshConfig) *callbackMesh {
	m := &callbackMesh{meshConfig: c, w: c.world(), free: make([][]*pingCall, c.nodes)}
	for range c.nodes {
		m.w.AddNode("n", m.program)
	}
	bootAll(m.w)
	return m
}

func bootAll(w *sim.World) {
	for _, n := range w.Nodes() {
		n.Boot()
	}
}

func (m *callbackMesh) program(n *sim.Node) {
	n.Handle(func(from sim.NodeID, msg sim.Message) {
		p := msg.(*ping)
		if !p.answer {
			p.call.response.n = p.n
			n.Send(from, &p.call.response)
			return
		}
		p.call.deadline.Stop()
		m.free[n.ID()] = append(m.free[n.ID()], p.call)
	})
	for to := range m.nodes {
		if to == int(n.ID()) {
			continue
		}
		var tick *sim.Timer
		tick = n.NewTimer(func() {
			tick.Reset(m.period)
			c := m.call(n)
			c.request.n++
			c.deadline.Reset(m.deadline)
			n.Send(sim.NodeID(to), &c.request)
		})
		tick.Reset(m.first(int(n.ID()), to))
	}
}

func (m *callbackMesh) call(n *sim.Node) *pingCall {
	free := m.free[n.ID()]
	if last := len(free) - 1; last >= 0 {
		m.free[n.ID()] = free[:last]
		return free[last]
	}
	c := &pingCall{deadline: n.NewTimer(func() { m.late++ })}
	c.request.call, c.response.call, c.response.answer = c, c, true
	return c
}

func (m *callbackMesh) run(d time.Duration) int { return advance(m.w, d) }

// advance runs the world on and returns the messages that were sent meanwhile.
func advance(w *sim.World, d time.Duration) int {
	before := w.Stats().Messages
	w.RunFor(d)
	return int(w.Stats().Messages - before)
}

// blockingMesh has a process for every pair that calls, and one for every request.
type blockingMesh struct{ w *sim.World }

func newBlockingMesh(c meshConfig) *blockingMesh {
	m := &blockingMesh{c.world()}
	for range c.nodes {
		m.w.AddNode("n", c.blockingProgram)
	}
	bootAll(m.w)
	return m
}

func (c meshConfig) blockingProgram(n *sim.Node) {
	n.Serve(func(_ *sim.Proc, _ sim.NodeID, m sim.Message) sim.Message { return m })
	for to := range c.nodes {
		if to == int(n.ID()) {
			continue
		}
		n.Go("caller", func(p *sim.Proc) {
			next := p.Now().Add(c.first(int(n.ID()), to))
			for m := new(ping); ; m.n++ {
				p.Sleep("next call", next.Sub(p.Now()))
				next = next.Add(c.period)
				if _, err := p.Call(sim.NodeID(to), m, p.Now().Add(c.deadline)); err != nil {
					panic(err)
				}
			}
		})
	}
}

func (m *blockingMesh) run(d time.Duration) int { return advance(m.w, d) }

// mesh is one form of the ping-mesh; run advances it and returns the messages sent meanwhile.
type mesh interface {
	run(d time.Duration) int
}

// contestant is a mesh with what a message of it took, in nanoseconds, in every round.
type contestant struct {
	mesh
	name   string
	rounds []float64
}

// race runs the contestants in turns. All are warm before the first round. Rounds are short, often
// shorter than what the system gives a program before it lets another have the processor, so that
// some are not disturbed by what else goes on in the machine: those count.
func race(b *testing.B, d time.Duration, all ...*contestant) {
	for _, c := range all {
		c.run(5 * d)
	}
	for b.Loop() {
		for _, c := range all {
			runtime.GC() // of what the one before it has left
			c.run(d / 5) // brings it back into the caches
			begin := time.Now()
			sent := c.run(d)
			c.rounds = append(c.rounds, float64(time.Since(begin))/float64(sent))
		}
	}
	for _, c := range all {
		b.ReportMetric(undisturbed(c.rounds), c.name+"-ns/message")
	}
	b.ReportMetric(0, "ns/op") // hidden: a round is nothing to compare
}

// ratio reports how many times as long one contestant takes as another.
func ratio(b *testing.B, above, below *contestant) {
	b.ReportMetric(undisturbed(above.rounds)/undisturbed(below.rounds),
		above.name+"/"+below.name)
}

// undisturbed returns what nine of ten rounds exceed.
func undisturbed(rounds []float64) float64 {
	return slices.Sorted(slices.Values(rounds))[len(rounds)/10]
}

// allocations reports what a message costs in objects, once everything is warm.
func allocations(b *testing.B, c *contestant) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sent := c.run(time.Minute)
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(sent), c.name+"-allocs/message")
}

// BenchmarkPingMesh compares the kernel with a bare loop and with goroutines, at a call every 100
// ms. A round is five virtual seconds.
func BenchmarkPingMesh(b *testing.B) {
	c := newMeshConfig(100 * time.Millisecond)
	blockingMesh := newBlockingMesh(c)
	defer blockingMesh.w.Close()
	bare := &contestant{name: "bare", mesh: newBareMesh(c)}
	callbacks := &contestant{name: "callbacks", mesh: newCallbackMesh(c)}
	blocking := &contestant{name: "blocking", mesh: blockingMesh}
	goroutines := &contestant{name: "synctest", mesh: &synctestMesh{c, b}}
	race(b, 5*time.Second, bare, callbacks, blocking, goroutines)
	ratio(b, callbacks, bare)
	ratio(b, blocking, bare)
	ratio(b, goroutines, blocking)
	allocations(b, callbacks)
	allocations(b, blocking)
}

// BenchmarkPingMeshDense is the same at a call every 2 ms, where more is on its way at once and
// the queue is longer. A round is a tenth of a virtual second.
func BenchmarkPingMeshDense(b *testing.B) {
	c := newMeshConfig(2 * time.Millisecond)
	bare := &contestant{name: "bare", mesh: newBareMesh(c)}
	callbacks := &contestant{name: "callbacks", mesh: newCallbackMesh(c)}
	race(b, 100*time.Millisecond, bare, callbacks)
	ratio(b, callbacks, bare)
}

// The four forms must do the same work, or comparing them says nothing.
func TestMeshesDoTheSame(t *testing.T) {
	t.Parallel()
	c := newMeshConfig(100 * time.Millisecond)
	bare, callbacks, blocking := newBareMesh(c), newCallbackMesh(c), newBlockingMesh(c)
	defer blocking.w.Close()
	goroutines := &synctestMesh{c, t}
	want := 2 * 8 * 7 * 10 * 60 // two messages a call
	for _, m := range []mesh{bare, callbacks, blocking, goroutines} {
		if got := m.run(time.Minute); got < want-60 || got > want {
			t.Errorf("%T: %d messages, want about %d", m, got, want)
		}
	}
	if bare.late+callbacks.late != 0 || blocking.w.Finding() != nil {
		t.Errorf("deadlines passed: %d, %d, %v", bare.late, callbacks.late, blocking.w.Finding())
	}
}
