package sim_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/sim"
)

// note is a message with a text.
type note string

var kindNote = sim.NewKind("Note")

func (note) Kind() *sim.Kind      { return kindNote }
func (m note) Fold(d *sim.Digest) { d.String(string(m)) }
func (m note) Size() int          { return len(m) }

func echo(_ *sim.Proc, _ sim.NodeID, m sim.Message) sim.Message { return m }

// busy is a program that uses everything a process can block on.
func busy(n *sim.Node) {
	var mu sim.Mutex
	var rw sim.RWMutex
	var cond sim.Cond
	file := n.Disk().Create("log")
	n.Serve(func(p *sim.Proc, _ sim.NodeID, m sim.Message) sim.Message {
		mu.Lock(p, "the lock")
		defer mu.Unlock()
		file.Append([]byte(m.(note)))
		file.Sync(p)
		cond.Broadcast()
		return m
	})
	tick := n.NewTimer(func() { cond.Broadcast() })
	n.Go("writer", func(p *sim.Proc) {
		for {
			rw.Lock(p, "write lock")
			p.Sleep("write", time.Millisecond)
			rw.Unlock()
			p.Sleep("rest", 2*time.Millisecond)
		}
	})
	for i := range 3 {
		n.Go("caller", func(p *sim.Proc) {
			to := sim.NodeID((int(n.ID()) + 1) % len(n.World().Nodes()))
			for {
				tick.Reset(5 * time.Millisecond)
				_, _ = p.Call(to, note(fmt.Sprint(n.Name(), i)), p.Now().Add(10*time.Millisecond))
				cond.WaitUntil(p, "news", p.Now().Add(time.Millisecond))
				if rw.TryRLock() {
					p.Yield()
					rw.RUnlock()
				}
				n.Disk().SyncDir(p)
			}
		})
	}
}

func busyWorld(seed uint64, trace func(sim.Record)) *sim.World {
	w := sim.New(sim.Config{Seed: seed, Trace: trace})
	for i := range 3 {
		w.AddNode(fmt.Sprint("n", i), busy).Boot()
	}
	return w
}

func TestEqualSeedsGiveEqualDigests(t *testing.T) {
	t.Parallel()
	digest := func(seed uint64, trace func(sim.Record)) uint64 {
		w := busyWorld(seed, trace)
		defer w.Close()
		w.RunUntil(sim.Time(200 * time.Millisecond))
		require.Nil(t, w.Finding())
		return w.Digest()
	}
	for seed := range uint64(20) {
		lines := 0
		require.Equal(t, digest(seed, nil), digest(seed, func(sim.Record) { lines++ }))
		require.NotEqual(t, digest(seed, nil), digest(seed+1, nil))
		require.NotZero(t, lines)
	}
}

// A node may be killed after any event, wherever its processes wait.
func TestKillIsSafeAtEveryStep(t *testing.T) {
	before := runtime.NumGoroutine()
	for step := range 300 {
		for _, end := range []func(*sim.Node){
			func(n *sim.Node) { n.Kill() },
			func(n *sim.Node) { n.PowerOff() },
			func(n *sim.Node) { n.Pause(); n.Kill() },
		} {
			w := busyWorld(uint64(step), nil)
			victim := w.Node(sim.NodeID(step % 3))
			at := sim.Time(step) * sim.Time(50*time.Microsecond)
			w.At(at, 1, func() { end(victim) })
			w.At(at.Add(time.Duration(1+step%5)*time.Millisecond), 2, victim.Boot)
			w.RunUntil(at.Add(20 * time.Millisecond))
			require.Nil(t, w.Finding(), "step %d", step)
			require.True(t, victim.Alive())
			w.Close()
		}
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before, "closing a world leaves nothing behind")
}

func TestCrashEndsTheProgramAndTheSupervisorRestartsIt(t *testing.T) {
	w := sim.New(sim.Config{})
	defer w.Close()
	boots, sibling := 0, false
	n := w.AddNode("n", func(n *sim.Node) {
		boots++
		n.Go("sibling", func(p *sim.Proc) {
			defer func() { sibling = true }()
			p.Sleep("for ever", time.Hour)
		})
		n.Go("crasher", func(p *sim.Proc) {
			p.Sleep("fuse", time.Second)
			p.Crash("boom")
		})
	})
	n.RestartAfter(3 * time.Second)
	var reasons []string
	sim.NodeDown.Subscribe(w, func(e sim.NodeEvent) { reasons = append(reasons, e.Reason) })
	n.Boot()
	w.RunUntil(sim.Time(2 * time.Second))
	require.False(t, n.Alive())
	require.True(t, sibling, "the other processes were unwound")
	w.RunUntil(sim.Time(4500 * time.Millisecond))
	require.True(t, n.Alive())
	require.Equal(t, 2, boots)
	require.Equal(t, []string{"boom"}, reasons)
	require.Nil(t, w.Finding())
}

