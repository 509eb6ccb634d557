package scenarios

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A try that ends where the plan had failed fails as before, and costs less where nothing fails.
func TestTriesEndWhereThePlanFailed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/regressions/*.plan")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	cheaper := 0
	for _, file := range files {
		p, err := ReadPlanFile(file)
		require.NoError(t, err)
		s := shrinker{Shrink: Shrink{Signature: p.Fails}, out: Shrunk{Plan: p}}
		s.best, err = Run(p, Options{})
		require.NoError(t, err)
		cut, err := Run(p, s.cut())
		require.NoError(t, err)
		require.True(t, cut.shows(p.Fails), file)
		whole, err := Run(p.without(p.Select.Defects[0]), Options{})
		require.NoError(t, err)
		cut, err = Run(p.without(p.Select.Defects[0]), s.cut())
		require.NoError(t, err)
		require.Empty(t, cut.Findings, file)
		require.LessOrEqual(t, cut.Events, whole.Events, file)
		if cut.Events < whole.Events {
			cheaper++
		}
	}
	require.Greater(t, cheaper, len(files)/2)
}

// Where a client's operation comes while it waits for another's answer, it may as well come when
// that is there.
func TestOperationsComeWhenTheyAreCalled(t *testing.T) {
	t.Parallel()
	p, signature := failing(t)
	p = tidy(p)
	res, err := Run(p, Options{})
	require.NoError(t, err)
	called, err := p.calls()
	require.NoError(t, err)
	later := p.at(called, false)
	require.NotEqual(t, p.String(), later.String())
	again, err := Run(later, Options{})
	require.NoError(t, err)
	require.Equal(t, res.Digest, again.Digest)
	only := p.at(called, true)
	require.Len(t, only.Ops, len(called))
	again, err = Run(only, Options{})
	require.NoError(t, err)
	require.True(t, again.shows(signature))
	require.Equal(t, map[int]time.Duration{1: 0, 2: time.Second}, callsOf(t, `tabletop-plan 1
scenario storm
seed 1
heal 2s
op 1 at=0s client-1 list
op 2 at=1s client-1 list
op 3 at=2h client-1 list
`))
}

func callsOf(t *testing.T, text string) map[int]time.Duration {
	p, err := ParsePlan(strings.NewReader(text))
	require.NoError(t, err)
	called, err := p.calls()
	require.NoError(t, err)
	return called
}

// A log of some length takes many operations, or fewer that write more.
func TestOperationsAreJoined(t *testing.T) {
	t.Parallel()
	p, err := ParsePlan(strings.NewReader(`tabletop-plan 1
scenario storm
seed 35
defect majority-behind
option tservers=4
option clients=1
option masters=1
option log-segment-size=256
option max-log-segments=1
fails configuration/tablet/majority-behind
heal 1.54s
op 1 at=1s client-1 create t2 columns=k tablets=1 replicas=3
op 2 at=1.04s client-1 upsert t2 keys=1
op 3 at=1.04s client-1 upsert t2 keys=1
op 4 at=1.04s client-1 upsert t2 keys=1
op 5 at=1.04s client-1 upsert t2 keys=1
op 6 at=1.04s client-1 upsert t2 keys=1
op 7 at=1.04s client-1 upsert t2 keys=0
fault 1 at=1.04s partition ts-2
fault 2 at=1.54s change-config ts-3 tablet=t2 change=remove
`))
	require.NoError(t, err)
	s := shrinker{Shrink: Shrink{Signature: p.Fails}, ctx: t.Context(),
		out: Shrunk{Plan: p}, tried: map[uint64]bool{}, seeds: someSeeds}
	s.best, err = Run(p, Options{})
	require.NoError(t, err)
	require.True(t, s.best.shows(p.Fails))
	require.True(t, s.joined())
	require.Less(t, len(s.plan().Ops), 7)
	require.Contains(t, s.plan().String(), "keys=0,40,80,120,160,200,240,280")
}
