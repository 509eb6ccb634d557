package scenarios

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/checker"
	"tabletop/model/variant"
	"tabletop/nemesis"
	"tabletop/sim"
)

func mustRun(t *testing.T, name string, seed uint64, s variant.Selection, opts Options) *Result {
	p, err := Draw(name, seed, s)
	require.NoError(t, err)
	res, err := Run(p, opts)
	require.NoError(t, err)
	return res
}

// The sequences end stuck where they should and are cured by each solution; the narrower form that
// was adopted first does not cure KUDU-1353 alone.
func TestComparedVariants(t *testing.T) {
	t.Parallel()
	for _, sc := range Scenarios {
		for _, v := range sc.Compared {
			t.Run(sc.Name+"/"+v.Name, func(t *testing.T) {
				stuck := slices.Contains([]string{"kudu-0.7", "3' narrow", "kudu-head"}, v.Name)
				for seed := range uint64(10) {
					res := mustRun(t, sc.Name, seed, v.Select, Options{})
					if stuck {
						require.Equal(t, Fail, res.Verdict)
						i := slices.IndexFunc(res.Findings, func(f Finding) bool {
							return f.Signature == StuckAlter
						})
						require.GreaterOrEqual(t, i, 0, res.Signature)
						require.Contains(t, res.Findings[i].Detail, "is ALTERING to version 1")
						require.Contains(t, res.Findings[i].Detail, "no task is left")
					} else {
						require.Equal(t, Pass, res.Verdict, "seed %d: %s", seed, res.Detail)
					}
				}
			})
		}
	}
}

// A step of the script that misses its precondition makes the run vacuous, not green.
func TestMissedStepIsVacuous(t *testing.T) {
	for what, spoil := range map[string]func(*Plan){
		"another election": func(p *Plan) {
			p.Faults = append(p.Faults, nemesis.Fault{ID: 9, At: 15 * time.Second,
				Kind: nemesis.Elect, Target: "master-3"})
		},
		"a restart of master-1": func(p *Plan) {
			p.Faults = append(p.Faults, nemesis.Fault{ID: 9, At: 25 * time.Second,
				Kind: nemesis.Kill, Target: "master-1", For: time.Second})
		},
		"a wrong term":       func(p *Plan) { p.Faults[1].Term = 7 },
		"a step left out":    func(p *Plan) { p.Faults = slices.Delete(p.Faults, 1, 2) },
		"no table to report": func(p *Plan) { p.Ops[0].Replicas = 2 },
	} {
		t.Run(what, func(t *testing.T) {
			p, err := Draw("kudu-1353", 1, variant.Selection{})
			require.NoError(t, err)
			spoil(&p)
			res, err := Run(p, Options{})
			require.NoError(t, err)
			require.Equal(t, Vacuous, res.Verdict, res.Detail)
			require.NotEmpty(t, res.Detail)
		})
	}
}

// The unscripted nemesis finds the stuck alter, under its own signature; without the defect the
// same plan has none. The search begins where this generator is about to show it.
func TestStormsFindKUDU1353(t *testing.T) {
	t.Parallel()
	var found *Result
	_, err := Fuzz{Scenario: "storm", Select: variant.Selection{Profile: "kudu-0.7"}, First: 208,
		Count: 400, Each: func(r *Result) bool {
			if r.Stuck() && len(r.Findings) == 1 {
				if cured, err := passesWithout(r, "KUDU-1353"); err == nil && cured {
					found = r
				}
			}
			return found == nil
		}}.Run(t.Context())
	require.NoError(t, err)
	require.NotNil(t, found)
	require.Contains(t, Explain(found, StuckAlter), "KUDU-1353")
}

