package scenarios

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"tabletop/model/variant"
	"tabletop/sim"
)

// Why looks for the point of no return of a run that fails: the event after which it fails in most
// of the ways in which it can go on. It makes the run again up to an instant, and then has all that
// follows drawn anew, many times: latencies, losses, ties, time-outs, and, as another storm on the
// same cluster has them, the operations and faults that are due later. What is under way goes on:
// a fault lasts as long as it was to. Of a failure that is seen before healing, runs that fail so
// much later do not count: other operations and other faults brought that about. The result depends
// on the plan and the number of runs alone.
type Why struct {
	Signature string // empty: what the run fails with first
	Runs      int    // for each instant
	Workers   int
	// Step is called after each instant with how many of about how many are done.
	Step func(done, about int)

	until time.Duration // of the runs that go another way; 0: to their ends
	need  int           // of them must fail after the point of no return
}

// Anew says from when on a run goes another way, and which.
type Anew struct {
	After sim.Time
	Seed  uint64
}

// NoReturn is what is found.
type NoReturn struct {
	Signature string
	Event     Line          // after which failure is likely; empty: the run fails from the start
	Fails     time.Duration // when the run fails
	// Start, Before and After tell how many of the runs fail that go another way from the start,
	// just before the instant of the event, and from it on.
	Start, Before, After int
	Runs                 int
}

// likely is how many of a hundred runs must fail after the point of no return, at least; and at
// least half of those that go another way from the start and do not.
const likely = 90

// grace is by how much later a run that goes another way may fail: some elections, or heartbeats.
const grace = 5 * time.Second

// Run looks for the point of no return by bisection over the instants of which the run's story
// tells: it finds one before which failure is not likely and after which it is. It begins at the
// end: if there are several, the last is of interest.
func (y Why) Run(ctx context.Context, p Plan) (NoReturn, error) {
	var story []Line
	res, signature, err := toFail(p, y.Signature,
		Options{Story: func(l Line) { story = append(story, l) }})
	if err != nil {
		return NoReturn{}, err
	}
	y.Signature = signature
	found := NoReturn{Signature: y.Signature, Fails: res.found(y.Signature).At, Runs: y.Runs}
	if found.Fails < res.plan.Heal {
		y.until = found.Fails + grace
	}
	last := instants(story, found.Fails)
	lo, hi := -1, len(last)-1 // the run fails after the last instant, since it has failed by then
	if found.Start, err = y.failing(ctx, p, 0, 0); err != nil {
		return found, err
	}
	found.Before, found.After = found.Start, y.Runs
	if found.Start == y.Runs {
		return found, nil
	}
	y.need = y.needed(found.Start)
	before := sim.Time(0)
	for step, back := 2, 1; hi-lo > 1; step++ {
		mid := (lo + hi) / 2
		if before == 0 { // by ever larger steps from the end
			mid = max(mid, hi-back)
			back *= 8
		}
		n, err := y.failing(ctx, p, last[mid].At, y.Runs-y.need+1)
		if err != nil {
			return found, err
		}
		if n >= y.need {
			hi, found.After = mid, n
		} else {
			lo, before = mid, last[mid].At
		}
		if y.Step != nil {
			y.Step(step, 16)
		}
	}
	found.Event = last[hi]
	if before > 0 {
		found.Before, err = y.failing(ctx, p, before, 0)
	}
	return found, err
}

// needed returns how many runs must fail after the point of no return if so many fail from the
// start, but not all.
func (y Why) needed(start int) int {
	return max((likely*y.Runs+99)/100, (start+y.Runs+1)/2)
}

// instants returns the last line of a story at each instant up to the failure. Phases of the run
// are no events, but for healing.
func instants(story []Line, fails time.Duration) []Line {
	var all []Line
	for _, l := range story {
		switch n := len(all); {
		case l.At > sim.Time(fails), l.Who == "--" && !strings.HasPrefix(l.Text, "heal"):
		case n > 0 && all[n-1].At == l.At:
			all[n-1] = l
		default:
			all = append(all, l)
		}
	}
	return all
}

// failing counts the runs that fail although what comes after an instant is drawn anew. It may stop
// as soon as so many have not failed, if that is not zero.
func (y Why) failing(ctx context.Context, p Plan, after sim.Time, enough int) (int, error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	next, n, not := uint64(0), 0, 0
	for range workers(y.Workers) {
		wg.Go(func() {
			for ctx.Err() == nil {
				mu.Lock()
				next++
				seed, over := next, enough > 0 && not >= enough
				mu.Unlock()
				if seed > uint64(y.Runs) || over {
					return
				}
				res, err := Run(p.anew(after, seed), Options{Anew: Anew{after, ^seed},
					Until: y.until})
				mu.Lock()
				switch {
				case err != nil:
					failed = err
				case res.shows(y.Signature):
					n++
				default:
					not++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	return n, failed
}

// anew returns the plan with what is due after an instant as another storm on the same cluster has
// it. All faults come before healing, as they did, and no operation comes later than they did.
func (p Plan) anew(after sim.Time, seed uint64) Plan {
	another := stormPlan(^seed, p.sized())
	items := slices.DeleteFunc(p.items(), func(i item) bool { return sim.Time(i.at()) > after })
	ops, faults, end := 0, 0, p.Heal
	for _, i := range p.items() {
		if i.op != nil {
			ops, end = max(ops, i.op.ID), max(end, i.at())
		} else {
			faults = max(faults, i.fault.ID)
		}
	}
	for _, i := range another.items() {
		switch {
		case sim.Time(i.at()) <= after || i.at() >= end || i.fault != nil && i.at() >= p.Heal:
			continue
		case i.op != nil:
			i.op.ID += ops
		default:
			i.fault.ID += faults
		}
		items = append(items, i)
	}
	p.drawn, p.file = nil, ""
	return p.with(items)
}

// sized returns the selection with what it leaves to the defaults and a storm would draw: how large
// the cluster is, and what can be done to it.
func (p Plan) sized() variant.Selection {
	s := p.Select
	v, err := s.Resolve()
	if err == nil {
		s.Options = append(slices.Clone(s.Options), fmt.Sprint("masters=", v.Masters),
			fmt.Sprint("tservers=", v.TServers), fmt.Sprint("clients=", v.Clients),
			fmt.Sprint("spare-masters=", v.SpareMasters), "replica-management="+v.Replacement)
	}
	return s
}

func (n NoReturn) String() string {
	of := func(fail int) string { return fmt.Sprintf("%d of %d", fail, n.Runs) }
	if n.Event == (Line{}) {
		return fmt.Sprintf("the run is lost from the start: %s that go another way from there fail",
			of(n.Start))
	}
	return fmt.Sprintf("the point of no return, %v before the run fails with %s:\n  %s\n"+
		"of the runs that go another way from the start, %s fail so; just before it, %s; "+
		"after it, %s", n.Fails-time.Duration(n.Event.At), n.Signature,
		strings.TrimSpace(n.Event.String()), of(n.Start), of(n.Before), of(n.After))
}
