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

// BenchmarkRaft5 replicates entries among five replicas: with etcd's core in a bare loop, and with
// model/raft as processes in a world.
//
// Equal on both sides: five replicas, a payload of 100 bytes, the number of proposals in flight (one
// that the leader has applied is followed by the next at once), and that what is proposed at once
// travels in one batch.
//
// Unequal, in favour of etcd: its loop has no clock, latency, disk, digest, limits and faults, encodes
// nothing, and gets all proposals of a batch in one call. The world has a process for each proposer,
// follower and disk, records with checksums on five disks, and timers for heartbeats and elections.
// Unequal the other way: etcd tells its followers of a commit in messages of their own, where Kudu's
// Raft lets the next request tell. So it sends up to twice as many messages, which are reported.
//
// The two take turns in rounds, and of each the round counts that nine of ten exceed, as with the
// ping-mesh (sim/mesh_bench_test.go).
func BenchmarkRaft5(b *testing.B) {
	for _, flight := range []int{1, 16, 64} {
		b.Run(fmt.Sprint("flight=", flight), func(b *testing.B) {
			payload := make([]byte, 100)
			kernel := newKernelLoop(b, 5, flight, payload)
			defer kernel.Close()
			bare := newBareLoop(5, flight, payload)
			etcd := &contestant{name: "etcd", run: func() stretch { return bare.run(500 * flight) }}
			tabletop := &contestant{name: "tabletop", run: func() stretch {
				return kernel.run(time.Second)
			}}
			race(b, etcd, tabletop)
			b.ReportMetric(undisturbed(tabletop.costs)/undisturbed(etcd.costs), "x-etcd")
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

// kernelLoop is a world of model/raft's replicas and of proposers on the leader's node.
type kernelLoop struct {
	*sim.World
	replicas []raft.Consensus
	applied  int // entries, by the leader
}

func always(d time.Duration) sim.Latency { return sim.Latency{Min: d, Max: d} }

// newKernelLoop elects the first replica and puts that many proposals in flight.
func newKernelLoop(tb testing.TB, replicas, flight int, payload []byte) *kernelLoop {
	l := &kernelLoop{replicas: make([]raft.Consensus, replicas)}
	l.World = sim.New(sim.Config{Seed: 1, Limits: sim.Limits{Events: 1 << 60},
		Net:  sim.NetConfig{Latency: always(time.Millisecond)},
		Disk: sim.DiskConfig{Sync: always(300 * time.Microsecond)}})
	var voters []wire.ServerID
	for i := range replicas {
		voters = append(voters, wire.ServerID(i))
	}
	for i := range replicas {
		l.AddNode(fmt.Sprint("r", i+1), func(n *sim.Node) {
			n.Go("start", func(p *sim.Proc) { l.start(p, voters) })
		}).Boot()
	}
	l.RunFor(time.Second)
	l.replicas[0].StartElection()
	l.RunFor(time.Second)
	if l.replicas[0].Role() != raft.Leader {
		tb.Fatal("the first replica does not lead")
	}
	for range flight {
		l.Node(0).Go("proposer", func(p *sim.Proc) {
			for {
				if _, err := l.replicas[0].Replicate(p, l.replicas[0].Term(), wire.WriteOp,
					payload); err != nil {
					panic(err)
				}
			}
		})
	}
	return l
}

func (l *kernelLoop) start(p *sim.Proc, voters []wire.ServerID) {
	const dir = "replica"
	n := p.Node()
	raft.Create(p, dir, wire.NewConfig(voters...))
	r, err := raft.Open(p, raft.Config{Self: wire.ServerID(n.ID()), Dir: dir, Timing: raft.DefaultTiming(), PreElection: true,
		FailureDetection: true}, &counter{l, n.ID() == 0})
	p.Must(err)
	l.replicas[n.ID()] = r
	n.Serve(func(p *sim.Proc, _ sim.NodeID, req sim.Message) sim.Message {
		if vote, ok := req.(*wire.VoteRequest); ok {
			return r.RequestVote(p, vote)
		}
		return r.UpdateConsensus(p, req.(*wire.UpdateConsensusRequest))
	})
}

// counter counts what the leader applies.
type counter struct {
	l      *kernelLoop
	counts bool
}

func (c *counter) Apply(e wire.Entry) {
	if c.counts && e.Type == wire.WriteOp {
		c.l.applied++
	}
}

func (c *counter) ConsensusChanged() {}

// run lets virtual time pass.
func (l *kernelLoop) run(d time.Duration) stretch {
	applied, sent := l.applied, l.Stats().Messages
	l.RunFor(d)
	return stretch{l.applied - applied, int(l.Stats().Messages - sent)}
}
