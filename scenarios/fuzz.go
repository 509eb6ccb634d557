package scenarios

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"tabletop/checker"
	"tabletop/model/variant"
)

// Fuzz runs many seeds of a scenario, many at once.
type Fuzz struct {
	Scenario string
	Select   variant.Selection
	First    uint64 // seed
	Count    int    // of seeds; 0: until the context ends
	Workers  int    // 0: one per processor
	Skip     []string
	// Options are those of every run. What receives events must bear being called by many runs at
	// once. A self-check compares how two runs ended, and events only if that differs.
	Options Options
	// Each receives every result, in the order of the seeds, one at a time. It returns false to
	// stop.
	Each func(*Result) bool

	ablate string // a defect: of each run that fails, say whether it is cured without
}

// Run runs the seeds and sums up. It returns an error if the selection is not known, or if some
// plan cannot be carried out with it.
func (f Fuzz) Run(ctx context.Context) (*Summary, error) {
	if _, err := Draw(f.Scenario, f.First, f.Select); err != nil {
		return nil, err
	}
	if err := checker.CheckNames(f.Skip); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	sum := newSummary()
	var failed error
	for o := range f.inOrder(f.work(ctx)) {
		if o.err != nil && failed == nil {
			failed = o.err
			cancel()
		}
		if failed != nil {
			continue
		}
		res := o.res
		if ctx.Err() != nil && f.Count > 0 && sum.stopped {
			continue
		}
		sum.add(res)
		if f.Each != nil && !f.Each(res) {
			sum.stopped = true
			cancel()
		}
	}
	sum.Wall = time.Since(began)
	return sum, failed
}

// outcome is the result of the i-th seed, or why there is none.
type outcome struct {
	i   int
	res *Result
	err error
}

// work runs the seeds on all workers.
func (f Fuzz) work(ctx context.Context) <-chan outcome {
	workers := f.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	out := make(chan outcome, workers)
	var next int
	var mu sync.Mutex
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil || f.Count > 0 && next >= f.Count {
			return 0, false
		}
		next++
		return next - 1, true
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				res, err := f.runSeed(f.First + uint64(i))
				out <- outcome{i, res, err}
			}
		})
	}
	go func() { wg.Wait(); close(out) }()
	return out
}

// inOrder hands results on in the order of the seeds.
func (f Fuzz) inOrder(outcomes <-chan outcome) func(func(outcome) bool) {
	return func(yield func(outcome) bool) {
		waiting := map[int]outcome{}
		next, on := 0, true
		for o := range outcomes {
			waiting[o.i] = o
			for ready, ok := waiting[next]; ok; ready, ok = waiting[next] {
				delete(waiting, next)
				next++
				on = on && yield(ready)
			}
		}
	}
}

func (f Fuzz) runSeed(seed uint64) (*Result, error) {
	p, err := Draw(f.Scenario, seed, f.Select)
	if err != nil {
		return nil, err
	}
	p.Skip = f.Skip
	began := time.Now()
	res, err := runQuickly(p, f.Options)
	if err != nil {
		return nil, err
	}
	res.WallNS = time.Since(began).Nanoseconds()
	if f.ablate != "" && res.Verdict == Fail {
		res.exact, res.needed = namedBy(res, f.ablate)
		res.cured, err = passesWithout(res, f.ablate)
	}
	return res, err
}

// Summary is what many runs say together.
type Summary struct {
	Runs     int
	Verdicts map[string]int
	Groups   []*Group // of failures, by signature, the most frequent first
	Wall     time.Duration
	Virtual  time.Duration
	Events   uint64
	Vacuous  map[string]int // why, how often

	storms, faults, changes, ddl, overlaps, tables []int

	histories []int                    // microseconds to judge each
	steps     []int                    // of Porcupine
	probes    map[string]int           // in how many runs
	times     map[Time][]time.Duration // by all but Took
	inert     map[string][2]int        // by kind: effective, all
	stopped   bool
}

// Group is all runs that show one signature; a run may show several.
type Group struct {
	Signature string
	Count     int
	First     []*Result // some of them: the first, and the first that shows nothing else
	FirstRun  int       // how many runs it took to the first
	Cause     string    // what ablation says; empty: not asked
	alone     bool      // First has a run that shows nothing else
}

const keptPerGroup = 5

func newSummary() *Summary {
	return &Summary{Verdicts: map[string]int{}, Vacuous: map[string]int{},
		inert: map[string][2]int{}, probes: map[string]int{},
		times: map[Time][]time.Duration{}}
}

