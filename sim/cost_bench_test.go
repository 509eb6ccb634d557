package sim_test

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"tabletop/sim"
)

// foldAlone does what the mesh with blocking processes folds into the digest, and nothing else:
// a word for every event, and topic, envelope and contents for sending and for delivery.
func foldAlone(d *sim.Digest, events, messages uint64) {
	var e sim.Event = &sim.Envelope{From: 1, To: 2, Msg: &ping{n: 3}}
	for i := range events {
		d.Uint64(i)
	}
	for i := range 2 * messages {
		d.Uint64(i)
		e.Fold(d)
	}
}

// BenchmarkDigest tells what share of the mesh with blocking processes goes into the digest, which
// cannot be switched off: the folding alone, against all of it.
func BenchmarkDigest(b *testing.B) {
	blocking := newBlockingMesh(newMeshConfig(100 * time.Millisecond))
	defer blocking.w.Close()
	var digest sim.Digest
	var all, folding []float64
	blocking.run(5 * time.Second)
	for b.Loop() {
		before := blocking.w.Stats()
		begin := time.Now()
		blocking.run(5 * time.Second)
		took := time.Since(begin)
		after := blocking.w.Stats()
		messages := after.Messages - before.Messages
		begin = time.Now()
		foldAlone(&digest, after.Events-before.Events, messages)
		folding = append(folding, float64(time.Since(begin))/float64(messages))
		all = append(all, float64(took)/float64(messages))
	}
	with, share := undisturbed(all), undisturbed(folding)
	b.ReportMetric(with, "on-ns/message")
	b.ReportMetric(with-share, "off-ns/message")
	b.ReportMetric(with/(with-share), "on/off")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkIdle lets a world go on in which only timers fire: ten on each of eight nodes. A
// virtual hour costs as much as its events; time itself costs nothing.
func BenchmarkIdle(b *testing.B) {
	for _, period := range []time.Duration{100 * time.Millisecond, time.Second, 10 * time.Second,
		time.Minute} {
		b.Run(fmt.Sprint("every=", period), func(b *testing.B) {
			w := sim.New(sim.Config{Limits: sim.Limits{Events: 1 << 60}})
			for range 8 {
				w.AddNode("n", func(n *sim.Node) {
					for i := range 10 {
						var t *sim.Timer
						t = n.NewTimer(func() { t.Reset(period) })
						t.Reset(period * time.Duration(i) / 10)
					}
				})
			}
			bootAll(w)
			w.RunFor(time.Minute)
			before := w.Stats().Events
			hours := 0.0
			for b.Loop() {
				w.RunFor(time.Hour)
				hours++
			}
			events := float64(w.Stats().Events - before)
			b.ReportMetric(events/hours, "events/hour")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/events, "ns/event")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/hours, "µs/hour")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// inUse returns what lives: objects of the heap and stacks, in bytes.
func inUse() uint64 {
	for range 3 { // what finalizers and pools hold goes after the second collection
		runtime.GC()
	}
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() + samples[1].Value.Uint64()
}

// BenchmarkParkedProcess tells what a process that waits keeps in memory, stack and all.
func BenchmarkParkedProcess(b *testing.B) {
	const count = 10_000
	for b.Loop() {
		before := inUse()
		w := sim.New(sim.Config{})
		n := w.AddNode("n", func(n *sim.Node) {
			var never sim.Cond
			for range count {
				n.Go("parked", func(p *sim.Proc) { never.Wait(p, "for ever") })
			}
		})
		n.Boot()
		w.RunFor(time.Second)
		b.ReportMetric(float64(inUse()-before)/count, "B/process")
		w.Close()
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkMemoryFlat tells what is in use before and after a thousand small worlds, and before and
// after a virtual hour of one: what a run takes it gives back, and time alone takes nothing.
func BenchmarkMemoryFlat(b *testing.B) {
	c := newMeshConfig(100 * time.Millisecond)
	b.Run("seeds=1000", func(b *testing.B) {
		for b.Loop() {
			flat(b, func() {
				for seed := range uint64(1000) {
					w := sim.New(sim.Config{Seed: seed})
					for range c.nodes {
						w.AddNode("n", c.blockingProgram)
					}
					bootAll(w)
					w.RunFor(time.Second)
					w.Close()
				}
			})
		}
	})
	b.Run("hour", func(b *testing.B) {
		for b.Loop() {
			m := newBlockingMesh(c)
			m.run(time.Minute)
			flat(b, func() { m.run(time.Hour) })
			m.w.Close()
		}
	})
}

func flat(b *testing.B, work func()) {
	before := inUse()
	work()
	b.ReportMetric(float64(before)/1024, "before-kB")
	b.ReportMetric(float64(inUse())/1024, "after-kB")
}
