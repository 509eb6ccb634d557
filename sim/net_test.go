package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/sim"
)

// answer is what became of a call, and when.
type answer struct {
	msg sim.Message
	err error
	at  sim.Time
}

// pair is a client and an echo server; call makes a call from the client and later stores the
// answer.
func pair(t *testing.T) (w *sim.World, server *sim.Node, call func(d time.Duration) *answer) {
	w = sim.New(sim.Config{Seed: 7})
	t.Cleanup(w.Close)
	client := w.AddNode("client", func(*sim.Node) {})
	server = w.AddNode("server", func(n *sim.Node) { n.Serve(echo) })
	client.Boot()
	server.Boot()
	return w, server, func(d time.Duration) *answer {
		a := new(answer)
		client.Go("call", func(p *sim.Proc) {
			a.msg, a.err = p.Call(server.ID(), note("hello"), p.Now().Add(d))
			a.at = p.Now()
		})
		return a
	}
}

func TestCallIsAnswered(t *testing.T) {
	w, _, call := pair(t)
	a := call(time.Second)
	w.RunFor(time.Second)
	require.NoError(t, a.err)
	require.Equal(t, note("hello"), a.msg)
}

func TestDeadProgramRefusesAtOnce(t *testing.T) {
	w, server, call := pair(t)
	server.Kill()
	a := call(time.Minute)
	w.RunFor(time.Second)
	require.ErrorIs(t, a.err, sim.ErrRefused)
}

func TestDeathOfTheServerResetsCallsInFlight(t *testing.T) {
	w, server, call := pair(t)
	server.Serve(func(p *sim.Proc, _ sim.NodeID, m sim.Message) sim.Message {
		p.Sleep("slow", time.Minute)
		return m
	})
	a := call(time.Hour)
	w.RunFor(time.Second)
	server.Kill()
	server.Boot()
	w.RunFor(time.Second)
	require.ErrorIs(t, a.err, sim.ErrReset)
	again := call(time.Second)
	w.RunFor(time.Second)
	require.NoError(t, again.err, "the next call opens a new connection")
}

func TestPausedServerIsSilentAndAnswersLater(t *testing.T) {
	w, server, call := pair(t)
	server.Pause()
	impatient, patient := call(time.Second), call(time.Minute)
	w.RunFor(10 * time.Second)
	require.ErrorIs(t, impatient.err, sim.ErrTimedOut)
	require.Nil(t, patient.msg)
	server.Resume()
	w.RunFor(time.Second)
	require.Equal(t, note("hello"), patient.msg)
}

// A call of a paused client whose deadline has passed, and whose connection is given up after
// that, ends once: when the client goes on.
func TestPausedClientLearnsOnceThatItsCallFailed(t *testing.T) {
	w, _, call := pair(t)
	first := call(time.Second)
	w.RunFor(time.Second)
	require.NoError(t, first.err)
	cut := w.Cut(sim.Direction{From: 0, To: 1})
	a := call(time.Second)
	w.RunFor(100 * time.Millisecond)
	w.Node(0).Pause()
	w.RunFor(time.Minute)
	require.Zero(t, a.at)
	cut.End()
	w.Node(0).Resume()
	again := call(time.Second)
	w.RunFor(2 * time.Second)
	require.Nil(t, w.Finding())
	require.Error(t, a.err)
	require.NoError(t, again.err)
}

func TestCutDelaysAndThenResets(t *testing.T) {
	for _, dir := range []sim.Direction{{From: 0, To: 1}, {From: 1, To: 0}} {
		t.Run(fmt.Sprint(dir), func(t *testing.T) {
			w, server, call := pair(t)
			first := call(time.Second)
			w.RunFor(time.Second)
			require.NoError(t, first.err)

			executed := 0
			server.Serve(func(_ *sim.Proc, _ sim.NodeID, m sim.Message) sim.Message {
				executed++
				return m
			})
			cut := w.Cut(dir)
			a := call(time.Minute)
			w.RunFor(3 * time.Second)
			require.Nil(t, a.msg)
			require.Equal(t, dir.From == 1, executed == 1, "a lost response is not a lost request")
			cut.End()
			w.RunFor(6 * time.Second)
			require.Equal(t, note("hello"), a.msg, "retransmitted once the cut was healed")
			require.Equal(t, 1, executed, "and not executed twice")
			require.Positive(t, cut.Effects.Blocked)

			w.Cut(dir)
			lost := call(time.Hour)
			w.RunFor(time.Minute)
			if dir.From == 0 {
				require.ErrorIs(t, lost.err, sim.ErrReset)
			} else {
				require.Zero(t, lost.at, "half open: the client waits for its deadline")
			}
		})
	}
}

// A machine without power is silent, and forgets what it had not got through.
func TestMachineWithoutPowerIsSilent(t *testing.T) {
	w, server, call := pair(t)
	first := call(time.Second)
	w.RunFor(time.Second)
	require.NoError(t, first.err)
	server.PowerOff()
	a := call(5 * time.Second)
	w.RunFor(10 * time.Second)
	require.ErrorIs(t, a.err, sim.ErrTimedOut)
	b := call(time.Minute)
	w.RunFor(time.Second)
	server.Boot()
	w.RunFor(10 * time.Second)
	require.ErrorIs(t, b.err, sim.ErrReset, "the new program knows nothing of the connection")
	again := call(time.Second)
	w.RunFor(time.Second)
	require.NoError(t, again.err)
}

