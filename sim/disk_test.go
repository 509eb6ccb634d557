package sim_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/sim"
)

func TestKillKeepsWhatWasWritten(t *testing.T) {
	w := sim.New(sim.Config{})
	defer w.Close()
	n := w.AddNode("n", func(*sim.Node) {})
	n.Boot()
	n.Disk().Create("f").Append([]byte("abc"))
	n.Kill()
	require.Equal(t, "abc", string(n.Disk().Open("f").Bytes()))
}

// After a loss of power a file is there if its creation was synced, and holds at least what
// was synced and at most what was written.
func TestPowerLossKeepsWhatWasSyncedProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := sim.New(sim.Config{Seed: rapid.Uint64().Draw(t, "seed")})
		defer w.Close()
		n := w.AddNode("n", func(*sim.Node) {})
		n.Boot()
		var written, synced []byte
		var file *sim.File
		dirSynced := false
		steps := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 12).Draw(t, "steps")
		n.Go("writer", func(p *sim.Proc) {
			file = n.Disk().Create("f")
			for i, step := range steps {
				switch step {
				case 0, 1:
					b := bytes.Repeat([]byte{byte('a' + i)}, i+1)
					file.Append(b)
					written = append(written, b...)
				case 2:
					file.Sync(p)
					synced = bytes.Clone(written)
				case 3:
					n.Disk().SyncDir(p)
					dirSynced = true
				}
			}
		})
		w.RunUntil(sim.Time(time.Minute))
		n.PowerOff()
		left := n.Disk().Open("f")
		if left == nil {
			require.False(t, dirSynced)
			return
		}
		require.True(t, bytes.HasPrefix(left.Bytes(), synced), "all that was synced")
		require.LessOrEqual(t, left.Len(), len(written))
		for i, b := range left.Bytes()[len(synced):] {
			require.Contains(t, []byte{0, written[len(synced)+i]}, b, "and of the rest, any")
		}
		durable, ok := n.Disk().Durable("f")
		require.True(t, ok)
		require.Equal(t, left.Bytes(), durable, "what is found after the loss is durable")
	})
}

func TestWriteDuringASyncIsNotCoveredByIt(t *testing.T) {
	w := sim.New(sim.Config{})
	defer w.Close()
	n := w.AddNode("n", func(*sim.Node) {})
	n.Boot()
	n.Go("writer", func(p *sim.Proc) {
		n.Disk().Create("f").Append([]byte("early"))
		n.Disk().SyncDir(p)
		n.Go("other", func(*sim.Proc) { n.Disk().Open("f").Append([]byte("late")) })
		n.Disk().Open("f").Sync(p)
	})
	w.RunUntil(sim.Time(time.Second))
	durable, _ := n.Disk().Durable("f")
	require.Equal(t, "early", string(durable))
}

func TestRenameReplacesAtomically(t *testing.T) {
	for seed := range uint64(50) {
		w := sim.New(sim.Config{Seed: seed})
		n := w.AddNode("n", func(*sim.Node) {})
		n.Boot()
		n.Go("writer", func(p *sim.Proc) {
			d := n.Disk()
			for _, text := range []string{"one", "two", "three"} {
				d.Create("tmp").Append([]byte(text))
				d.Open("tmp").Sync(p)
				d.Rename("tmp", "f")
				d.SyncDir(p)
			}
		})
		w.RunUntil(sim.Time(seed) * sim.Time(400*time.Microsecond))
		n.PowerOff()
		if f := n.Disk().Open("f"); f != nil {
			require.Contains(t, []string{"one", "two", "three"}, string(f.Bytes()))
		}
		w.Close()
	}
}

// The torn piece of a write has nothing of what was written later.
func TestTornPieceIsOfTheWriteItself(t *testing.T) {
	for seed := range uint64(300) {
		w := sim.New(sim.Config{Seed: seed})
		n := w.AddNode("n", func(*sim.Node) {})
		n.Boot()
		n.Go("writer", func(p *sim.Proc) {
			f := n.Disk().Create("f")
			n.Disk().SyncDir(p)
			f.Append([]byte("abcdef"))
			f.Truncate(2)
			f.Append([]byte("XY"))
		})
		w.RunUntil(sim.Time(time.Second))
		n.PowerOff()
		left := string(n.Disk().Open("f").Bytes())
		require.False(t, strings.ContainsAny(left, "XY") && strings.ContainsAny(left, "cdef"), "%q", left)
		for i := range left {
			old, new := "abcdef"[i], ("ab" + "XY\x00\x00")[i]
			require.Contains(t, []byte{0, old, new}, left[i], "%q", left)
		}
		w.Close()
	}
}

func TestTruncateIsUndoneByPowerLossUnlessSynced(t *testing.T) {
	kept := map[string]bool{}
	for seed := range uint64(30) {
		w := sim.New(sim.Config{Seed: seed})
		n := w.AddNode("n", func(*sim.Node) {})
		n.Boot()
		n.Go("writer", func(p *sim.Proc) {
			f := n.Disk().Create("f")
			f.Append([]byte("abcdef"))
			f.Sync(p)
			n.Disk().SyncDir(p)
			f.Truncate(3)
			f.Append([]byte("XY"))
		})
		w.RunUntil(sim.Time(time.Second))
		n.PowerOff()
		kept[string(n.Disk().Open("f").Bytes())] = true
		w.Close()
	}
	require.Contains(t, kept, "abcdef")
	require.Contains(t, kept, "abc")
	for text := range kept {
		require.Contains(t, []string{"abcdef", "abc", "abcX", "abcXY"}, text)
	}
}

// What is written over other bytes leaves the writes that are still in the cache as they were.
func TestOverwritingLeavesEarlierWritesAlone(t *testing.T) {
	left := map[string]int{}
	for seed := range uint64(300) {
		w := sim.New(sim.Config{Seed: seed})
		n := w.AddNode("n", func(*sim.Node) {})
		n.Boot()
		n.Go("writer", func(p *sim.Proc) {
			f := n.Disk().Create("f")
			f.Append([]byte("aa"))
			p.Must(f.Sync(p))
			p.Must(n.Disk().SyncDir(p))
			f.Append([]byte("bb"))
			f.WriteAt([]byte("c"), 2)
			f.Truncate(3)
			f.Append([]byte("d"))
		})
		w.RunUntil(sim.Time(time.Minute))
		require.Equal(t, "aacd", string(n.Disk().Open("f").Bytes()))
		n.PowerOff()
		left[string(n.Disk().Open("f").Bytes())]++
		w.Close()
	}
	for _, text := range []string{"aa", "aabb", "aacb", "aac", "aacd"} {
		require.NotZero(t, left[text], "%s among %v", text, left)
	}
}
