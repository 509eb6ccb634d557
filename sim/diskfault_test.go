package sim_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/sim"
)

// onDisk runs a process on a node with an empty disk for a minute, and returns the node.
func onDisk(t *testing.T, seed uint64, fn func(p *sim.Proc, d *sim.Disk)) *sim.Node {
	w := sim.New(sim.Config{Seed: seed})
	t.Cleanup(w.Close)
	n := w.AddNode("n", func(*sim.Node) {})
	n.Boot()
	n.Go("test", func(p *sim.Proc) { fn(p, n.Disk()) })
	w.RunFor(time.Minute)
	require.Nil(t, w.Finding())
	return n
}

// After a sync that failed any of what it covered is there, on the platter and in the cache alike;
// the error comes once.
func TestFailedSync(t *testing.T) {
	outcomes := map[string]bool{}
	for seed := range uint64(40) {
		var first, second error
		var effects sim.DiskEffects
		n := onDisk(t, seed, func(p *sim.Proc, d *sim.Disk) {
			f := d.Create("f")
			p.Must(d.SyncDir(p))
			f.Append([]byte("ab"))
			p.Must(f.Sync(p))
			x := d.Disturb(sim.DiskFault{Fail: 1_000_000})
			f.Append([]byte("cd"))
			f.Append([]byte("ef"))
			first = f.Sync(p)
			x.End()
			second = f.Sync(p)
			effects = x.Effects
		})
		require.ErrorIs(t, first, sim.ErrIO)
		require.NoError(t, second)
		require.Equal(t, 1, effects.Failed)
		cached := bytes.Clone(n.Disk().Open("f").Bytes())
		require.True(t, bytes.HasPrefix(cached, []byte("ab")))
		n.PowerOff()
		require.Equal(t, cached, n.Disk().Open("f").Bytes(), "what is read is what is there")
		outcomes[string(cached)] = true
	}
	for _, want := range []string{"ab", "abcd", "abcdef", "ab\x00\x00ef"} {
		require.Contains(t, outcomes, want)
	}
}

func TestFailedSyncOfTheDirectory(t *testing.T) {
	var err error
	n := onDisk(t, 1, func(p *sim.Proc, d *sim.Disk) {
		d.Create("f")
		x := d.Disturb(sim.DiskFault{Fail: 1_000_000})
		err = d.SyncDir(p)
		x.End()
	})
	require.ErrorIs(t, err, sim.ErrIO)
	_, there := n.Disk().Durable("f")
	require.False(t, there)
}

func TestFullDiskTakesWhatFits(t *testing.T) {
	onDisk(t, 1, func(p *sim.Proc, d *sim.Disk) {
		f := d.Create("f")
		f.Append([]byte("abcd"))
		p.Must(f.Sync(p))
		x := d.Disturb(sim.DiskFault{Full: true})
		f.WriteAt([]byte("X"), 1)
		require.NoError(t, f.Sync(p), "there is room for what is there")
		f.Append([]byte("e"))
		require.ErrorIs(t, f.Sync(p), sim.ErrNoSpace)
		require.Equal(t, 1, x.Effects.Refused)
		x.End()
		f.Append([]byte("f"))
		require.NoError(t, f.Sync(p))
	})
}

func TestSlowDisk(t *testing.T) {
	onDisk(t, 1, func(p *sim.Proc, d *sim.Disk) {
		x := d.Disturb(sim.DiskFault{Slow: sim.Slowness(10 * time.Second)})
		began := p.Now()
		p.Must(d.SyncDir(p))
		require.GreaterOrEqual(t, p.Now().Sub(began), 5*time.Second)
		require.Equal(t, 1, x.Effects.Delayed)
		x.End()
		began = p.Now()
		p.Must(d.SyncDir(p))
		require.Less(t, p.Now().Sub(began), time.Second)
	})
}

func TestBitRotChangesOneBitForReadersAndForGood(t *testing.T) {
	n := onDisk(t, 1, func(p *sim.Proc, d *sim.Disk) {
		require.Empty(t, d.Rot("", 1), "there is nothing yet")
		f := d.Create("f")
		f.Append([]byte("abcdef"))
		p.Must(f.Sync(p))
		p.Must(d.SyncDir(p))
		require.Equal(t, "f", d.Rot("", p.Node().Draw(sim.NewStream("test"), 0)))
	})
	rotten := n.Disk().Open("f").Bytes()
	different := 0
	for i, b := range []byte("abcdef") {
		for x := b ^ rotten[i]; x != 0; x &= x - 1 {
			different++
		}
	}
	require.Equal(t, 1, different)
	n.PowerOff()
	require.Equal(t, rotten, n.Disk().Open("f").Bytes())
}

func TestMisdirectedWrite(t *testing.T) {
	n := onDisk(t, 3, func(p *sim.Proc, d *sim.Disk) {
		for _, name := range []string{"f", "g"} {
			d.Create(name).Append([]byte(strings.Repeat(name, 100)))
			p.Must(d.Open(name).Sync(p))
		}
		p.Must(d.SyncDir(p))
		x := d.Disturb(sim.DiskFault{Misdirect: 1_000_000})
		d.Open("f").Append([]byte("WWWW"))
		p.Must(d.Open("f").Sync(p))
		require.Equal(t, 1, x.Effects.Misdirected)
		x.End()
	})
	n.PowerOff()
	f, g := n.Disk().Open("f").Bytes(), n.Disk().Open("g").Bytes()
	require.Len(t, f, 104)
	require.Equal(t, make([]byte, 4), f[100:], "missing where it belongs")
	require.Contains(t, string(f)+string(g), "W", "and over something else")
}

// What one sync brings to disk stays readable, also where some of it lands elsewhere.
func TestMisdirectedAmongOthers(t *testing.T) {
	var cached []byte
	n := onDisk(t, 5, func(p *sim.Proc, d *sim.Disk) {
		x := d.Disturb(sim.DiskFault{Misdirect: 300_000})
		f := d.Create("f")
		for range 20 {
			f.Append([]byte("W"))
		}
		p.Must(f.Sync(p))
		p.Must(d.SyncDir(p))
		require.Positive(t, x.Effects.Misdirected)
		require.Less(t, x.Effects.Misdirected, 20)
		x.End()
		cached = bytes.Clone(f.Bytes())
	})
	require.Len(t, cached, 20)
	n.PowerOff()
	require.Equal(t, n.Disk().Open("f").Bytes(), cached)
}

func TestWipe(t *testing.T) {
	n := onDisk(t, 1, func(p *sim.Proc, d *sim.Disk) { d.Create("f") })
	n.Kill()
	n.Disk().Wipe()
	n.Boot()
	require.Empty(t, n.Disk().List())
}

// A node is struck just before or just after its k-th sync; the difference is whether that sync
// counts.
func TestStrikeAtTheKthSync(t *testing.T) {
	for _, before := range []bool{true, false} {
		reached := 0
		n := onDisk(t, 1, func(p *sim.Proc, d *sim.Disk) {
			p.Node().Disk().ArmSync(4, before, func() { p.Node().PowerOff() })
			f := d.Create("f")
			p.Must(d.SyncDir(p))
			for range 10 {
				f.Append([]byte("x"))
				p.Must(f.Sync(p))
				reached++
			}
		})
		require.False(t, n.Alive())
		require.Equal(t, 2, reached)
		left := n.Disk().Open("f").Len()
		if before {
			require.Contains(t, []int{2, 3}, left)
		} else {
			require.Equal(t, 3, left)
		}
	}
}
