package scenarios

import (
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"tabletop/checker"
	"tabletop/model"
	"tabletop/model/client"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/nemesis"
	"tabletop/scenarios/etcdraft"
	"tabletop/sim"
)

// Options say how to run a plan; none of them but Anew changes the run.
type Options struct {
	Until time.Duration    // stop at this virtual time, if not zero, and judge what was seen
	Trace func(sim.Record) // receives every event
	Story func(Line)       // receives what happens, told for people
	// End is called when the run is over and judged, and looks at the cluster.
	End func(*model.Cluster)
	// Illegal receives of each part of the history that is not linearizable the shortest.
	Illegal func(checker.Part)

	watch  func(*run) // is called before the run begins
	stages int        // end the run after so many of the stages, if not zero
	// asked receives the switches that the model asks about, once its cluster is there.
	asked func(*model.Cluster, variant.Switch)

	// Anew, if not zero, has everything that is drawn after an instant drawn from another seed.
	Anew Anew

	CheckMessages bool // a message that is changed after it was sent is a finding
	SelfCheck     bool // make the run twice; if the two differ, that is the verdict
}

// run is one plan being carried out.
type run struct {
	plan    Plan
	opts    Options
	c       *model.Cluster
	judges  *checker.Judges
	nemesis *nemesis.Executor
	meter   *meter
	times   *times
	checks  *stepChecks
	stage   int // how many of the stages have begun
	busy    int // clients that have operations left
	lastOp  int
	story   *story

	stormCost    Cost
	historyTime  time.Duration // by the wall
	settled      checker.Settled
	inconclusive bool
	questions    *variant.Questions // that the model and the judges asked
	healed       sim.Time
	quiet        sim.Time // when the cluster had converged; Never: it has not
}

const (
	pollEvery   = 500 * time.Millisecond
	quietPeriod = 5 * time.Second
)

// Run carries out a plan and judges it. The error tells what is wrong with the plan.
func Run(p Plan, opts Options) (*Result, error) {
	if opts.SelfCheck {
		return SelfCheck(opts, func(o Options) (*Result, error) { return Run(p, o) })
	}
	if err := checker.CheckNames(p.Skip); err != nil {
		return nil, err
	}
	v, err := p.Select.Resolve()
	if err != nil {
		return nil, err
	}
	questions := new(variant.Questions)
	v = v.Noting(questions)
	if err := p.suits(v); err != nil {
		return nil, err
	}
	scenario, err := Find(p.Scenario)
	if err != nil {
		return nil, err
	}
	r := &run{plan: p, opts: opts, quiet: sim.Never, questions: questions}
	r.c = model.NewWith(sim.Config{Seed: p.Seed, Trace: opts.Trace,
		CheckMessages: opts.CheckMessages}, r.asking(v), model.Factories{Consensus: etcdraft.Open})
	defer r.c.World.Close()
	if err := nemesis.CheckTargets(r.c, p.Faults); err != nil {
		return nil, err
	}
	for _, name := range p.Rest.Nodes {
		if r.c.Resolve(name) == nil {
			return nil, fmt.Errorf("rest: there is no %s", name)
		}
	}
	r.judges = checker.Attach(r.c, p.Skip, r.c.World.Halt)
	r.meter = startMeter(r.c)
	r.nemesis = nemesis.Start(r.c, p.Faults)
	r.times = watchTimes(r)
	r.story = startStory(r, scenario)
	if scenario.checks != nil {
		r.checks = scenario.checks(r)
	}
	if opts.watch != nil {
		opts.watch(r)
	}
	r.guarded(r.execute)
	r.guarded(r.judge)
	if opts.End != nil {
		opts.End(r.c)
	}
	return r.result(), nil
}

// guarded turns a panic of our own code, outside the world's loop, into a finding.
func (r *run) guarded(f func()) {
	defer func() {
		if rec := recover(); rec != nil {
			r.c.World.Halt()
			r.judges.ReportFinding(&sim.Finding{Class: "panic", At: r.c.World.Now(),
				Node: "testbed", Detail: fmt.Sprint(rec), Stack: string(debug.Stack())})
		}
	}()
	f()
}

