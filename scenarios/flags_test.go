package scenarios

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/model/variant"
)

// The flags choose what TestSeeds and TestToken run; each has an environment variable, for use
// with go test ./... .
var (
	flagSeed    = flag.String("tabletop.seed", os.Getenv("TABLETOP_SEED"), "run this seed")
	flagSeeds   = flag.String("tabletop.seeds", os.Getenv("TABLETOP_SEEDS"), "run the seeds A..B")
	flagProfile = flag.String("tabletop.profile", os.Getenv("TABLETOP_PROFILE"), "under this profile")
	flagToken   = flag.String("tabletop.token", os.Getenv("TABLETOP_TOKEN"), "replay this token")
	update      = flag.Bool("update", false, "write the golden files anew")
)

// seedsToRun returns the seeds that the flags ask for, or the fixed ones.
func seedsToRun(t *testing.T) (first uint64, count int) {
	var err error
	switch {
	case *flagSeeds != "":
		a, b, found := strings.Cut(*flagSeeds, "..")
		require.True(t, found, "-tabletop.seeds=%s: want A..B", *flagSeeds)
		first, err = ParseSeed(a)
		require.NoError(t, err)
		last, err := ParseSeed(b)
		require.NoError(t, err)
		require.GreaterOrEqual(t, last, first, "-tabletop.seeds=%s", *flagSeeds)
		return first, int(last-first) + 1
	case *flagSeed != "":
		first, err = ParseSeed(*flagSeed)
		require.NoError(t, err)
		return first, 1
	}
	return 0, goldenSeeds
}

// requireProof fails the test if some of many runs were not judged, or too many prove nothing.
func requireProof(t *testing.T, sum *Summary) {
	require.Zero(t, sum.Verdicts[Inconclusive])
	if sum.Runs >= 100 {
		require.LessOrEqual(t, 100*sum.Verdicts[Vacuous], sum.Runs)
	}
}

// report fails the test with the two lines that a log needs: what broke, and how to run it again.
func report(t rapid.TB, res *Result) {
	t.Helper()
	if res.Verdict != Fail {
		return
	}
	t.Errorf("FAIL %s token=%s t=%dns events=%d\n%s\nreplay: "+
		"go test ./scenarios -count=1 -run '^TestToken$' -tabletop.token=%s",
		res.Signature, res.Token, res.VirtualNS, res.Events, res.Detail, res.Token)
}

// TestToken replays the run that -tabletop.token names.
func TestToken(t *testing.T) {
	if *flagToken == "" {
		t.Skip("no -tabletop.token")
	}
	token, err := ParseToken(*flagToken)
	require.NoError(t, err)
	var story strings.Builder
	res, err := Replay(token, Options{Story: func(l Line) { fmt.Fprintln(&story, l) }})
	require.NoError(t, err)
	require.Empty(t, res.Diverged, "the replay diverged; %s", res.Foreign)
	if res.Verdict == Fail {
		t.Log("\n" + story.String())
	}
	report(t, res.Result)
}

// TestSeeds runs storms on the seeds that the flags name, twice: the verdict is no failure, and the
// digests are equal, though the second run checks that no message is changed. TestGoldenSeeds does
// so on fixed seeds.
func TestSeeds(t *testing.T) {
	if *flagSeeds+*flagSeed+*flagProfile == "" {
		t.Skip("no -tabletop.seed, -tabletop.seeds or -tabletop.profile")
	}
	first, count := seedsToRun(t)
	s := variant.Selection{Profile: *flagProfile}
	digests := map[uint64]string{}
	sum, err := Fuzz{Scenario: "storm", Select: s, First: first, Count: count,
		Each: func(r *Result) bool { digests[r.Seed] = r.Digest; report(t, r); return true },
	}.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, count, sum.Runs)
	requireProof(t, sum)
	_, err = Fuzz{Scenario: "storm", Select: s, First: first, Count: count,
		Options: Options{CheckMessages: true}, Each: func(r *Result) bool {
			require.Equal(t, digests[r.Seed], r.Digest, "seed %d is not deterministic", r.Seed)
			return true
		}}.Run(t.Context())
	require.NoError(t, err)
}