// A client that lost its power does not retransmit what was lost.
func TestTheDeadDoNotRetransmit(t *testing.T) {
	w, server, call := pair(t)
	first := call(time.Second)
	w.RunFor(time.Second)
	require.NoError(t, first.err)
	executed := 0
	server.Serve(func(_ *sim.Proc, _ sim.NodeID, m sim.Message) sim.Message {
		executed++
		return m
	})
	call(time.Minute)
	cut := w.Cut(sim.Direction{From: 0, To: 1})
	w.RunFor(time.Microsecond)
	w.Node(0).PowerOff()
	w.RunFor(5 * time.Second)
	cut.End()
	w.RunFor(time.Minute)
	require.Zero(t, executed)
}

// A refusal that got lost for good does not keep the client from ever connecting again.
func TestClientConnectsAnewWhenItsFirstAttemptWasLost(t *testing.T) {
	w, server, call := pair(t)
	server.Kill()
	cut := w.Cut(sim.Direction{From: 1, To: 0})
	first := call(time.Minute)
	w.RunFor(time.Minute)
	require.ErrorIs(t, first.err, sim.ErrTimedOut)
	cut.End()
	server.Boot()
	again := call(time.Second)
	w.RunFor(time.Second)
	require.NoError(t, again.err)
}

func TestCutsOverlap(t *testing.T) {
	w, _, _ := pair(t)
	d := sim.Direction{From: 0, To: 1}
	a, b := w.Cut(d), w.Cut(d)
	a.End()
	require.True(t, w.Blocked(d))
	b.End()
	require.False(t, w.Blocked(d))
}

// Whatever cuts come and go, a connection delivers requests in the order they were sent,
// without duplicates.
func TestConnectionKeepsOrderProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tail := time.Duration(rapid.IntRange(1, 600).Draw(t, "tail")) * time.Millisecond
		w := sim.New(sim.Config{Seed: rapid.Uint64().Draw(t, "seed"),
			Net: sim.NetConfig{Latency: sim.Latency{Min: time.Millisecond, Max: tail}}})
		defer w.Close()
		var got []string
		client := w.AddNode("client", func(*sim.Node) {})
		server := w.AddNode("server", func(n *sim.Node) {
			n.Serve(func(_ *sim.Proc, _ sim.NodeID, m sim.Message) sim.Message {
				got = append(got, string(m.(note)))
				return m
			})
		})
		client.Boot()
		server.Boot()
		cuts := rapid.SliceOfN(rapid.IntRange(0, 3000), 0, 6).Draw(t, "cuts")
		for i, ms := range cuts {
			w.At(sim.Time(ms)*sim.Time(time.Millisecond), uint64(i), func() {
				cut := w.Cut(sim.Direction{From: sim.NodeID(i % 2), To: sim.NodeID((i + 1) % 2)})
				w.At(w.Now().Add(700*time.Millisecond), uint64(100+i), cut.End)
			})
		}
		var want []string
		for i := range 60 {
			text := fmt.Sprint(i)
			want = append(want, text)
			w.At(sim.Time(i)*sim.Time(50*time.Millisecond), uint64(1000+i), func() {
				if i%20 == 0 {
					server.Pause()
					w.At(w.Now().Add(300*time.Millisecond), uint64(2000+i), server.Resume)
				}
				client.Go("call", func(p *sim.Proc) {
					_, err := p.Call(server.ID(), note(text), p.Now().Add(time.Minute))
					if err != nil {
						panic(err)
					}
				})
			})
		}
		w.RunUntil(sim.Time(time.Minute))
		require.Nil(t, w.Finding())
		require.Equal(t, want, got)
	})
}

// Processes that act for the same cause draw latencies of their own.
func TestForkedCausesDiffer(t *testing.T) {
	w := sim.New(sim.Config{Net: sim.NetConfig{Latency: sim.Latency{Min: 1, Max: time.Second}}})
	defer w.Close()
	client := w.AddNode("client", func(*sim.Node) {})
	server := w.AddNode("server", func(n *sim.Node) { n.Serve(echo) })
	client.Boot()
	server.Boot()
	times := map[time.Duration]bool{}
	client.Go("op", func(p *sim.Proc) {
		p.SetCause(7)
		for range 20 {
			cause := p.ForkCause()
			client.Go("ask", func(p *sim.Proc) {
				p.InheritCause(cause)
				at := p.Now()
				_, _ = p.Call(server.ID(), note("ask"), sim.Never)
				times[p.Now().Sub(at)] = true
			})
			p.Sleep("next", 5*time.Second)
		}
	})
	w.RunFor(5 * time.Minute)
	require.Len(t, times, 20)
}

// Taking one client out of a run leaves the latencies of the others' messages as they were.
func TestDrawsHangOnTheirPurpose(t *testing.T) {
	arrivals := func(skip int) map[string]sim.Time {
		w := sim.New(sim.Config{Seed: 3})
		defer w.Close()
		at := map[string]sim.Time{}
		client := w.AddNode("client", func(*sim.Node) {})
		server := w.AddNode("server", func(n *sim.Node) { n.Serve(echo) })
		client.Boot()
		server.Boot()
		sim.Delivered.Subscribe(w, func(e *sim.Envelope) {
			at[fmt.Sprint(e.Msg, e.Response)] = w.Now()
		})
		for i := range 20 {
			if i == skip {
				continue
			}
			w.At(sim.Time(i+1)*sim.Time(time.Second), uint64(i), func() {
				client.Go("call", func(p *sim.Proc) {
					p.SetCause(uint64(i))
					_, _ = p.Call(server.ID(), note(fmt.Sprint(i)), sim.Never)
				})
			})
		}
		w.RunUntil(sim.Time(time.Minute))
		return at
	}
	all, fewer := arrivals(-1), arrivals(7)
	require.Len(t, all, 40)
	require.Len(t, fewer, 38)
	for name, at := range fewer {
		require.Equal(t, all[name], at, name)
	}
}
