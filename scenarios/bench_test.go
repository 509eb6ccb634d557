package scenarios

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/checker"
	"tabletop/model"
	"tabletop/model/client"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/nemesis"
	"tabletop/sim"
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

// BenchmarkBusyCluster runs a cluster of a stated size, busy and under faults, with all judges: 3
// masters, 5 tablet servers, 4 tables of 2 tablets of 3 replicas, 2 clients that alter twice a second
// between them. Only the time up to healing counts.
func BenchmarkBusyCluster(b *testing.B) {
	var virtual, events float64
	seed := uint64(0)
	for b.Loop() {
		p := busyPlan(b, seed)
		res, err := Run(p, Options{Until: p.Heal})
		require.NoError(b, err)
		virtual += float64(res.VirtualNS)
		events += float64(res.Events)
		seed++
	}
	b.ReportMetric(virtual/float64(b.Elapsed().Nanoseconds()), "virtual/wall")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/events, "ns/event")
}

func busyPlan(b *testing.B, seed uint64) Plan {
	p, err := Draw("storm", seed, variant.Selection{Options: []string{"masters=3", "tservers=5",
		"clients=2", "net=lan", "disk=ssd"}})
	require.NoError(b, err)
	p.Ops = nil
	add := func(at time.Duration, op client.Op) {
		op.ID = len(p.Ops) + 1
		p.Ops = append(p.Ops, PlannedOp{At: at, Client: op.ID%2 + 1, Op: op})
	}
	tables := []string{"t1", "t2", "t3", "t4"}
	for _, name := range tables {
		add(4*time.Second, client.Op{Kind: client.Create, Name: name, Columns: []string{"k"},
			Tablets: 2, Replicas: 3})
	}
	for at := 6 * time.Second; at < p.Heal; at += 500 * time.Millisecond {
		kind := []wire.AlterKind{wire.AddColumn, wire.DropColumn}[len(p.Ops)/4%2]
		add(at, client.Op{Kind: client.Alter, Name: tables[len(p.Ops)%4],
			Steps: []wire.AlterStep{{Kind: kind, Column: "a"}}})
	}
	return p
}

// BenchmarkJudges runs storms up to healing without judges, with judges that watch it and check the
// history at the end, and with those and a clock, which tells what they take for the messages that
// are sent. Every iteration is another seed.
func BenchmarkJudges(b *testing.B) {
	var bare, watched, checked, sent time.Duration
	seed := uint64(0)
	for b.Loop() {
		p, err := Draw("storm", seed, variant.Selection{})
		if err != nil {
			b.Fatal(err)
		}
		// The order changes, so that none always comes second.
		for i := range uint64(3) {
			runtime.GC()
			switch took := stormAlone(b, p, int((seed+i)%3)); (seed + i) % 3 {
			case unjudged:
				bare += took.storm
			case judged:
				watched += took.storm
				checked += took.history
			case clocked:
				sent += took.sent
			}
		}
		seed++
	}
	b.ReportMetric(float64(watched)/float64(bare), "watched/bare")
	b.ReportMetric(float64(watched+checked)/float64(bare), "judged/bare")
	b.ReportMetric(float64(sent)/float64(bare), "sent/bare")
	b.ReportMetric(bare.Seconds()*1000/float64(seed), "bare-ms/storm")
	b.ReportMetric(0, "ns/op")
}

// How a storm is carried out, and what it takes: the storm, the judgement of its history, and the
// judges of the messages that are sent.
const (
	unjudged = iota
	judged
	clocked
)

type stormTook struct{ storm, history, sent time.Duration }

// stormAlone carries a plan out up to healing.
func stormAlone(b *testing.B, p Plan, how int) (took stormTook) {
	v, err := p.Select.Resolve()
	if err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	r := &run{plan: p, c: model.New(sim.Config{Seed: p.Seed}, v)}
	defer r.c.World.Close()
	messages, before := 0, time.Time{}
	if how == clocked {
		sim.Sent.Subscribe(r.c.World, func(*sim.Envelope) { before = time.Now() })
	}
	if how != unjudged {
		r.judges = checker.Attach(r.c, nil, r.c.World.Halt)
	}
	if how == clocked {
		sim.Sent.Subscribe(r.c.World, func(*sim.Envelope) {
			took.sent += time.Since(before)
			messages++
		})
	}
	r.nemesis = nemesis.Start(r.c, p.Faults)
	r.c.Boot()
	r.startWorkload()
	r.until(sim.Time(p.Heal))
	if r.stopped() {
		b.Fatalf("seed %d: %v", p.Seed, r.c.World.Finding())
	}
	took.storm = time.Since(begin)
	if how == judged {
		begin = time.Now()
		r.judges.CheckHistory()
		took.history = time.Since(begin)
	}
	took.sent -= time.Duration(messages) * clockTakes()
	return took
}

// clockTakes returns what it takes to look at the clock, and at once again.
func clockTakes() time.Duration {
	const times = 10_000
	var all time.Duration
	for range times {
		all += time.Since(time.Now())
	}
	return all / times
}

// BenchmarkCluster lets quiet clusters of several sizes run for ten virtual seconds at a time: what
// they do then is heartbeats, of Raft and of tablet servers.
func BenchmarkCluster(b *testing.B) {
	for _, tservers := range []int{3, 10, 50} {
		for _, tablets := range []int{10, 100, 1000} {
			b.Run(fmt.Sprintf("tservers=%d/tablets=%d", tservers, tablets), func(b *testing.B) {
				benchmarkCluster(b, tservers, tablets)
			})
		}
	}
}

func benchmarkCluster(b *testing.B, tservers, tablets int) {
	w := quietCluster(b, tservers, tablets).World
	defer w.Close()
	before, began := w.Stats(), w.Now()
	for b.Loop() {
		w.RunFor(10 * time.Second)
	}
	if w.Halted() {
		b.Fatal(w.Finding())
	}
	virtual := w.Now().Sub(began)
	messages := float64(w.Stats().Messages - before.Messages)
	b.ReportMetric(virtual.Seconds()/b.Elapsed().Seconds(), "virtual/wall")
	b.ReportMetric(messages/virtual.Seconds(), "messages/virtual-s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/messages, "ns/message")
	b.ReportMetric(0, "ns/op")
}

// quietCluster makes a cluster with one table and waits until its tablets have leaders.
func quietCluster(b *testing.B, tservers, tablets int) *model.Cluster {
	v, err := variant.Selection{Options: []string{"masters=3",
		fmt.Sprint("tservers=", tservers)}}.Resolve()
	if err != nil {
		b.Fatal(err)
	}
	c := model.New(sim.Config{Seed: 1, Limits: sim.Limits{Events: 1 << 60}}, v)
	c.Boot()
	c.World.RunFor(10 * time.Second)
	var out client.Outcome
	c.Clients[0].Node().Go("create", func(p *sim.Proc) {
		out = c.Clients[0].Do(p, client.Op{ID: 1, Kind: client.Create, Name: "t",
			Columns: []string{"k", "a"}, Tablets: tablets, Replicas: 3})
	})
	c.World.RunFor(time.Minute)
	if f := c.World.Finding(); f != nil || !out.Status.OK() {
		b.Fatalf("the table was not created: %v, %v", out.Status, f)
	}
	led := 0
	for id := range c.Catalog().Tablets {
		if c.LeaderOf(id) != nil {
			led++
		}
	}
	if led != tablets {
		b.Fatalf("%d of %d tablets have a leader", led, tablets)
	}
	return c
}
