package scenarios

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/model/variant"
)

// anyEntry is for a journal whose order is looked at elsewhere.
func anyEntry(NightEntry) error { return nil }

// quickly returns a nightly of one hour whose batches take a minute each by a clock of its own, are
// made up, and end up in a file, and what was in the file before. The canary is found in the second
// batch, and the seed 1025 fails in a way that is new.
func quickly(t require.TestingT, file string) (Nightly, []NightEntry, func()) {
	journal, done, err := OpenJournal(file, anyEntry)
	require.NoError(t, err)
	journal.sync = func() error { return nil } // which takes time
	clock := time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC)
	for _, e := range done {
		if e.Batch != nil {
			clock = clock.Add(time.Minute)
		}
	}
	n := Nightly{For: time.Hour, First: 1000, Batch: 7, Shrink: time.Minute, Put: journal.Add,
		now: func() time.Time { return clock }}
	n.batch = func(_ context.Context, l Lane, first uint64, _ causes) (*Batch, error) {
		clock = clock.Add(time.Minute)
		b := &Batch{Lane: l.Name, First: first, Count: n.Batch,
			Verdicts: map[string]int{Pass: n.Batch}, WallNS: int64(time.Minute)}
		switch id, planted := l.Select.Defects, len(l.Select.Defects) > 0; {
		case planted && first > n.First:
			b.Failures = []NightFailure{{Lane: l.Name, Signature: "s", Runs: 1, Causes: id}}
		case first <= 1025 && 1025 < first+7:
			b.Failures = []NightFailure{{Lane: l.Name, Signature: "new", Runs: 1, New: true}}
		}
		return b, nil
	}
	return n, done, func() { require.NoError(t, journal.Close()) }
}

// night runs a night on a file, or what is left of it.
func night(t require.TestingT, file string) *Night {
	n, done, end := quickly(t, file)
	defer end()
	sum, err := n.Run(context.Background(), done)
	require.NoError(t, err)
	return sum
}

// Wherever the file of a night ends because the program was killed, the night is gone on with: what
// was on the disk stays, no seed is run again but those of the batch under way, none is left out.
func TestKilledNightsGoOn(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	want := night(t, whole)
	require.Equal(t, 60*7, want.Runs)
	require.True(t, want.Canary.Found)
	require.Equal(t, 1, want.New())
	text, err := os.ReadFile(whole)
	require.NoError(t, err)
	n := 0
	check := func(t require.TestingT, cut int) {
		n++
		file := filepath.Join(dir, fmt.Sprint(n))
		require.NoError(t, os.WriteFile(file, text[:cut], 0o644))
		got := night(t, file)
		if cut == len(text) { // it had ended
			require.Equal(t, 2, got.Night)
			require.Equal(t, want.NextSeed, got.FirstSeed)
			return
		}
		require.Equal(t, want, got)
		again, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(text), string(again))
	}
	check(t, len(text)-1) // all is done, but for the end
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.IntRange(0, len(text)).Draw(t, "cut"))
	})
}

// The next night has other seeds and another canary, and says since when a failure is known.
func TestNightsFollowEachOther(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	first := night(t, file)
	second := night(t, file)
	require.Equal(t, first.NextSeed, second.FirstSeed)
	require.Equal(t, 2, second.Night)
	require.Equal(t, first.Runs+second.Runs, second.AllNights)
	require.Equal(t, Canaries[1], second.Canary.Defect)
	require.Zero(t, second.New())
}

// What a night was killed in the middle of counts as a part of the next, which has all its time.
func TestLateStartsHaveTheirTime(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	night(t, file)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, text[:len(text)/2], 0o644))
	n, done, end := quickly(t, file)
	defer end()
	batches := len(done) - 2 // but for the beginning and what became of the new failure
	late := time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)
	made := n.batch
	n.batch = func(ctx context.Context, l Lane, first uint64, known causes) (*Batch, error) {
		late = late.Add(time.Minute)
		return made(ctx, l, first, known)
	}
	n.now = func() time.Time { return late }
	sum, err := n.Run(t.Context(), done)
	require.NoError(t, err)
	require.Equal(t, (batches+60)*7, sum.Runs)
}

