package scenarios

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed testdata/regressions/*.plan
var corpusFiles embed.FS

// corpus returns the plans that are kept for failures, with their names.
var corpus = sync.OnceValues(func() ([]Plan, error) {
	files, err := corpusFiles.ReadDir("testdata/regressions")
	if err != nil {
		return nil, err
	}
	var all []Plan
	for _, f := range files {
		text, err := corpusFiles.ReadFile("testdata/regressions/" + f.Name())
		if err != nil {
			return nil, err
		}
		p, err := ParsePlan(strings.NewReader(string(text)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		p.file = f.Name()
		all = append(all, p)
	}
	return all, nil
})

// storms runs a batch of a lane, and explains its failures.
func (n Nightly) storms(ctx context.Context, l Lane, first uint64, known causes) (*Batch, error) {
	began := time.Now()
	b := &Batch{Lane: l.Name, First: first, Probes: map[string]int{}}
	sum, err := Fuzz{Scenario: "storm", Select: l.Select, First: first, Count: n.Batch,
		Workers: n.Workers, Each: func(r *Result) bool {
			b.Slowest = slowest(append(b.Slowest, SlowSeed{l.Name, r.Seed, r.WallNS, r.Events}))
			if n.Each != nil {
				n.Each(r)
			}
			return true
		}}.Run(ctx)
	if err != nil || ctx.Err() != nil {
		return nil, err
	}
	b.Count, b.Verdicts, b.VirtualNS = sum.Runs, sum.Verdicts, int64(sum.Virtual)
	for _, p := range sum.Probes() {
		if p.Runs > 0 {
			b.Probes[p.Name] = p.Runs
		}
	}
	b.Failures = make([]NightFailure, len(sum.Groups))
	var failed error
	var mu sync.Mutex
	n.atOnce(ctx, len(sum.Groups), func(i int) {
		res := sum.Groups[i].shown()
		f, err := explained(l, sum.Groups[i], known)
		mu.Lock()
		defer mu.Unlock()
		b.Failures[i] = f
		if err != nil {
			failed = err
		} else if f.New && n.New != nil {
			n.New(res)
		}
	})
	b.WallNS = time.Since(began).Nanoseconds()
	return b, failed
}

// atOnce does things on all workers, until the context ends.
func (n Nightly) atOnce(ctx context.Context, count int, do func(i int)) {
	next := make(chan int)
	var wg sync.WaitGroup
	for range workers(n.Workers) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := 0; i < count && ctx.Err() == nil; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
}

// shown returns the run that a group is looked at by: the first, or the first that shows nothing
// else.
func (g *Group) shown() *Result {
	i := slices.IndexFunc(g.First, func(r *Result) bool { return len(r.Findings) == 1 })
	return g.First[max(0, i)]
}

// explained says what is known of the failures of a batch that show one signature, by one of them.
// Nothing explains a failure where no defect is on. Causes that explained others of that signature
// before, in this lane or in the corpus, are tried first.
func explained(l Lane, g *Group, known causes) (NightFailure, error) {
	res := g.shown()
	f := NightFailure{Lane: l.Name, Signature: g.Signature, Runs: g.Count, Seed: res.Seed,
		Token: res.Token}
	plans, err := corpus()
	if err != nil {
		return f, err
	}
	hints := slices.Clone(known[[2]string{l.Name, g.Signature}])
	for _, p := range plans {
		if p.Fails == g.Signature {
			hints = append(hints, p.Select.Defects...)
		}
	}
	f.Causes = firstCause(res, g.Signature, hints)
	if f.Cause = strings.Join(f.Causes, " or "); f.Cause == "" {
		f.Cause = unexplained(res, g.Signature)
		f.New = f.Cause == Unexplained
	}
	for _, p := range plans {
		if p.Fails == g.Signature && meets(p.Select.Defects, f.Causes) {
			f.Kept = p.file
		}
	}
	return f, nil
}

// firstCause returns the first of the hints that explains a failure, or else all defects that do.
func firstCause(res *Result, signature string, hints []string) []string {
	for i, id := range hints {
		if !slices.Contains(hints[:i], id) && slices.Contains(res.Defects, id) &&
			goneWithout(res, signature, id) {
			return []string{id}
		}
	}
	return causesOf(res, signature)
}

func meets(a, b []string) bool {
	return slices.ContainsFunc(a, func(id string) bool { return slices.Contains(b, id) })
}

// shrink makes a plan of a new failure.
func (n Nightly) shrink(ctx context.Context, f NightFailure) *NightPlan {
	p := &NightPlan{Lane: f.Lane, Signature: f.Signature}
	s, err := n.shrunk(ctx, f)
	if err == nil {
		name := fmt.Sprintf("%s-%s-%d.plan", f.Lane, strings.ReplaceAll(f.Signature, "/", "-"),
			f.Seed)
		p.Plan, p.Lines, err = name, s.After.Lines, n.PutPlan(name, s.Plan)
	}
	if err != nil {
		p.Plan, p.Error = "", err.Error()
	}
	return p
}

func (n Nightly) shrunk(ctx context.Context, f NightFailure) (Shrunk, error) {
	token, err := ParseToken(f.Token)
	if err != nil {
		return Shrunk{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, n.Shrink)
	defer cancel()
	return Shrink{Signature: f.Signature, Workers: n.Workers}.Run(ctx, token.Plan)
}
