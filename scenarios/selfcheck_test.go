package scenarios

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
	"tabletop/sim"
)

// unsteady carries out a plan; from its second call on, a fault is missing.
func unsteady(t *testing.T) func(Options) (*Result, error) {
	p, err := Draw("storm", 5, variant.Selection{})
	require.NoError(t, err)
	return func(o Options) (*Result, error) {
		res, err := Run(p, o)
		p.Faults = p.Faults[:len(p.Faults)-1]
		return res, err
	}
}

func TestSelfCheckOfASteadyRun(t *testing.T) {
	t.Parallel()
	s := variant.Selection{Profile: "kudu-0.7"}
	plain := mustRun(t, "storm", 11, s, Options{})
	records, lines := 0, 0
	checked := mustRun(t, "storm", 11, s, Options{SelfCheck: true,
		Trace: func(sim.Record) { records++ }, Story: func(Line) { lines++ }})
	require.Greater(t, records, 1000)
	require.Equal(t, records, checked.Repeated)
	require.NotZero(t, lines)
	require.Equal(t, ending(plain), endingWithoutCount(checked))

	p, err := Draw("storm", 11, s)
	require.NoError(t, err)
	quick, err := runQuickly(p, Options{SelfCheck: true})
	require.NoError(t, err)
	require.Equal(t, ending(plain), ending(quick))
}

func endingWithoutCount(r *Result) string {
	plain := *r
	plain.Repeated = 0
	return ending(&plain)
}

func TestSelfCheckNamesTheFirstDifference(t *testing.T) {
	t.Parallel()
	const want = `^after \d{4,} equal records: once [0-9.ms]+ \S+: \S+ .*; again [0-9.ms]+ \S+: \S+ .*$`
	res, err := SelfCheck(Options{}, unsteady(t))
	require.NoError(t, err)
	require.Equal(t, Diverged, res.Verdict)
	require.Regexp(t, want, res.Detail)
	require.Zero(t, res.Repeated)

	// So does one that compares ends first.
	res, err = checkEnds(Options{}, unsteady(t))
	require.NoError(t, err)
	require.Equal(t, Diverged, res.Verdict)
	require.Regexp(t, want, res.Detail)
}

// Events that read alike, results that differ in spite of equal events, and a difference that does
// not come back when it is looked for are told as what they are.
func TestSelfCheckOfOddDifferences(t *testing.T) {
	calls := 0
	check := func(check func(Options, func(Options) (*Result, error)) (*Result, error),
		run func(Options) *Result) string {
		calls = 0
		res, err := check(Options{}, func(o Options) (*Result, error) {
			calls++
			return run(o), nil
		})
		require.NoError(t, err)
		require.Equal(t, Diverged, res.Verdict)
		return res.Detail
	}
	require.Equal(t, "after 0 equal records: 1.000000001s ts-1: sent a message, "+
		"once with digest 0000000000000001, again with 0000000000000002",
		check(SelfCheck, func(o Options) *Result {
			o.Trace(sim.Record{At: sim.Time(time.Second + 1), Node: "ts-1", Topic: "sent",
				Text: "a\n message", Digest: uint64(calls)})
			return &Result{}
		}))
	require.Equal(t, "after 0 equal records: once the run was over; again 1ms world: step callback",
		check(SelfCheck, func(o Options) *Result {
			if calls == 2 {
				o.Trace(sim.Record{At: sim.Time(time.Millisecond), Topic: sim.Step, Text: "callback"})
			}
			return &Result{}
		}))
	require.Contains(t, check(SelfCheck, func(Options) *Result {
		return &Result{Digest: "d", Stats: Stats{DDL: calls}}
	}), "after 0 equal records: the digests are equal but the results are not: once ")
	require.Equal(t, "once the run ended with digest a, again with b; two more runs, which were "+
		"traced, are equal", check(checkEnds, func(Options) *Result {
		return &Result{Digest: string("abcc"[calls-1])}
	}))
}

// Where the stack of a panic lies is no difference.
func TestSelfCheckIgnoresStacks(t *testing.T) {
	a := &Result{Detail: "panic: x\ngoroutine 1 [running]", WallNS: 1,
		Findings: []Finding{{Detail: "panic: x\ngoroutine 1 [running]"}}}
	b := &Result{Detail: "panic: x\ngoroutine 2 [running]", WallNS: 2,
		Findings: []Finding{{Detail: "panic: x\ngoroutine 2 [running]"}}}
	require.Equal(t, ending(a), ending(b))
	require.Contains(t, a.Findings[0].Detail, "running")
	b.Findings[0].Detail = "panic: y\ngoroutine 1 [running]"
	require.NotEqual(t, ending(a), ending(b))
}
