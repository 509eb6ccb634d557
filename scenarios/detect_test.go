package scenarios

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
)

func begin(t *testing.T, d Detect, defect string) Detection { return from(t, d, defect, 1) }

func from(t *testing.T, d Detect, defect string, start uint64) Detection {
	at, err := d.Begin(defect, start)
	require.NoError(t, err)
	return at
}

// The seed is the first one whose failure the defect explains, however many run at a time, and
// however often the search was interrupted.
func TestDetectFindsTheFirstSeed(t *testing.T) {
	t.Parallel()
	var one Detection
	for _, workers := range []int{1, 3} {
		d := Detect{Count: 40, Workers: workers}
		at, err := d.Run(t.Context(), begin(t, d, "KUDU-2472"))
		require.NoError(t, err)
		require.True(t, at.Found())
		require.Equal(t, at.Seed, uint64(at.Tried))
		require.Equal(t, at.Tried+1, at.Runs, "and one without the defect")
		require.Equal(t, []int{1, 1}, []int{at.Asked, at.Exact})
		at.WallNS = 0
		if workers == 1 {
			one = at
		}
		require.Equal(t, one, at)
	}
	inSteps := begin(t, Detect{}, "KUDU-2472")
	for count := 3; !inSteps.Found(); count += 3 {
		var err error
		inSteps, err = Detect{Count: count, Workers: 2}.Run(t.Context(), inSteps)
		require.NoError(t, err)
		require.LessOrEqual(t, inSteps.Tried, count)
	}
	inSteps.WallNS = 0
	require.Equal(t, one, inSteps)

	token, err := ParseToken(one.Token)
	require.NoError(t, err)
	res, err := Run(token.Plan, Options{})
	require.NoError(t, err)
	require.Equal(t, one.Signature, res.Signature)
	cured, err := passesWithout(res, "KUDU-2472")
	require.NoError(t, err)
	require.True(t, cured)
}

// A failure that something else brings about is not held against the defect looked for.
func TestDetectIsNotDeceived(t *testing.T) {
	t.Parallel()
	d := Detect{Select: variant.Selection{Without: []string{"exactly-once-ddl"}}, Count: 20}
	at, err := d.Run(t.Context(), begin(t, d, "L12"))
	require.NoError(t, err)
	require.False(t, at.Found(), "%+v", at)
	require.Equal(t, 20, at.Tried)
	require.Greater(t, at.Runs, 20, "some fail, and fail without it")
	require.Positive(t, at.Asked)
	require.Zero(t, at.Exact)
}

// What fails by what the defect needs is put down to that.
func TestDetectBlamesWhatIsNeeded(t *testing.T) {
	t.Parallel()
	d := Detect{Count: 3}
	at, err := d.Run(t.Context(), begin(t, d, "KUDU-849"))
	require.NoError(t, err)
	require.Positive(t, at.Asked, "KUDU-1353 is on as well")
	require.Equal(t, []int{0, at.Asked}, []int{at.Exact, at.Needed})
}

func TestDetectKeepsToItsTime(t *testing.T) {
	d := Detect{For: 50 * time.Millisecond}
	at, err := d.Run(t.Context(), begin(t, d, "L12"))
	require.NoError(t, err)
	require.Positive(t, at.Tried)
	again, err := d.Run(t.Context(), at)
	require.NoError(t, err)
	require.Equal(t, at, again, "what was done before counts")
}

// A search is gone on with if it was for the same, and by the same generator.
func TestDetectionsAreKept(t *testing.T) {
	var all Detections
	d := Detect{}
	done := begin(t, d, "L1")
	done.Tried = 7
	all.Put(done)
	require.Equal(t, done, all.Resume(begin(t, d, "L1")))
	for _, other := range []Detection{
		begin(t, d, "L12"),
		from(t, d, "L1", 100_001),
		begin(t, Detect{Select: variant.Selection{Profile: "kudu-0.7"}}, "L1"),
		begin(t, Detect{Select: variant.Selection{Without: []string{"wait-for-tservers"}}}, "L1"),
		begin(t, Detect{Select: variant.Selection{Options: []string{"masters=5"}}}, "L1"),
	} {
		require.Equal(t, other, all.Resume(other))
	}
	all[0].Generator--
	require.Equal(t, begin(t, d, "L1"), all.Resume(begin(t, d, "L1")))
	all.Put(done)
	require.Equal(t, Detections{done}, all)
}

// A search from another start finds another seed.
func TestDetectStartsElsewhere(t *testing.T) {
	d := Detect{Count: 40, Workers: 1}
	at, err := d.Run(t.Context(), from(t, d, "KUDU-1358", 1001))
	require.NoError(t, err)
	require.True(t, at.Found())
	require.Equal(t, at.Start+uint64(at.Tried)-1, at.Seed)
}

func TestBugsSumUp(t *testing.T) {
	found := func(defect string, tried, failed int, signature string, events uint64) Detection {
		return Detection{Defect: defect, Seed: 1, Tried: tried, Runs: tried + failed,
			Signature: signature, Events: events, WallNS: 1e9, Token: signature}
	}
	none := Detection{Defect: "KUDU-1353", Tried: 9, Runs: 11, Asked: 2, Exact: 1, Needed: 1}
	bugs := BugsOf([]Detection{
		found("KUDU-1353", 4, 1, "liveness/a", 30), found("KUDU-1353", 7, 3, "crash/b", 20),
		none, found("KUDU-1353", 5, 1, "liveness/a", 90), none, {Defect: "L1"},
	})
	require.Len(t, bugs, 2)
	b := bugs[0]
	require.Len(t, b.Found(), 3)
	require.Equal(t, []string{"liveness/a", "crash/b"}, b.Signatures())
	require.Equal(t, 2, b.AsExpected(), "liveness is meant for KUDU-1353")
	require.Equal(t, 9, b.Failed(), "those that it does not explain too")
	exact, needed, asked := b.Named()
	require.Equal(t, []int{2, 2, 4}, []int{exact, needed, asked})
	require.Equal(t, 7, b.Seeds(), "two searches of five that found nothing count as endless")
	require.Equal(t, 3*time.Second, b.Wall())
	require.Equal(t, "crash/b", b.Shortest())
	require.Zero(t, bugs[1].Seeds())
	require.Empty(t, bugs[1].Shortest())
}