// These hazards of the masters and of durability are found with nothing else switched, too. The
// search begins where this generator is about to show them.
func TestHazardsAreFound(t *testing.T) {
	t.Parallel()
	for id, by := range map[string]struct {
		oracle string
		first  uint64
	}{
		"KUDU-1188": {checker.Linearizability, 320},
		"KUDU-2472": {checker.Availability, 0},
		"KUDU-1374": {checker.Liveness, 0},
		"KUDU-1353": {checker.Liveness, 0},
		"KUDU-2195": {checker.ElectionSafety, 0},
	} {
		t.Run(id, func(t *testing.T) {
			caught := false
			_, err := Fuzz{Scenario: "storm", Select: variant.Selection{Defects: []string{id}},
				First: by.first, Count: 1500, Each: func(r *Result) bool {
					for _, f := range r.Findings {
						caught = caught || strings.HasPrefix(f.Signature, by.oracle+"/")
					}
					return !caught
				}}.Run(t.Context())
			require.NoError(t, err)
			require.True(t, caught)
		})
	}
}

// Tracing and telling change nothing.
func TestObservingDoesNotChangeARun(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		s := variant.Selection{Profile: "kudu-0.7"}
		plain := mustRun(t, "storm", seed, s, Options{})
		events, lines := 0, 0
		watched := mustRun(t, "storm", seed, s, Options{
			Trace: func(sim.Record) { events++ }, Story: func(Line) { lines++ }})
		require.Equal(t, plain.Digest, watched.Digest)
		require.Equal(t, plain.Token, watched.Token)
		require.NotZero(t, events)
		require.NotZero(t, lines)
	}
}

// A fault that is taken out of a plan leaves what comes before it as it was, to the last event.
func TestTakingAFaultOutLeavesThePastAlone(t *testing.T) {
	t.Parallel()
	p, err := Draw("storm", 5, variant.Selection{})
	require.NoError(t, err)
	last := len(p.Faults) - 1
	removed := p.Faults[last]
	fewer := p
	fewer.Faults = p.Faults[:last]
	trace := func(p Plan) (lines []string) {
		_, err := Run(p, Options{Trace: func(r sim.Record) {
			if r.At < sim.Time(removed.At) {
				lines = append(lines, fmt.Sprint(r.At, r.Topic, r.Text))
			}
		}})
		require.NoError(t, err)
		return lines
	}
	all := trace(p)
	require.Greater(t, len(all), 1000)
	require.Equal(t, all, trace(fewer))
}

// A run with nothing to disturb, or nobody to disturb, is not green.
func TestInertRunsAreVacuous(t *testing.T) {
	t.Parallel()
	p, err := Draw("storm", 3, variant.Selection{})
	require.NoError(t, err)
	calm := p
	calm.Faults = nil
	res, err := Run(calm, Options{})
	require.NoError(t, err)
	require.Equal(t, Vacuous, res.Verdict)
	require.Equal(t, "no fault had an effect", res.Detail)

	for what, fault := range map[string]nemesis.Fault{
		"a step-down before anybody leads": {At: time.Millisecond, Kind: nemesis.StepDown,
			Target: "master-1"},
		"a partition that cuts nothing": {At: 20 * time.Second, Kind: nemesis.Partition,
			Target: "ts-1", From: "ts-1", Dir: "both", For: time.Second},
		"a partition of who says nothing": {At: time.Millisecond, Kind: nemesis.Partition,
			Target: "client-1", From: "clients", Dir: "both", For: time.Second},
		"a kill of a dead node": {At: 20 * time.Second, Kind: nemesis.Kill, Target: "master-4",
			For: time.Second},
		"a pause that holds nothing up": {At: 20 * time.Second, Kind: nemesis.Pause,
			Target: "master-4", For: time.Second},
	} {
		inert := p
		fault.ID = 1
		inert.Faults = []nemesis.Fault{fault}
		inert.Select.Options = append(slices.Clone(inert.Select.Options), "masters=3",
			"spare-masters=1")
		res, err = Run(inert, Options{})
		require.NoError(t, err)
		require.Equal(t, Vacuous, res.Verdict, what)
		require.Equal(t, "no fault had an effect", res.Detail, what)
	}

	idle := p // nor is one whose operations never overlap
	idle.Ops = slices.Clone(p.Ops)
	for i := range idle.Ops {
		idle.Ops[i].Client = 1
		idle.Ops[i].NoWait = true
	}
	res, err = Run(idle, Options{})
	require.NoError(t, err)
	require.Equal(t, Vacuous, res.Verdict)
	require.Contains(t, res.Detail, "overlapped")

	idle.Ops = nil
	res, err = Run(idle, Options{})
	require.NoError(t, err)
	require.Equal(t, Vacuous, res.Verdict)
	require.Contains(t, res.Detail, "overlapped")
}

func TestPlansReadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"storm", "kudu-1353", "kudu-1353-rename"}).Draw(rt, "scenario")
		s := variant.Selection{Profile: "kudu-1.0", Defects: []string{"KUDU-1374"},
			Without: []string{"L1"}, Options: []string{"fix=none"}}
		p, err := Draw(name, rapid.Uint64().Draw(rt, "seed"), s)
		require.NoError(rt, err)
		p.Skip = []string{checker.UniqueName}
		p.Fails = "liveness/table/alter-stuck"
		got, err := ParsePlan(strings.NewReader("# a comment\n\n" + p.String() + "\n# the end\n"))
		require.NoError(rt, err)
		require.Equal(rt, p.String(), got.String())
		p.drawn = nil
		require.Equal(rt, p, got)
	})
}

func TestBadPlansNameTheLine(t *testing.T) {
	const head = "tabletop-plan 1\nscenario storm\nheal 1m\n"
	for text, want := range map[string]string{
		"":                                 "line 1: want \"tabletop-plan 1\"",
		"hello":                            "line 1: want \"tabletop-plan 1\"",
		"tabletop-plan 9":                  "line 1: plan format 9; this program reads format 1",
		head + "nonsense x":                "line 4: unknown item \"nonsense\"",
		head + "seed x":                    "line 4: bad seed \"x\"",
		head + "heal -3s":                  "line 4: bad time \"-3s\"",
		head + "heal 99999h":               "line 4: bad time",
		head + "op 1 at=1s client-1 grow":  "line 4: unknown operation \"grow\"",
		head + "op 1 at=-1s client-1 list": "line 4: bad word \"at=-1s\"",
		head + "op 1 at=1s client-9 list":  "operation 1: there is no client-9",
		head + "op 1 at=1s client-1 list\nop 1 at=1s client-1 list": "operation 1 stands twice",
		head + "op 1 at=1s client-1 create t":                       "line 4: create: want columns",
		head + "op 1 at=1s client-1 alter t jump:b":                 "bad word \"jump:b\"",
		head + "fault 1 at=1s dance ts-1":                           "line 4: unknown fault \"dance\"",
		head + "fault 1 at=1s kill ts-1 for=-1s":                    "line 4: bad word \"for=-1s\"",
		head + "fault 1 at=1s kill ts-1 dir=in":                     "line 4: kill: bad word \"dir=in\"",
		head + "fault 1 at=-1s kill ts-1":                           "line 4: bad word \"at=-1s\"",
		head + "fault 1 at=1s slow ts-1 by=-1ms":                    "line 4: slow: want a value",
		head + "fault 1 at=1s lossy ts-1 ppm=-7":                    "line 4: lossy: want a value",
		head + "fault 1 at=1s kill ts-1\nfault 1 at=1s kill ts-2":   "fault 1 stands twice",
		head + "option tablet-creation-timeout=-1s":                 "want a duration from 0s",
		head + "fails nonsense/table/x":                             "unknown oracle \"nonsense\"",
		head + "\x00\xff\x00":                                       "line 4: ",
		head + strings.Repeat("x", 2<<20):                           "line 4: the line is longer than",
		head + "fault 1 at=1s kill-at master-1 point=x":             "unknown point \"x\"",
		head + "fault 1 at=1s kill\n":                               "line 4: want ID at=DURATION",
		head + "profile kudu-9":                                     "unknown profile \"kudu-9\"",
		head + "option masters=4":                                   "option masters=4",
		head + "skip nobody":                                        "unknown oracle \"nobody\"",
		"tabletop-plan 1\nscenario tempest\nheal 1m":                "unknown scenario \"tempest\"",
		"tabletop-plan 1\nscenario kudu-1353\nheal 1m":              "kudu-1353 wants 2 operations",
		"tabletop-plan 1\nscenario storm":                           "want a line \"heal DURATION\"",
	} {
		_, err := ParsePlan(strings.NewReader(text))
		require.ErrorContains(t, err, want, text)
	}
	p, err := ParsePlan(strings.NewReader(head + "fault 1 at=1s kill nobody"))
	require.NoError(t, err)
	_, err = Run(p, Options{})
	require.ErrorContains(t, err, "fault 1: unknown target \"nobody\"")
}

