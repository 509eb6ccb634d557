package scenarios

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"tabletop/sim"
)

// Shrink looks for a small plan that fails as a given one does: with the same signature, which is
// the judge, the kind of object and the class of reason. Each step is a list of smaller plans; the
// first of the list that fails takes the place of the plan, so that the end depends on the plan and
// on the number of tries alone, and not on the number of workers.
type Shrink struct {
	Signature string // to be kept; empty: what the plan's run fails with first
	Tries     int    // runs at most, but for some at the end; 0: no limit
	Workers   int    // 0: one per processor
	// Step receives how far the search has come, after every list. It must not keep the plan.
	Step func(Shrunk)
}

// Shrunk is a plan that was made smaller.
type Shrunk struct {
	Signature     string
	Plan          Plan
	Before, After PlanSize
	Tries         int
	Smallest      bool // nothing smaller was found; otherwise a bound ended the search
	Wall          time.Duration
	// Others tells how many other choices of latencies and ties were tried with the plan at the
	// end, and OthersFail how many of them fail in the same way.
	Others, OthersFail int
}

// PlanSize counts what a plan consists of.
type PlanSize struct {
	Lines    int           `json:"lines"`
	Faults   int           `json:"faults"`
	Ops      int           `json:"ops"`
	Masters  int           `json:"masters"`
	TServers int           `json:"tservers"`
	Clients  int           `json:"clients"`
	Heal     time.Duration `json:"heal_ns"`
}

// Size returns what the plan consists of.
func (p Plan) Size() PlanSize {
	v, _ := p.Select.Resolve()
	return PlanSize{Lines: strings.Count(p.String(), "\n"), Faults: len(p.Faults),
		Ops: len(p.Ops), Masters: v.Masters, TServers: v.TServers, Clients: v.Clients, Heal: p.Heal}
}

func (s PlanSize) String() string {
	return fmt.Sprintf("%d lines: %d faults and %d operations, on %d masters, %d tablet servers "+
		"and %d clients, for %v", s.Lines, s.Faults, s.Ops, s.Masters, s.TServers, s.Clients,
		s.Heal)
}

// Run shrinks a plan until nothing smaller is found, the context ends or the tries are used up;
// then it returns the best so far. The error says that the plan cannot be run, or does not fail so.
func (k Shrink) Run(ctx context.Context, p Plan) (Shrunk, error) {
	began := time.Now()
	res, signature, err := toFail(p, k.Signature, Options{})
	if err != nil {
		return Shrunk{}, err
	}
	k.Signature = signature
	p = tidy(p)
	s := &shrinker{Shrink: k, ctx: ctx, began: began, tried: map[uint64]bool{}, best: res}
	s.out = Shrunk{Signature: k.Signature, Plan: p, Before: res.plan.Size(), Tries: 1}
	s.shrink()
	s.out.Plan.Fails = k.Signature
	s.out.After, s.out.Wall = s.out.Plan.Size(), time.Since(began)
	return s.out, nil
}

// shrinker is a search under way. What it knows of the plan's run is that of the last plan taken.
type shrinker struct {
	Shrink
	ctx   context.Context
	began time.Time
	out   Shrunk
	best  *Result
	tried map[uint64]bool // digests of plans that do not fail
	seeds int             // besides the plan's own that are tried with each smaller plan
}

func (s *shrinker) plan() Plan { return s.out.Plan }

// over reports whether a bound is reached.
func (s *shrinker) over() bool {
	return s.ctx.Err() != nil || s.Tries > 0 && s.out.Tries >= s.Tries
}

// take replaces the plan by the first of the candidates that fails, and returns its index; -1: none
// does.
func (s *shrinker) take(candidates []Plan) int {
	all, of := s.withSeeds(candidates)
	i, res := s.first(all)
	if i < 0 {
		return -1
	}
	s.out.Plan, s.best = all[i], res
	if s.Step != nil {
		s.out.After, s.out.Wall = s.out.Plan.Size(), time.Since(s.began)
		s.Step(s.out)
	}
	return of[i]
}

// withSeeds adds to every candidate the same with other seeds, and leaves out what was tried.
func (s *shrinker) withSeeds(candidates []Plan) (all []Plan, of []int) {
	now := s.plan().digest()
	add := func(p Plan, i int) {
		if !s.tried[p.digest()] {
			all, of = append(all, p), append(of, i)
		}
	}
	for i, p := range candidates {
		if p.digest() == now {
			continue
		}
		add(p, i)
		for seed := range uint64(s.seeds) {
			p.Seed = seed
			add(p, i)
		}
	}
	return all, of
}

// first runs plans, several at a time, and returns the first in their order that fails.
func (s *shrinker) first(plans []Plan) (int, *Result) {
	if s.Tries > 0 {
		plans = plans[:max(0, min(len(plans), s.Tries-s.out.Tries))]
	}
	results, cut := make([]*Result, len(plans)), s.cut()
	var mu sync.Mutex
	next, found := 0, len(plans)
	begin := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next >= found || s.ctx.Err() != nil {
			return 0, false
		}
		next++
		return next - 1, true
	}
	var wg sync.WaitGroup
	for range workers(s.Workers) {
		wg.Go(func() {
			for i, ok := begin(); ok; i, ok = begin() {
				res, err := Run(plans[i], cut)
				if err != nil || !res.shows(s.Signature) {
					continue
				}
				mu.Lock()
				results[i], found = res, min(found, i)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for i := range min(found, next) {
		s.tried[plans[i].digest()] = true
	}
	if found < len(plans) {
		s.out.Tries += found + 1
		return found, results[found]
	}
	s.out.Tries += next
	return -1, nil
}

// cut ends tries where the plan's run had failed: soon after the same instant, and, unless that was
// in the storm, after the same stage of the run.
func (s *shrinker) cut() Options {
	at := s.best.found(s.Signature).At
	cut := Options{Until: at + grace}
	if at >= s.plan().Heal {
		cut.stages = s.best.stage
	}
	return cut
}

// each does something with every number below n, several at a time.
func each(n, parallel int, do func(i int)) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := 0
	for range workers(parallel) {
		wg.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= n {
					return
				}
				do(i)
			}
		})
	}
	wg.Wait()
}

func workers(n int) int {
	if n <= 0 {
		return runtime.GOMAXPROCS(0)
	}
	return n
}

// digest tells plans apart.
func (p Plan) digest() uint64 {
	var d sim.Digest
	d.String(p.String())
	return d.Sum()
}

// someSeeds is how many seeds are tried where the plan is to need none of its own.
const someSeeds = 10

// others tells with how many other seeds a plan fails.
func (s *shrinker) others(of Plan) (all, fail int) {
	fails := make([]bool, 2*someSeeds)
	each(len(fails), s.Workers, func(i int) {
		p := of
		p.Seed = 1000 + uint64(i)
		res, err := Run(p, Options{})
		fails[i] = err == nil && res.shows(s.Signature)
	})
	for _, f := range fails {
		if f {
			fail++
		}
	}
	return len(fails), fail
}

// toFail makes a run that is to show a signature, and returns that: empty, it is the first that
// it shows. The error says that the plan cannot be run, or does not fail so.
func toFail(p Plan, signature string, o Options) (*Result, string, error) {
	res, err := Run(p, o)
	if err != nil {
		return nil, "", err
	}
	with := ""
	if signature == "" {
		signature = res.Signature
	} else {
		with = " with " + signature
	}
	if !res.shows(signature) {
		return nil, "", fmt.Errorf("the run does not fail%s: it ends as %s", with, res.Verdict)
	}
	return res, signature, nil
}