// execute runs the phases up to the quiet period, unless a judge or a finding ends the run.
func (r *run) execute() {
	w := r.c.World
	r.phase("swarm", "%s", r.plan.swarm())
	r.phase("boot", "%d masters, %d tablet servers, %d clients", r.c.Variants.Masters,
		len(r.c.TServers), len(r.c.Clients))
	for _, oracle := range sim.Keys(r.judges.Silent()) {
		r.phase("boot", "%s does not judge: %s", oracle, r.judges.Silent()[oracle])
	}
	r.c.Boot()
	r.startWorkload()
	r.phase("warm-up", "until %v", r.stormBegin())
	r.until(sim.Time(r.stormBegin()))
	if !r.stopped() {
		r.phase("storm", "until %v", r.plan.Heal)
		r.until(sim.Time(r.plan.Heal))
	}
	r.stormCost = r.meter.soFar(w)
	if r.stopped() {
		return
	}
	if !r.healCore() {
		return
	}
	r.phase("heal", "all faults end")
	r.nemesis.Heal()
	r.phase("liveness", "%s", r.budgets())
	r.healed = w.Now()
	r.times.asks()
	if !r.converge("healing") {
		return
	}
	r.times.converged()
	r.phase("read back", "every name is read, created and altered once more")
	r.readBack()
	r.phase("quiet", "for %v", quietPeriod)
	r.until(w.Now().Add(quietPeriod))
	if r.rest() {
		r.phase("ksck", "the cluster is to be healthy within %v", checker.KsckPatience)
		r.ksck()
	}
}

// rest has the cluster rest, anew if something begins meanwhile without any fault, such as an
// election, and reports whether it had nothing left to do.
func (r *run) rest() bool {
	for n := 1; r.converge("the read-back"); n++ {
		r.phase("rest", "nothing but heartbeats for %v", checker.Rest)
		unsettled := r.judges.BeginRest(n == checker.Rests)
		if r.until(r.c.World.Now().Add(checker.Rest)); !unsettled() {
			return true
		}
	}
	return false
}

// ksck asks again and again, as people do, until the cluster is healthy or patience ends.
func (r *run) ksck() {
	began := r.c.World.Now()
	for !r.stopped() {
		wrong := r.judges.Ksck()
		if len(wrong) == 0 || r.c.World.Now().Sub(began) >= checker.KsckPatience {
			r.judges.ReportKsck(wrong, r.quiet)
			return
		}
		r.until(r.c.World.Now().Add(pollEvery))
	}
}

// until runs to an instant, or to the end that Options.Until sets.
func (r *run) until(at sim.Time) {
	if end := sim.Time(r.opts.Until); end > 0 {
		at = min(at, end)
	}
	if anew := r.opts.Anew; anew.Seed != 0 && r.c.World.Now() <= anew.After && anew.After < at {
		r.c.World.RunUntil(anew.After)
		r.c.World.Reseed(anew.Seed)
		r.opts.Anew = Anew{}
	}
	r.c.World.RunUntil(at)
	if end := sim.Time(r.opts.Until); end > 0 && r.c.World.Now() >= end {
		r.c.World.Halt()
	}
}

func (r *run) stopped() bool { return r.c.World.Halted() }

// converge waits until the clients have finished and the cluster has nothing left to do, or the
// budget, which begins now, is used up, and reports whether it has converged.
func (r *run) converge(after string) bool {
	r.quiet = sim.Never
	if !r.await(after, func() ([]checker.Unfinished, bool) {
		left := r.judges.Unfinished()
		if r.times.waits() && !r.judges.MayStandStill() {
			left = append(left, checker.NoneAnswered)
		}
		r.times.look(left)
		return left, r.nemesis.Busy()
	}) {
		return false
	}
	r.quiet = r.c.World.Now()
	r.phase("converged", "%v after healing", r.quiet.Sub(r.healed))
	return true
}

// await runs until the clients have finished and nothing is left to do, unless some of that takes
// longer than it may, and reports whether it came so far.
func (r *run) await(after string, look func() (left []checker.Unfinished, busy bool)) bool {
	began := r.c.World.Now()
	for !r.stopped() {
		left, busy := look()
		if len(left) == 0 && r.busy == 0 && !busy {
			return true
		}
		late := r.judges.Overdue(left, began)
		most := checker.BudgetOf(checker.StageReplicas, r.c.Variants)
		endless := r.c.World.Now().Sub(began) >= 2*most
		if endless { // one thing after another
			late = left
		}
		if endless || len(late) > 0 {
			r.judges.ReportUnfinished(late, began, after)
			return false
		}
		r.until(r.c.World.Now().Add(pollEvery))
	}
	return false
}

// startWorkload gives every client a process that carries out its operations in order.
func (r *run) startWorkload() {
	for i, c := range r.c.Clients {
		ops := r.plan.opsOf(i + 1)
		r.drive(c, ops)
		for _, o := range ops {
			r.lastOp = max(r.lastOp, o.ID)
		}
	}
}