func TestEffectWhileUnwindingIsAFinding(t *testing.T) {
	w := sim.New(sim.Config{})
	defer w.Close()
	n := w.AddNode("n", func(n *sim.Node) {
		n.Go("careless", func(p *sim.Proc) {
			defer n.Disk().Create("goodbye").Append(nil)
			defer p.Sleep("a last nap", time.Second)
			p.Sleep("for ever", time.Hour)
		})
	})
	n.Boot()
	w.RunUntil(1)
	n.Kill()
	require.NotNil(t, w.Finding())
	require.Equal(t, "panic", w.Finding().Class)
	require.Contains(t, w.Finding().Detail, "while it dies")
}

func TestPanicIsAFindingWithTheStackOfTheProcess(t *testing.T) {
	w := sim.New(sim.Config{})
	defer w.Close()
	w.AddNode("n", func(n *sim.Node) {
		n.Go("broken", func(p *sim.Proc) {
			p.Sleep("a while", time.Second)
			explode()
		})
	}).Boot()
	w.RunUntil(sim.Time(time.Minute))
	f := w.Finding()
	require.NotNil(t, f)
	require.Equal(t, sim.Time(time.Second), f.At)
	require.Contains(t, f.Detail, `process "broken": kaboom`)
	require.Contains(t, f.Stack, "explode")
}

func explode() { panic("kaboom") }

func TestLivelockIsAFindingThatNamesTheProcess(t *testing.T) {
	w := sim.New(sim.Config{Limits: sim.Limits{StepsPerMoment: 1000}})
	defer w.Close()
	w.AddNode("n", func(n *sim.Node) {
		n.Go("spinner", func(p *sim.Proc) {
			for {
				p.Yield()
			}
		})
	}).Boot()
	w.RunUntil(sim.Time(time.Second))
	require.Equal(t, "livelock", w.Finding().Class)
	require.Contains(t, w.Finding().Detail, `"spinner"`)
}

func TestObserverThatSchedulesIsAFinding(t *testing.T) {
	w := sim.New(sim.Config{})
	defer w.Close()
	n := w.AddNode("n", func(*sim.Node) {})
	sim.NodePaused.Subscribe(w, func(e sim.NodeEvent) { e.Node.NewTimer(func() {}).Reset(1) })
	n.Boot()
	w.At(1, 0, func() { n.Pause() })
	w.RunUntil(10)
	require.Contains(t, w.Finding().Detail, "observers only read")
}

func TestPauseHoldsWhatComesDueAndResumeKeepsItsOrder(t *testing.T) {
	w := sim.New(sim.Config{})
	defer w.Close()
	var seen []string
	n := w.AddNode("n", func(n *sim.Node) {
		for i := range 5 {
			n.Go("sleeper", func(p *sim.Proc) {
				p.Sleep("nap", time.Duration(i+1)*time.Second)
				seen = append(seen, fmt.Sprintf("%d at %v", i, p.Now()))
			})
		}
	})
	n.Boot()
	w.RunUntil(sim.Time(1500 * time.Millisecond))
	require.True(t, n.Pause())
	require.False(t, n.Pause(), "it is paused already")
	w.RunUntil(sim.Time(4500 * time.Millisecond))
	require.Equal(t, 3, n.Held())
	n.Resume()
	w.RunUntil(sim.Time(10 * time.Second))
	require.Equal(t, "0 at 1.000000s, 1 at 4.500000s, 2 at 4.500000s, 3 at 4.500000s, 4 at 5.000000s",
		strings.Join(seen, ", "))
}

// A timer that came due in a pause can still be stopped or set anew.
func TestHeldTimerObeys(t *testing.T) {
	w := sim.New(sim.Config{})
	defer w.Close()
	stopped, reset := 0, 0
	n := w.AddNode("n", func(*sim.Node) {})
	n.Boot()
	a, b := n.NewTimer(func() { stopped++ }), n.NewTimer(func() { reset++ })
	a.Reset(time.Second)
	b.Reset(time.Second)
	n.Pause()
	w.RunFor(2 * time.Second)
	require.True(t, a.Set())
	a.Stop()
	b.Reset(time.Minute)
	n.Resume()
	w.RunFor(time.Second)
	require.Zero(t, reset)
	w.RunFor(2 * time.Minute)
	require.Nil(t, w.Finding())
	require.Zero(t, stopped)
	require.Equal(t, 1, reset)
}

