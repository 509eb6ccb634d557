package etcdraft

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// BenchmarkRaft5 replicates entries among five replicas: with etcd's core in a bare loop, with
// model/raft as processes in a world, and, to tell what the core costs from what the world costs,
// with etcd's core in a world.
//
// Equal on all sides: five replicas, a payload of 100 bytes, the number of proposals in flight
// (one that the leader has applied is followed by the next at once), and that what is proposed at
// once travels in one batch.
//
// Unequal, in favour of etcd: its loop has no clock, latency, disk, digest, limits and faults,
// encodes nothing, and gets all proposals of a batch in one call. The world has a process for
// each proposer, follower and disk, records with checksums on five disks, and timers for
// heartbeats and elections. Unequal the other way: etcd tells its followers of a commit in
// messages of their own, where Kudu's Raft lets the next request tell. So it sends up to twice as
// many messages, which are reported.
//
// They take turns in rounds, and of each the round counts that nine of ten exceed, as with the
// ping-mesh (sim/mesh_bench_test.go).
func BenchmarkRaft5(b *testing.B) {
	for _, flight := range []int{1, 16, 64} {
		b.Run(fmt.Sprint("flight=", flight), func(b *testing.B) {
			payload := make([]byte, 100)
			kernel := newKernelLoop(b, raft.OpenReplica, 5, flight, payload)
			adapted := newKernelLoop(b, Open, 5, flight, payload)
			bare := newBareLoop(5, flight, payload)
			etcd := &contestant{name: "etcd", run: func() stretch { return bare.run(500 * flight) }}
			tabletop := &contestant{name: "tabletop", run: func() stretch {
				return kernel.run(time.Second)
			}}
			adapter := &contestant{name: "adapter", run: func() stretch {
				return adapted.run(time.Second)
			}}
			race(b, etcd, tabletop, adapter)
			b.ReportMetric(undisturbed(tabletop.costs)/undisturbed(etcd.costs), "x-etcd")
			b.ReportMetric(undisturbed(adapter.costs)/undisturbed(etcd.costs), "adapter-x-etcd")
		})
	}
}

// stretch is how much was done in a stretch of a run.
type stretch struct{ entries, messages int }

// contestant is a loop with what an entry of it took, in nanoseconds, in every round.
type contestant struct {
	name  string
	run   func() stretch
	costs []float64
	total stretch
}

// race runs the contestants in turns and reports what an entry takes, in time and in messages.
func race(b *testing.B, all ...*contestant) {
	for _, c := range all {
		c.run()
	}
	for b.Loop() {
		for _, c := range all {
			runtime.GC() // of what the one before it has left
			begin := time.Now()
			did := c.run()
			c.costs = append(c.costs, float64(time.Since(begin))/float64(did.entries))
			c.total.entries += did.entries
			c.total.messages += did.messages
		}
	}
	for _, c := range all {
		b.ReportMetric(undisturbed(c.costs), c.name+"-ns/entry")
		b.ReportMetric(float64(c.total.messages)/float64(c.total.entries), c.name+"-messages/entry")
	}
	b.ReportMetric(0, "ns/op") // hidden: a round is nothing to compare
}

// undisturbed returns what nine of ten rounds exceed.
func undisturbed(costs []float64) float64 {
	return slices.Sorted(slices.Values(costs))[len(costs)/10]
}

// kernelLoop is a world of replicas and of proposers on the leader's node.
type kernelLoop struct {
	*group
	applied int // entries, by the leader
}

// newKernelLoop elects the first replica and puts that many proposals in flight.
func newKernelLoop(tb testing.TB, open raft.Opener, replicas, flight int,
	payload []byte) *kernelLoop {
	l := &kernelLoop{group: newGroup(tb, sim.Config{Seed: 1, Limits: sim.Limits{Events: 1 << 60},
		Net:  sim.NetConfig{Latency: always(time.Millisecond)},
		Disk: sim.DiskConfig{Sync: always(300 * time.Microsecond)}}, replicas, open, config)}
	l.RunFor(time.Second)
	leader := l.members[0]
	leader.replica.StartElection()
	l.RunFor(time.Second)
	if leader.replica.Role() != raft.Leader {
		tb.Fatal("the first replica does not lead")
	}
	for _, m := range l.members {
		m.took = func(wire.Entry) {}
	}
	leader.took = func(wire.Entry) { l.applied++ }
	for range flight {
		l.Node(0).Go("proposer", func(p *sim.Proc) {
			for {
				_, err := leader.replica.Replicate(p, leader.replica.Term(), wire.WriteOp, payload)
				must(err)
			}
		})
	}
	return l
}

func always(d time.Duration) sim.Latency { return sim.Latency{Min: d, Max: d} }

// run lets virtual time pass.
func (l *kernelLoop) run(d time.Duration) stretch {
	applied, sent := l.applied, l.Stats().Messages
	l.RunFor(d)
	return stretch{l.applied - applied, int(l.Stats().Messages - sent)}
}
