package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/sim"
)

func TestTwiceFindsNothingInADeterministicRun(t *testing.T) {
	t.Parallel()
	require.Nil(t, sim.Twice(func(trace func(sim.Record)) {
		w := busyWorld(3, trace)
		defer w.Close()
		w.RunFor(time.Second)
	}))
}

// What is planted here differs from run to run; the first event that does is named, with its node
// and its time.
func TestTwiceNamesThePlantedNondeterminism(t *testing.T) {
	t.Parallel()
	plants := map[string]func(i int) time.Duration{
		"the order of a map": func(int) time.Duration {
			m := map[int]bool{}
			for i := range 1000 {
				m[i] = true
			}
			for first := range m {
				return time.Duration(first) * time.Microsecond
			}
			return 0
		},
		"the wall clock": func(int) time.Duration {
			return time.Duration(time.Now().UnixNano() % 1_000_000)
		},
	}
	for name, plant := range plants {
		t.Run(name, func(t *testing.T) {
			diff := sim.Twice(func(trace func(sim.Record)) {
				w := busyWorld(3, trace)
				defer w.Close()
				w.Node(1).Go("culprit", func(p *sim.Proc) {
					p.Sleep("until a certain time", 10*time.Millisecond)
					p.Sleep("planted", plant(0))
				})
				w.RunFor(time.Second)
			})
			require.NotNil(t, diff)
			at := min(diff.First.At, diff.Second.At)
			require.Greater(t, at, sim.Time(10*time.Millisecond))
			require.Less(t, at, sim.Time(12*time.Millisecond))
			text := fmt.Sprint(diff)
			require.Contains(t, text, `n1: step culprit, after "planted"`)
		})
	}
}

func TestARunThatEndsEarlyDiffers(t *testing.T) {
	n := 0
	diff := sim.Twice(func(trace func(sim.Record)) {
		n++
		for i := range 4 - n {
			trace(sim.Record{At: sim.Time(i), Topic: "t"})
		}
	})
	require.Equal(t, 2, diff.After)
	require.Equal(t, sim.Time(2), diff.First.At)
	require.Zero(t, diff.Second)
}

// A note is in the trace and nowhere else.
func TestNotesChangeNothing(t *testing.T) {
	t.Parallel()
	digest := func(trace func(sim.Record), note bool) uint64 {
		w := busyWorld(3, trace)
		defer w.Close()
		w.RunFor(time.Second)
		if note {
			w.Note("phase", "the second second")
		}
		w.RunFor(time.Second)
		return w.Digest()
	}
	var noted []sim.Record
	with := digest(func(r sim.Record) {
		if r.Topic == "phase" {
			noted = append(noted, r)
		}
	}, true)
	require.Equal(t, digest(nil, false), with)
	require.Len(t, noted, 1)
	require.Equal(t, "1.000000s world: phase the second second", noted[0].String())
}