// The lanes get their shares, a canary that is not found is not looked for without end, and an
// interrupt ends a night in good order.
func TestSharesCanariesInterrupts(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	file := filepath.Join(t.TempDir(), "file")
	n, done, end := quickly(t, file)
	n.For = 1000 * time.Hour
	runs := 0
	n.batch = func(_ context.Context, l Lane, first uint64, _ causes) (*Batch, error) {
		if runs++; runs > 100+maxCanaryBatches {
			cancel()
		}
		return &Batch{Lane: l.Name, First: first, Count: 1, Verdicts: map[string]int{}}, nil
	}
	sum, err := n.Run(ctx, done)
	require.NoError(t, err)
	end()
	require.Equal(t, Canary{Defect: Canaries[0], Tried: maxCanaryBatches}, sum.Canary)
	for _, l := range sum.Lanes {
		require.Equal(t, l.Share, l.Runs, l.Name)
	}
	_, done, end = quickly(t, file)
	defer end()
	require.True(t, done[len(done)-1].End.Interrupted)
	require.Len(t, done, 100+maxCanaryBatches+2, "the batch under way is dropped")
}

// What cannot be a part of a night's file is refused, with its line.
func TestNightFilesAreLookedAt(t *testing.T) {
	const begin = `{"begin":{"night":1,"at":"2026-11-22T22:00:00Z","for_ns":1}}` + "\n"
	for text, want := range map[string]string{
		`{"end":{}}` + "\n":      "line 1: no night has begun",
		begin + begin:            "line 2: night 1 cannot begin here",
		begin + "{}\n":           "line 2: this says nothing",
		begin + "\n":             "line 2: EOF",
		begin + `{"x":1}` + "\n": `line 2: json: unknown field "x"`,
		begin + `{"batch":{"first":9,"count":2}}` + "\n" + `{"batch":{"first":10,"count":2}}` +
			"\n": "line 3: 2 seeds from 10 on, after those up to 10",
	} {
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		journal, done, err := OpenJournal(file, anyEntry)
		if err == nil {
			_, err = foldNights(done, 0)
			require.NoError(t, journal.Close())
		}
		require.ErrorContains(t, err, want)
	}
}

// Two programs cannot write the same file.
func TestJournalsHaveOneWriter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	journal, _, err := OpenJournal(file, anyEntry)
	require.NoError(t, err)
	_, _, err = OpenJournal(file, anyEntry)
	require.ErrorContains(t, err, "another program is at work on it")
	require.NoError(t, journal.Close())
	journal, _, err = OpenJournal(file, anyEntry)
	require.NoError(t, err)
	require.NoError(t, journal.Close())
}

// A real batch finds the planted defects, and explains them; under ideal, where nothing explains a
// failure, the same failures are new, and are shrunk.
func TestBatchesOfStorms(t *testing.T) {
	t.Parallel()
	var shown []string
	n := Nightly{Batch: 5, Shrink: time.Second, New: func(r *Result) {
		shown = append(shown, r.Signature)
	}}
	l := canaryLane(1)
	var stuck NightFailure // which another defect that this one needs may explain as well
	for first := uint64(6); !slices.Contains(stuck.Causes, "KUDU-1353"); first += 5 {
		require.Less(t, first, uint64(100))
		b, err := n.storms(t.Context(), l, first, nil)
		require.NoError(t, err)
		require.Equal(t, 5, b.Count)
		require.Len(t, b.Slowest, keptSlowest)
		is := func(f NightFailure) bool { return f.Signature == StuckAlter }
		if i := slices.IndexFunc(b.Failures, is); i >= 0 {
			stuck = b.Failures[i]
		}
	}
	require.Equal(t, "kudu_1353.plan", stuck.Kept)
	require.Empty(t, shown)

	g := &Group{Signature: StuckAlter, Count: 1, First: []*Result{mustRun(t, "storm",
		stuck.Seed, variant.Selection{Profile: "ideal", Defects: l.Select.Defects},
		Options{})}}
	g.First[0].Defects = nil // as if it were ideal
	f, err := explained(Lanes[0], g, causes{{"ideal", StuckAlter}: {"KUDU-1353"}})
	require.NoError(t, err)
	require.True(t, f.New)
	require.Equal(t, Unexplained, f.Cause)
	kept := map[string]Plan{}
	n.PutPlan = func(name string, p Plan) error { kept[name] = p; return nil }
	made := n.shrink(t.Context(), f)
	require.Empty(t, made.Error)
	require.Equal(t, []string{made.Plan}, slices.Collect(maps.Keys(kept)))
	require.Equal(t, StuckAlter, kept[made.Plan].Fails)
	n.PutPlan = func(string, Plan) error { return errors.New("the disk is full") }
	require.Equal(t, "the disk is full", n.shrink(t.Context(), f).Error)
}
