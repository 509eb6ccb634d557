package sim_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/sim"
)

// alone boots one node with the given program in a world with the given limits.
func alone(t *testing.T, l sim.Limits, program func(*sim.Node)) *sim.World {
	w := sim.New(sim.Config{Limits: l})
	t.Cleanup(w.Close)
	w.AddNode("n", program).Boot()
	return w
}

func forever(p *sim.Proc) {
	for {
		p.Sleep("next", time.Millisecond)
	}
}

func TestLimitsEndARunWithAFindingThatNamesTheProcess(t *testing.T) {
	tests := []struct {
		class, detail string
		limits        sim.Limits
		program       func(*sim.Node)
	}{
		{"too-many-events", `1001 events in one run, the last of process "busy" at "next"`,
			sim.Limits{Events: 1000}, func(n *sim.Node) { n.Go("busy", forever) }},
		{"too-late", `the run goes on after 1.000000s, the last of process "busy" at "next"`,
			sim.Limits{Until: sim.Time(time.Second)}, func(n *sim.Node) { n.Go("busy", forever) }},
		{"livelock", `101 events at one instant, the last of process "busy" at "yield"`,
			sim.Limits{StepsPerMoment: 100}, func(n *sim.Node) {
				n.Go("busy", func(p *sim.Proc) {
					for {
						p.Yield()
					}
				})
			}},
		{"too-many-processes", `10 processes at once, the last one "child"`,
			sim.Limits{Processes: 10}, func(n *sim.Node) {
				n.Go("busy", func(p *sim.Proc) {
					for {
						n.Go("child", forever)
						p.Sleep("next", time.Millisecond)
					}
				})
			}},
	}
	for _, tt := range tests {
		t.Run(tt.class, func(t *testing.T) {
			w := alone(t, tt.limits, tt.program)
			w.RunFor(time.Minute)
			require.NotNil(t, w.Finding())
			require.Equal(t, tt.class, w.Finding().Class)
			require.Equal(t, "n", w.Finding().Node)
			require.Equal(t, tt.detail, w.Finding().Detail)
		})
	}
}

func TestDeadlockNamesWhoWaitsForWhat(t *testing.T) {
	w := alone(t, sim.Limits{}, func(n *sim.Node) {
		var a, b sim.Mutex
		take := func(first, second *sim.Mutex, label string) func(*sim.Proc) {
			return func(p *sim.Proc) {
				first.Lock(p, "first lock")
				p.Sleep("work", time.Second)
				second.Lock(p, label)
			}
		}
		n.Go("left", take(&a, &b, "lock b"))
		n.Go("right", take(&b, &a, "lock a"))
	})
	w.Run()
	require.Equal(t, "deadlock", w.Finding().Class)
	require.Equal(t, "nothing is left to happen, and\n"+
		"  n: left waits for \"lock b\" since 1.000000s\n"+
		"  n: right waits for \"lock a\" since 1.000000s", w.Finding().Detail)
}

func TestRunEndsWhenNothingIsLeft(t *testing.T) {
	w := alone(t, sim.Limits{}, func(n *sim.Node) {
		n.Go("short", func(p *sim.Proc) { p.Sleep("work", time.Hour) })
	})
	w.Run()
	require.Nil(t, w.Finding())
	require.Equal(t, sim.Time(time.Hour), w.Now())
}

// Neither a closed world nor a finding leaves a goroutine behind, and a later run in the same
// program is as if nothing had been.
func TestNothingIsLeftBehind(t *testing.T) {
	digest := func() uint64 {
		w := busyWorld(5, nil)
		defer w.Close()
		w.RunFor(time.Second)
		return w.Digest()
	}
	want := digest()
	before := runtime.NumGoroutine()
	for range 20 {
		w := busyWorld(6, nil)
		w.RunFor(time.Second)
		w.Node(0).Go("bad", func(*sim.Proc) { panic("kaboom") })
		w.RunFor(time.Second)
		require.Equal(t, "panic", w.Finding().Class)
		w.Close()
	}
	require.Equal(t, want, digest())
	require.Equal(t, before, runtime.NumGoroutine())
}

// list is a message that its sender can change.
type list struct{ items []int }

var kindList = sim.NewKind("List")

func (*list) Kind() *sim.Kind { return kindList }
func (m *list) Fold(d *sim.Digest) {
	for _, i := range m.items {
		d.Int(int64(i))
	}
}
func (m *list) Size() int { return 8 * len(m.items) }

// A message that is changed once it was sent, by the sender or by the one who answers, is named.
func TestChangedMessageIsAFinding(t *testing.T) {
	change := func(m *list) { m.items[0]++ }
	for name, culprit := range map[string]string{"datagram": "a", "request": "a", "by the server": "a",
		"nobody": ""} {
		t.Run(name, func(t *testing.T) {
			w := sim.New(sim.Config{CheckMessages: true})
			defer w.Close()
			w.AddNode("b", func(n *sim.Node) {
				n.Handle(func(sim.NodeID, sim.Message) {})
				n.Serve(func(p *sim.Proc, _ sim.NodeID, m sim.Message) sim.Message {
					p.Sleep("work", time.Second)
					if name == "by the server" {
						change(m.(*list))
					}
					return &list{items: []int{1}}
				})
			}).Boot()
			w.AddNode("a", func(n *sim.Node) {
				n.Go("send", func(p *sim.Proc) {
					m := &list{items: []int{1, 2}}
					n.Send(0, m)
					if name == "datagram" {
						change(m)
					}
					p.Sleep("pause", time.Second)
					if name == "request" {
						n.NewTimer(func() { change(m) }).Reset(10 * time.Microsecond)
					}
					_, _ = p.Call(0, m, p.Now().Add(time.Minute))
				})
			}).Boot()
			w.RunFor(time.Minute)
			if culprit == "" {
				require.Nil(t, w.Finding())
				return
			}
			require.Equal(t, "message-changed", w.Finding().Class)
			require.Equal(t, culprit, w.Finding().Node)
			require.Equal(t, "List to b was changed after it was sent", w.Finding().Detail)
		})
	}
}
