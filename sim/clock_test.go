package sim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/sim"
)

// A clock that runs too fast makes sleeps short, one that runs too slow makes them long, and a
// sleeper never wakes before its own clock says so.
func TestDriftScalesSleeps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drift := rapid.IntRange(-500_000, 500_000).Draw(t, "ppm")
		slept := time.Duration(rapid.Int64Range(0, int64(3*time.Hour)).Draw(t, "sleep"))
		before := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "before"))
		w := sim.New(sim.Config{})
		defer w.Close()
		n := w.AddNode("n", func(*sim.Node) {})
		n.Boot()
		w.RunFor(before)
		n.Drift(drift)
		require.Equal(t, sim.Time(before), n.Now(), "a change of speed is no jump")
		var local time.Duration
		var woke sim.Time
		n.Go("sleeper", func(p *sim.Proc) {
			began := p.Now()
			p.Sleep("sleep", slept)
			local, woke = p.Now().Sub(began), w.Now()
		})
		w.RunFor(10 * time.Hour)
		require.GreaterOrEqual(t, local, slept)
		require.LessOrEqual(t, local, slept+2)
		want := float64(slept) * 1e6 / float64(1_000_000+drift)
		require.InDelta(t, want, float64(woke.Sub(sim.Time(before))), 3)
		n.Drift(0)
		shown := n.Now()
		w.RunFor(time.Second)
		require.Equal(t, time.Second, n.Now().Sub(shown), "what was gained or lost stays")
	})
}

func TestWallClockJumpsAndTheMonotonicDoesNot(t *testing.T) {
	w := sim.New(sim.Config{})
	defer w.Close()
	n := w.AddNode("n", func(*sim.Node) {})
	w.RunFor(time.Minute)
	n.JumpWall(time.Hour)
	require.Equal(t, time.Hour+time.Minute, n.Wall())
	n.JumpWall(-2 * time.Hour)
	require.Equal(t, time.Minute-time.Hour, n.Wall())
	require.Equal(t, sim.Time(time.Minute), n.Now())
}

// Every step of a slow program takes its time, one after another; those who wait are served in
// their order.
func TestSlowProgram(t *testing.T) {
	w, server, call := pair(t)
	first := call(time.Second)
	w.RunFor(time.Second)
	require.NoError(t, first.err)
	server.Slow(100 * time.Millisecond)
	var calls []*answer
	began := w.Now()
	for range 5 {
		calls = append(calls, call(time.Minute))
	}
	w.RunFor(10 * time.Second)
	slices.SortFunc(calls, func(a, b *answer) int { return int(a.at - b.at) })
	for i, a := range calls {
		require.NoError(t, a.err)
		require.InDelta(t, float64(i), a.at.Sub(began).Seconds()*10, 0.5)
	}
	require.Equal(t, 4, server.Slowed())
	server.Slow(0)
	again := call(time.Second)
	w.RunFor(50 * time.Millisecond)
	require.NotNil(t, again.msg)
}
