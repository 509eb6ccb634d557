package sim_test

import (
	"testing"
	"time"

	"tabletop/sim"
)

var kindPing = sim.NewKind("Ping")

type ping struct{ n uint64 }

func (ping) Kind() *sim.Kind      { return kindPing }
func (p ping) Fold(d *sim.Digest) { d.Uint64(p.n) }
func (ping) Size() int            { return 8 }

// BenchmarkPingMesh lets eight nodes call each other every 100 ms for a minute.
func BenchmarkPingMesh(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		w := sim.New(sim.Config{Seed: 1})
		for range 8 {
			w.AddNode("n", func(n *sim.Node) {
				n.Serve(func(p *sim.Proc, from sim.NodeID, m sim.Message) sim.Message { return m })
				for to := range sim.NodeID(8) {
					if to == n.ID() {
						continue
					}
					n.Go("pinger", func(p *sim.Proc) {
						for i := uint64(0); ; i++ {
							p.Call(to, ping{i}, p.Now().Add(time.Second))
							p.Sleep("tick", 100*time.Millisecond)
						}
					})
				}
			})
		}
		for _, n := range w.Nodes() {
			n.Boot()
		}
		w.RunUntil(sim.Time(time.Minute))
		b.ReportMetric(float64(w.Stats().Messages), "messages")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(w.Stats().Messages), "ns/message")
		w.Close()
	}
}