func (s *Summary) add(r *Result) {
	s.Runs++
	s.Verdicts[r.Verdict]++
	s.Virtual += time.Duration(r.VirtualNS)
	s.Events += r.Events
	s.storms = append(s.storms, int(r.Stats.Storm/time.Second))
	s.faults = append(s.faults, r.Stats.Effective)
	s.changes = append(s.changes, r.Stats.LeaderChanges)
	s.ddl = append(s.ddl, r.Stats.DDL)
	s.overlaps = append(s.overlaps, r.Stats.Overlaps)
	s.tables = append(s.tables, r.Stats.Tables)
	s.histories = append(s.histories, int(r.HistoryNS/1000))
	s.steps = append(s.steps, r.Stats.CheckSteps)
	for _, t := range r.Times {
		key := t
		key.Took = 0
		s.times[key] = append(s.times[key], t.Took)
	}
	for name := range r.Probes {
		s.probes[name]++
	}
	for _, rec := range r.records {
		counts := s.inert[string(rec.Fault.Kind)]
		counts[1]++
		if !rec.Inert() {
			counts[0]++
		}
		s.inert[string(rec.Fault.Kind)] = counts
	}
	switch r.Verdict {
	case Fail:
		s.fail(r)
	case Vacuous:
		s.Vacuous[r.Detail]++
	}
}

// fail counts a run under every signature it shows.
func (s *Summary) fail(r *Result) {
	for _, f := range r.Findings {
		s.group(f.Signature, r)
	}
}

func (s *Summary) group(signature string, r *Result) {
	i := slices.IndexFunc(s.Groups, func(g *Group) bool { return g.Signature == signature })
	if i < 0 {
		i = len(s.Groups)
		s.Groups = append(s.Groups, &Group{Signature: signature, FirstRun: s.Runs})
	}
	g := s.Groups[i]
	g.Count++
	if alone := len(r.Findings) == 1; len(g.First) < keptPerGroup || alone && !g.alone {
		g.First = append(g.First, r)
		g.alone = g.alone || alone
	}
}

// Sort puts the most frequent signatures first.
func (s *Summary) Sort() {
	slices.SortStableFunc(s.Groups, func(a, b *Group) int { return cmp.Compare(b.Count, a.Count) })
}

// Distribution is the spread of one figure over runs.
type Distribution struct {
	Name             string `json:"name"`
	P10, Median, P90 int
}

// Distributions tell how much of a test the runs were.
func (s *Summary) Distributions() []Distribution {
	of := func(name string, values []int) Distribution {
		return Distribution{name, percentile(values, 10), median(values), percentile(values, 90)}
	}
	return []Distribution{
		of("virtual seconds of storm", s.storms), of("effective faults", s.faults),
		of("changes of the leader master", s.changes), of("DDL operations", s.ddl),
		of("overlapping pairs on one name", s.overlaps), of("tables created", s.tables),
	}
}

// HistoryCost tells what it took to judge the histories: the median and the 99th percentile of the
// time, by the wall, and the most steps of Porcupine that one took.
func (s *Summary) HistoryCost() (middle, p99 time.Duration, steps int) {
	of := func(p int) time.Duration {
		return time.Duration(percentile(s.histories, p)) * time.Microsecond
	}
	return of(50), of(99), percentile(s.steps, 100)
}

// Probes tells in how many of 1,000 runs each probe was reached, those never reached first. One
// that is reached at all counts as 1 at least.
func (s *Summary) Probes() []ProbeCount {
	var list []ProbeCount
	for _, p := range checker.Probes {
		list = append(list, ProbeCount{p.Name, s.probes[p.Name],
			(1000*s.probes[p.Name] + s.Runs - 1) / max(1, s.Runs)})
	}
	slices.SortStableFunc(list, func(a, b ProbeCount) int { return cmp.Compare(a.Runs, b.Runs) })
	return list
}

// ProbeCount tells how often a probe was reached.
type ProbeCount struct {
	Name              string
	Runs, PerThousand int
}

// KindCount tells how many faults of a kind had an effect.
type KindCount struct {
	Kind           string `json:"kind"`
	Effective, All int
}

// FaultKinds tells for each kind of fault how many had an effect.
func (s *Summary) FaultKinds() []KindCount {
	var list []KindCount
	for kind, counts := range s.inert {
		list = append(list, KindCount{kind, counts[0], counts[1]})
	}
	slices.SortFunc(list, func(a, b KindCount) int { return cmp.Compare(a.Kind, b.Kind) })
	return list
}