// The supervisor restarts the program that crashed, not a later one that was killed.
func TestSupervisorMindsItsOwnCrashOnly(t *testing.T) {
	w := sim.New(sim.Config{})
	defer w.Close()
	boots := 0
	n := w.AddNode("n", func(n *sim.Node) {
		if boots++; boots == 1 {
			n.Go("crasher", func(p *sim.Proc) {
				p.Sleep("fuse", time.Second)
				p.Crash("boom")
			})
		}
	})
	n.RestartAfter(5 * time.Second)
	n.Boot()
	w.RunFor(2 * time.Second)
	n.Boot()
	w.RunFor(time.Second)
	n.Kill()
	w.RunFor(time.Minute)
	require.False(t, n.Alive())
}

// A process that ends its own node is bound by the rule of the dying like the others.
func TestEffectOfTheOneThatCrashesIsAFinding(t *testing.T) {
	point := sim.NewPoint("test/power", "")
	for name, end := range map[string]func(*sim.Proc){
		"crash": func(p *sim.Proc) { p.Crash("boom") },
		"point": func(p *sim.Proc) { p.At(point) },
	} {
		t.Run(name, func(t *testing.T) {
			w := sim.New(sim.Config{})
			defer w.Close()
			n := w.AddNode("n", func(n *sim.Node) {
				n.Go("careless", func(p *sim.Proc) {
					f := n.Disk().Create("f")
					n.Disk().SyncDir(p)
					defer func() { f.Append([]byte("late")) }()
					end(p)
				})
			})
			w.Arm(point, n.ID(), func(p *sim.Proc) { p.Node().PowerOff() })
			n.Boot()
			w.RunFor(time.Second)
			require.False(t, n.Alive())
			require.Empty(t, n.Disk().Open("f").Bytes())
			require.Contains(t, w.Finding().Detail, "while it dies")
		})
	}
}

func TestArmedPointRunsOnce(t *testing.T) {
	point := sim.NewPoint("test/point", "something has happened")
	w := sim.New(sim.Config{})
	defer w.Close()
	passed := 0
	n := w.AddNode("n", func(n *sim.Node) {
		n.Go("walker", func(p *sim.Proc) {
			for {
				p.At(point)
				passed++
				p.Sleep("step", time.Second)
			}
		})
	})
	n.Boot()
	w.RunUntil(sim.Time(1500 * time.Millisecond))
	w.Arm(point, n.ID(), func(p *sim.Proc) { p.Node().Kill() })
	w.RunUntil(sim.Time(5 * time.Second))
	require.Equal(t, 2, passed)
	require.False(t, n.Alive())
	n.Boot()
	w.RunUntil(sim.Time(10 * time.Second))
	require.True(t, n.Alive())
}

// A process that is woken after a while sleeps meanwhile: dumps say so, and what is armed for such a
// sleep strikes it. A wait in time stays one.
func TestBroadcastAfter(t *testing.T) {
	for _, armed := range []bool{false, true} {
		w := sim.New(sim.Config{})
		defer w.Close()
		var cond sim.Cond
		var woken []sim.Time
		n := w.AddNode("n", func(n *sim.Node) {
			n.Go("waiter", func(p *sim.Proc) {
				for cond.WaitUntil(p, "work", sim.Time(3*time.Second)) {
					woken = append(woken, p.Now())
				}
			})
			n.Go("boss", func(p *sim.Proc) {
				p.Sleep("a while", time.Second)
				cond.BroadcastAfter("getting up", 500*time.Millisecond)
				cond.Broadcast() // of no use to those who sleep
				p.Sleep("a while", 100*time.Second)
			})
		})
		n.Boot()
		if armed {
			w.ArmWait("getting", n.ID(), func(p *sim.Proc) { p.Node().Kill() })
		}
		w.RunUntil(sim.Time(1200 * time.Millisecond))
		require.Equal(t, !armed, n.Alive())
		if !armed {
			require.Equal(t, "getting up", n.Waits()[0].Label)
			require.Equal(t, sim.Time(time.Second), n.Waits()[0].Since)
			w.RunUntil(sim.Time(10 * time.Second))
			require.Equal(t, []sim.Time{sim.Time(1500 * time.Millisecond)}, woken)
		}
		require.Nil(t, w.Finding())
	}
}
