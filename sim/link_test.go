package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/sim"
)

// senders is a world in which node 0 sends numbered datagrams to node 1, ten a millisecond; got is
// what arrived, in order.
func senders(t *testing.T, seed uint64, count int) (w *sim.World, got *[]int) {
	w = sim.New(sim.Config{Seed: seed})
	t.Cleanup(w.Close)
	got = new([]int)
	w.AddNode("sender", func(n *sim.Node) {
		n.Go("send", func(p *sim.Proc) {
			for i := range count {
				n.Send(1, note(fmt.Sprint(i)))
				p.Sleep("pace", 100*time.Microsecond)
			}
		})
	}).Boot()
	w.AddNode("receiver", func(n *sim.Node) {
		n.Handle(func(_ sim.NodeID, m sim.Message) {
			var i int
			_, err := fmt.Sscan(string(m.(note)), &i)
			require.NoError(t, err)
			*got = append(*got, i)
		})
	}).Boot()
	return w, got
}

var there = sim.Direction{From: 0, To: 1}

func count(list []int) map[int]int {
	seen := map[int]int{}
	for _, i := range list {
		seen[i]++
	}
	return seen
}

// Every fault of a link does to datagrams what its name says, to about as many as it says, and
// records it.
func TestLinkFaultsOfDatagrams(t *testing.T) {
	t.Parallel()
	const sent = 2000
	tests := []struct {
		name  string
		fault sim.LinkFault
		check func(t *testing.T, got []int, e sim.Effects)
	}{
		{"cut", sim.LinkFault{Cut: true}, func(t *testing.T, got []int, e sim.Effects) {
			require.Empty(t, got)
			require.Equal(t, sent, e.Blocked)
		}},
		{"lose", sim.LinkFault{Lose: 200_000}, func(t *testing.T, got []int, e sim.Effects) {
			require.InDelta(t, sent/5, e.Lost, 80)
			require.Len(t, got, sent-e.Lost)
		}},
		{"damage", sim.LinkFault{Damage: 200_000}, func(t *testing.T, got []int, e sim.Effects) {
			require.InDelta(t, sent/5, e.Damaged, 80)
			require.Len(t, got, sent-e.Damaged)
		}},
		{"duplicate", sim.LinkFault{Duplicate: 200_000}, func(t *testing.T, got []int, e sim.Effects) {
			require.InDelta(t, sent/5, e.Duplicated, 80)
			require.Len(t, got, sent+e.Duplicated)
			require.Len(t, count(got), sent)
		}},
		{"reorder", sim.LinkFault{Reorder: 200_000}, func(t *testing.T, got []int, e sim.Effects) {
			require.InDelta(t, sent/5, e.Reordered, 80)
			require.Len(t, got, sent)
			late := 0
			for i := 1; i < len(got); i++ {
				if got[i] < got[i-1]-100 {
					late++
				}
			}
			require.Greater(t, late, e.Reordered/2)
		}},
		{"slow", sim.LinkFault{Slow: sim.Slowness(time.Minute)},
			func(t *testing.T, got []int, e sim.Effects) {
				require.Empty(t, got, "nothing within ten seconds")
				require.Equal(t, sent, e.Delayed)
			}},
		{"bandwidth", sim.LinkFault{Bandwidth: 3500}, func(t *testing.T, got []int, e sim.Effects) {
			require.InDelta(t, 1000, len(got), 40, "3500 bytes a second, 35 a message, 10 s")
			require.Positive(t, e.Delayed)
		}},
		{"clog", sim.LinkFault{Clog: true}, func(t *testing.T, got []int, e sim.Effects) {
			require.Empty(t, got)
			require.Equal(t, sent, e.Held)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, got := senders(t, 1, sent)
			d := w.Disturb(tt.fault, there)
			require.True(t, w.Disturbed(there))
			w.RunFor(10 * time.Second)
			tt.check(t, *got, d.Effects)
			require.Positive(t, d.Effects.Total())
			d.End()
			require.False(t, w.Disturbed(there))
			w.RunFor(5 * time.Minute)
			if d.Effects.Held > 0 {
				require.Len(t, *got, sent, "what was held goes on")
			}
		})
	}
}