// A token of another version of the generator says so, and which.
func TestTokensOfAnotherGenerator(t *testing.T) {
	e := tokenWriter{b: []byte{tokenSeed}}
	e.uint(GeneratorVersion - 1)
	e.b = binary.LittleEndian.AppendUint32(e.b, crc32.ChecksumIEEE(e.b))
	_, err := ParseToken("tt1_" + base64.RawURLEncoding.EncodeToString(e.b))
	require.ErrorContains(t, err, fmt.Sprintf("token of generator %d; this program has generator %d",
		GeneratorVersion-1, GeneratorVersion))
}

// A plan that was changed by hand has a token too, and a replay of either goes as the token says.
func TestTokensNameRuns(t *testing.T) {
	drawn, err := Draw("storm", 77, variant.Selection{Profile: "kudu-0.7"})
	require.NoError(t, err)
	edited := drawn
	edited.drawn = nil
	edited.Faults = edited.Faults[1:]
	for what, p := range map[string]Plan{"a seed": drawn, "a plan": edited} {
		t.Run(what, func(t *testing.T) {
			res, err := Run(p, Options{})
			require.NoError(t, err)
			token, err := ParseToken(res.Token)
			require.NoError(t, err)
			require.Equal(t, p.String(), token.Plan.String())
			again, err := Replay(token, Options{})
			require.NoError(t, err)
			require.Empty(t, again.Diverged)
			require.Equal(t, res.Digest, again.Digest)
			require.Equal(t, res.Token, again.Token)
			require.Less(t, len(res.Token), 8000) // as long as a line may be that one copies
		})
	}
}

// A replay that goes another way says so, and where.
func TestDivergenceIsNoticed(t *testing.T) {
	res := mustRun(t, "storm", 8, variant.Selection{}, Options{})
	token, err := ParseToken(res.Token)
	require.NoError(t, err)
	token.Fingerprint.Digest++
	token.Fingerprint.Sums[4]++
	again, err := Replay(token, Options{})
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("between %v and %v", 4*token.Fingerprint.Interval,
		5*token.Fingerprint.Interval), again.Diverged)
}

func TestBadTokens(t *testing.T) {
	good := mustRun(t, "kudu-1353", 1, variant.Selection{}, Options{}).Token
	flipped := []byte(good)
	flipped[len(flipped)/2] ^= 1
	for word, want := range map[string]string{
		"":                           "is no token",
		"hello":                      "is no token",
		"tt9_" + good[4:]:            "token of format 9; this program reads format 1",
		good[:len(good)-3]:           "is damaged",
		good + "AAAA":                "is damaged",
		string(flipped):              "is damaged",
		"tt1_!!!":                    "is damaged",
		"tt1_":                       "is damaged",
		"tt1_" + good[4:20] + "....": "is damaged",
	} {
		_, err := ParseToken(word)
		require.ErrorContains(t, err, want, word)
	}
}

func TestParseTokenNeverPanics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "bytes")
		r := tokenReader{b: body}
		r.plan()
		_ = r.uint64()
	})
}
