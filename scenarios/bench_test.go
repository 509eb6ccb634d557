package scenarios

import (
	"testing"

	"tabletop/model/variant"
)

// BenchmarkStorm runs whole storms, judged, and reports virtual against wall time.
func BenchmarkStorm(b *testing.B) {
	b.ReportAllocs()
	var virtual, events float64
	seed := uint64(0)
	for b.Loop() {
		p, err := Draw("storm", seed, variant.Selection{})
		if err != nil {
			b.Fatal(err)
		}
		res, err := Run(p, Options{})
		if err != nil {
			b.Fatal(err)
		}
		virtual += float64(res.VirtualNS)
		events += float64(res.Events)
		seed++
	}
	b.ReportMetric(virtual/float64(b.Elapsed().Nanoseconds()), "virtual/wall")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/events, "ns/event")
}