// tooLate is how late an operation on rows may begin, since those before it took long: it is left
// out then, or a client of a tablet that is lost would go on for ever.
const tooLate = time.Minute

func (r *run) drive(c *client.Client, ops []PlannedOp) {
	if len(ops) == 0 {
		return
	}
	r.busy++
	c.Node().Go("workload", func(p *sim.Proc) {
		for _, o := range ops {
			wait := sim.Time(o.At).Sub(p.Now())
			if wait > 0 {
				p.Sleep("next operation", wait)
			}
			if !o.OnRows() || o.At == 0 || wait > -tooLate {
				c.Do(p, o.Op)
			}
		}
		r.busy--
	})
}

// scanTimeout is Kudu's kScanTimeoutMillis. A master that is gone costs 10 s, twice at worst.
const scanTimeout = 30 * time.Second

// readBack reads every name that the plan speaks of, and the list of all, and whoever read or wrote
// rows reads all rows; then it creates and alters every name, which must be done or refused: what
// holds a name is in the catalog. A cluster at rest answers all that. One replica is asked for,
// which can be had while one server is up. What clients know of tables may be out of date: they may
// find that out first.
func (r *run) readBack() {
	r.readRows()
	r.untilIdle()
	began := r.c.World.Now()
	r.readRows()
	r.more(r.c.Clients[0], append(r.forEachTable(client.Op{Kind: client.Get}),
		client.Op{Kind: client.List}))
	r.untilIdle()
	r.more(r.c.Clients[0], r.forEachTable(client.Op{Kind: client.Create, Columns: []string{"k"},
		Tablets: 1, Replicas: 1, NoWait: true}, client.Op{Kind: client.Alter, NoWait: true,
		Steps: []wire.AlterStep{{Kind: wire.AddColumn, Column: "probe"}}}))
	r.untilIdle()
	if !r.stopped() {
		r.judges.ReportUnanswered(began)
	}
}

// readRows has every client that read or wrote rows read all there are, unless there are no masters
// to ask where.
func (r *run) readRows() {
	if r.judges.MayStandStill() {
		return
	}
	for i, c := range r.c.Clients {
		if slices.ContainsFunc(r.plan.Ops, func(o PlannedOp) bool {
			return o.Client == i+1 && o.OnRows()
		}) {
			r.more(c, r.forEachTable(client.Op{Kind: client.Scan, Timeout: scanTimeout}))
		}
	}
}

// forEachTable returns the operations for every name that the plan speaks of.
func (r *run) forEachTable(ops ...client.Op) []client.Op {
	var all []client.Op
	for _, name := range r.plan.tables() {
		for _, op := range ops {
			op.Name = name
			all = append(all, op)
		}
	}
	return all
}

// more gives a client operations that are not in the plan.
func (r *run) more(c *client.Client, ops []client.Op) {
	var planned []PlannedOp
	for _, op := range ops {
		r.lastOp++
		op.ID = r.lastOp
		planned = append(planned, PlannedOp{Op: op})
	}
	r.drive(c, planned)
}

// untilIdle runs until all clients have finished.
func (r *run) untilIdle() {
	for r.busy > 0 && !r.stopped() {
		r.until(r.c.World.Now().Add(pollEvery))
	}
}

// judge asks the judges of a finished run. A run that ended early is judged by what ended it.
func (r *run) judge() {
	r.judges.ReportFinding(r.c.World.Finding())
	if r.stopped() {
		return
	}
	if r.quiet != sim.Never {
		r.phase("audits", "the masters' caches, the master tablet and the tablets are compared")
		r.judges.Audit()
	}
	began := time.Now()
	r.phase("linearizability", "of %d DDL operations", r.judges.History.DDL())
	r.settled, r.inconclusive = r.judges.CheckHistory()
	r.historyTime = time.Since(began)
	r.phase("vacuity", "%d of %d faults had an effect, %d changes of the leader master, %d "+
		"overlapping pairs on one name", r.effective(), len(r.plan.Faults),
		max(0, r.meter.masterLeaders-1), r.judges.History.Overlaps())
	if r.opts.Story == nil && r.opts.Illegal == nil {
		return
	}
	for _, part := range r.judges.Illegal() {
		shortest := part.Shortest()
		r.story.illegal(shortest)
		if r.opts.Illegal != nil {
			r.opts.Illegal(shortest)
		}
	}
}