// Links that were clogged one after another and released in another order (swizzle) let what was
// sent first arrive last.
func TestSwizzle(t *testing.T) {
	w := sim.New(sim.Config{Seed: 1})
	defer w.Close()
	var got []sim.NodeID
	w.AddNode("receiver", func(n *sim.Node) {
		n.Handle(func(from sim.NodeID, _ sim.Message) { got = append(got, from) })
	}).Boot()
	var clogs []*sim.Disturbance
	for id := sim.NodeID(1); id <= 3; id++ {
		n := w.AddNode("sender", func(*sim.Node) {})
		n.Boot()
		clogs = append(clogs, w.Disturb(sim.LinkFault{Clog: true}, sim.Direction{From: id, To: 0}))
		n.Send(0, note("x"))
	}
	for _, i := range []int{2, 0, 1} {
		clogs[i].End()
		w.RunFor(time.Second)
	}
	require.Equal(t, []sim.NodeID{3, 1, 2}, got)
}

// Under every fault of the network, calls of one client are executed in order, each at most once,
// and in the end: the connection hides the faults. Only Redeliver shows, as a late second request.
func TestConnectionsHideLinkFaults(t *testing.T) {
	faults := map[string]sim.LinkFault{
		"lose": {Lose: 300_000}, "damage": {Damage: 300_000}, "duplicate": {Duplicate: 500_000},
		"reorder": {Reorder: 500_000, Late: 50 * time.Millisecond},
		"slow":    {Slow: sim.Slowness(20 * time.Millisecond)}, "bandwidth": {Bandwidth: 2000},
		"redeliver": {Redeliver: 300_000},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			w := sim.New(sim.Config{Seed: 2})
			defer w.Close()
			var executed []int
			w.AddNode("server", func(n *sim.Node) {
				n.Serve(func(_ *sim.Proc, _ sim.NodeID, m sim.Message) sim.Message {
					var i int
					_, _ = fmt.Sscan(string(m.(note)), &i)
					executed = append(executed, i)
					return m
				})
			}).Boot()
			answered := 0
			w.AddNode("client", func(n *sim.Node) {
				n.Go("calls", func(p *sim.Proc) {
					for i := range 200 {
						resp, err := p.Call(0, note(fmt.Sprint(i)), p.Now().Add(time.Minute))
						if err == nil && resp == note(fmt.Sprint(i)) {
							answered++
						}
					}
				})
			}).Boot()
			d := w.Disturb(fault, sim.Direction{From: 1, To: 0}, sim.Direction{From: 0, To: 1})
			w.RunFor(30 * time.Minute)
			require.Equal(t, 200, answered)
			last := -1
			for _, i := range executed {
				if fault.Redeliver == 0 {
					require.Greater(t, i, last)
				}
				last = max(last, i)
			}
			require.Len(t, executed, 200+d.Effects.Redelivered)
			if name != "duplicate" { // a connection drops what comes twice
				require.Positive(t, d.Effects.Total())
			}
		})
	}
}

// A connection that is clogged goes on where it was, unless that lasted too long.
func TestClogOfAConnection(t *testing.T) {
	for held, want := range map[time.Duration]error{10 * time.Second: nil, 40 * time.Second: sim.ErrReset} {
		t.Run(fmt.Sprint(held), func(t *testing.T) {
			w, _, call := pair(t)
			first := call(time.Second)
			w.RunFor(time.Second)
			require.NoError(t, first.err)
			d := w.Disturb(sim.LinkFault{Clog: true}, there)
			a := call(time.Hour)
			w.RunFor(held)
			require.Nil(t, a.msg)
			d.End()
			w.RunFor(time.Second)
			require.ErrorIs(t, a.err, want)
		})
	}
}

// The machine of a server loses its power and comes back: the client's connection is half open,
// and its next call is reset.
func TestHalfOpenConnectionIsReset(t *testing.T) {
	w, server, call := pair(t)
	first := call(time.Second)
	w.RunFor(time.Second)
	require.NoError(t, first.err)
	server.PowerOff()
	w.RunFor(time.Second)
	server.Boot()
	a := call(time.Minute)
	w.RunFor(5 * time.Second)
	require.ErrorIs(t, a.err, sim.ErrReset)
}
