package scenarios

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
	"tabletop/sim"
)

// Golden stories and digests: a change of behaviour shows in review. Write them anew with
// go test ./scenarios -run Golden -update.

func TestGoldenStories(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"kudu-0.7", "ideal"} {
		var b strings.Builder
		res := mustRun(t, "kudu-1353", 1, variant.Selection{Profile: profile},
			Options{Story: func(l Line) { fmt.Fprintln(&b, l) }})
		fmt.Fprintf(&b, "%s %s\n%s\n", res.Verdict, res.Signature, res.Detail)
		golden(t, "kudu-1353."+profile+".txt", b.String())
	}
}

// The named stories, without details, also as they fail. TestStories goes on with other seeds.
func TestGoldenScripts(t *testing.T) {
	t.Parallel()
	for _, sc := range scripts() {
		for _, profile := range []string{"ideal", sc.under} {
			if profile == "" {
				continue
			}
			t.Run(sc.name+"."+profile, func(t *testing.T) {
				t.Parallel()
				if testing.Short() && sc.heal > 10*time.Minute {
					t.Skip("minutes under the race detector")
				}
				var b strings.Builder
				res := mustRun(t, sc.name, 0, variant.Selection{Profile: profile},
					Options{Story: func(l Line) {
						if !l.Detail {
							fmt.Fprintln(&b, l)
						}
					}})
				fmt.Fprintf(&b, "%s %s\n%s\n", res.Verdict, res.Signature, res.Detail)
				if profile == "ideal" {
					require.Equal(t, Pass, res.Verdict)
				} else {
					require.True(t, res.shows(sc.signature))
				}
				golden(t, sc.name+"."+profile+".txt", b.String())
			})
		}
	}
}

// A few storms under every profile, with words: what a change did to them can be read.
func TestGoldenDigests(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, p := range variant.Profiles {
		for seed := range uint64(5) {
			res := mustRun(t, "storm", seed, variant.Selection{Profile: p.ID}, Options{})
			fmt.Fprintf(&b, "storm %-9s seed %d: %-12s %s %d events\n", p.ID, seed, res.Verdict,
				res.Digest, res.Events)
		}
	}
	golden(t, "digests.txt", b.String())
}

// Many storms, as a seed, a profile and a digest: they go the same way however they are run, on
// any machine, and under ideal they do not fail. With -short they are run once; the golden file stands
// for the other ways.
func TestGoldenSeeds(t *testing.T) {
	if testing.Short() || *update {
		golden(t, "seeds.txt", seedDigests(t, 0, Options{}))
		return
	}
	// A process of its own, since this one cannot have one processor and two at the same time.
	t.Run("alone on one processor", func(t *testing.T) {
		t.Parallel()
		program, err := os.Executable()
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestGoldenSeeds$",
			"-test.short", "-test.v")
		cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "--- PASS: TestGoldenSeeds")
	})
	t.Run("many at once, traced, told and with messages checked", func(t *testing.T) {
		t.Parallel()
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(2, runtime.GOMAXPROCS(0))))
		var records, lines atomic.Int64
		golden(t, "seeds.txt", seedDigests(t, 8, Options{CheckMessages: true,
			Trace: func(sim.Record) { records.Add(1) }, Story: func(Line) { lines.Add(1) }}))
		require.Greater(t, records.Load(), int64(1_000_000))
		require.Greater(t, lines.Load(), int64(10_000))
	})
}

const goldenSeeds = 40 // of each profile

// seedDigests runs storms, that many at once (0: as many as there are processors), and returns a
// line for each.
func seedDigests(t *testing.T, workers int, opts Options) string {
	var b strings.Builder
	for i, profile := range []string{"ideal", "kudu-0.7"} {
		f := Fuzz{Scenario: "storm", Select: variant.Selection{Profile: profile},
			First: uint64(i * goldenSeeds), Count: goldenSeeds, Workers: workers, Options: opts,
			Each: func(r *Result) bool {
				fmt.Fprintf(&b, "%d %s %s\n", r.Seed, r.Profile, r.Digest)
				if profile == "ideal" {
					report(t, r)
				}
				for _, f := range r.Findings {
					require.NotContains(t, f.Signature, "message-changed", "seed %d", r.Seed)
				}
				return true
			}}
		sum, err := f.Run(t.Context())
		require.NoError(t, err)
		if profile == "ideal" {
			requireProof(t, sum)
		}
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "%s; if the change is meant, run make golden", path)
}
