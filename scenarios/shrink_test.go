package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/client"
	"tabletop/model/variant"
)

// failing returns a storm that fails, and how.
func failing(t *testing.T) (Plan, string) {
	d := Detect{Count: 200}
	at, err := d.Run(t.Context(), begin(t, d, "KUDU-1358"))
	require.NoError(t, err)
	require.True(t, at.Found())
	token, err := ParseToken(at.Token)
	require.NoError(t, err)
	return token.Plan, at.Signature
}

// A storm of hundreds of lines comes down to a few, which fail in the same way, say all that a seed
// drew, and are the same however many are tried at a time.
func TestShrinkingIsDeterministic(t *testing.T) {
	t.Parallel()
	p, signature := failing(t)
	var texts []string
	for _, workers := range []int{1, 3} {
		s, err := Shrink{Workers: workers, Tries: 80}.Run(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, signature, s.Signature)
		require.LessOrEqual(t, s.Tries, 80+1+someSeeds)
		require.Less(t, s.After.Faults+s.After.Ops, (s.Before.Faults+s.Before.Ops)/10)
		res, err := Run(s.Plan, Options{})
		require.NoError(t, err)
		require.True(t, res.shows(signature))
		texts = append(texts, s.Plan.String())
	}
	require.Equal(t, texts[0], texts[1])
	read, err := ParsePlan(strings.NewReader(texts[0]))
	require.NoError(t, err)
	require.NoError(t, read.Recheck())
}

// What an end in between leaves is the best so far.
func TestShrinkingKeepsTheBest(t *testing.T) {
	t.Parallel()
	p, signature := failing(t)
	ctx, cancel := context.WithCancel(t.Context())
	var best Shrunk
	s, err := Shrink{Workers: 1, Step: func(s Shrunk) {
		best = s
		if s.Tries > 20 {
			cancel()
		}
	}}.Run(ctx, p)
	require.NoError(t, err)
	require.False(t, s.Smallest)
	require.Equal(t, best.After.Ops, s.After.Ops)
	require.Equal(t, signature, s.Plan.Fails)
	require.Less(t, s.After.Ops, s.Before.Ops)
}

func TestWhatDoesNotFailIsNotShrunk(t *testing.T) {
	t.Parallel()
	calm, err := Draw("storm", 2, variant.Selection{})
	require.NoError(t, err)
	calm.Ops = nil
	_, err = Shrink{}.Run(t.Context(), calm)
	require.ErrorContains(t, err, "does not fail: it ends as vacuous")
	p, _ := failing(t)
	_, err = Shrink{Signature: "liveness/table/alter-stuck"}.Run(t.Context(), p)
	require.ErrorContains(t, err, "does not fail with liveness/table/alter-stuck: it ends as fail")
}

// Whatever a plan says is made simpler word by word; what comes back as more is not simpler.
func TestSimplerLines(t *testing.T) {
	for line, want := range map[string][]string{
		"1 at=4s client-1 create t columns=k,a tablets=2 replicas=1": {"tablets=1", "columns=k "},
		"1 at=4s client-1 alter t add:b drop:c no-wait": {"alter t drop:c",
			"alter t add:b no-wait"},
		"2 at=4s client-1 upsert t keys=0,40": {"keys=0", "keys=40"},
	} {
		var p Plan
		require.NoError(t, p.parseOp(strings.Fields(line)))
		var all []string
		for _, simpler := range (&shrinker{out: Shrunk{Plan: p}}).simpler(0) {
			all = append(all, simpler.Ops[0].String()+" ")
			require.NotContains(t, all[len(all)-1], "replicas=3")
		}
		for _, w := range want {
			require.Contains(t, strings.Join(all, "\n"), w, line)
		}
	}
	require.Equal(t, []time.Duration{time.Second, 3 * time.Second, 3200 * time.Millisecond},
		rounder(3210*time.Millisecond, time.Second)[:3])
}

// A test that is written compiles, passes as the system is, and fails with the defect.
func TestWrittenTestsRun(t *testing.T) {
	t.Parallel()
	p, err := ReadPlanFile("testdata/regressions/kudu_2472.plan")
	require.NoError(t, err)
	dir := t.TempDir()
	written := filepath.Join(dir, "written_test.go")
	f, err := os.Create(written)
	require.NoError(t, err)
	require.NoError(t, WriteTest(f, p, "Written"))
	require.NoError(t, f.Close())
	place, err := filepath.Abs("regress/written_test.go")
	require.NoError(t, err)
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {place: written}})
	require.NoError(t, err)
	overlaid := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(overlaid, overlay, 0o644))
	binary := filepath.Join(dir, "regress.test")
	run := func(name string, args ...string) (string, error) {
		out, err := exec.Command(name, args...).CombinedOutput()
		return string(out), err
	}
	out, err := run("go", "test", "-c", "-o", binary, "-overlay", overlaid, "./regress")
	require.NoError(t, err, out)
	out, err = run(binary, "-test.run=^TestWritten$", "-test.v")
	require.NoError(t, err, out)
	require.Contains(t, out, "--- PASS: TestWritten")
	out, err = run(binary, "-test.run=^TestWritten$", "-broken")
	require.Error(t, err)
	require.Contains(t, out, p.Fails)
	require.Contains(t, out, "client-1 creates t")
}

// The parts that are kept are smaller than the plan, the smallest first, have every table created,
// and leave nothing out that could be in none of them.
func TestPartsOfAPlan(t *testing.T) {
	t.Parallel()
	p, _ := failing(t)
	parts := p.parts()
	require.NotEmpty(t, parts)
	once := func(p Plan) (created []string) {
		for _, o := range p.Ops {
			if o.Kind == client.Create && !slices.Contains(created, o.Name) {
				created = append(created, o.Name)
			}
		}
		return created
	}
	seen, last := map[string]bool{}, 0
	for _, part := range parts {
		n := len(part.items())
		require.Less(t, n, len(p.items()))
		require.GreaterOrEqual(t, n, last)
		require.Equal(t, once(p), once(part))
		last = n
		for _, i := range part.items() {
			seen[fmt.Sprint(i.at(), i.groups())] = true
		}
	}
	for _, i := range p.items() {
		require.True(t, seen[fmt.Sprint(i.at(), i.groups())], i)
	}
}
