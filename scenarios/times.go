package scenarios

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tabletop/checker"
	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/wire"
	"tabletop/nemesis"
	"tabletop/sim"
)

// Time is how long a cluster took to recover.
type Time struct {
	// Since is what it is counted from: the fault that took the leader master, or healing.
	Since string `json:"since"`
	// Kind is of that fault, or of one that was in force shortly before healing.
	Kind string        `json:"kind"`
	What checker.Stage `json:"what"`
	Took time.Duration `json:"took_ns"`
}

// What a Time is counted from.
const (
	SinceFault   = "fault"
	SinceHealing = "healing"
)

// lastly is how long before healing a fault must have been in force to be called to account for
// what takes time afterwards.
const lastly = 30 * time.Second

// times measures a run.
type times struct {
	r      *run
	list   []Time
	leader *sim.Node
	// The first fault that struck the leader since it is, or the last that struck anybody, and when
	// it did.
	cause  *nemesis.Record
	direct bool
	struck sim.Time
	// Until a DDL is answered: the fault that the leader was lost by.
	unanswered *nemesis.Record
	lost       sim.Time

	left    map[checker.Stage]sim.Time // when something of it was last left after healing
	asked   sim.Time                   // since when, after healing, a DDL waits; Never: none has
	served  bool                       // one was answered since
	waiting map[int]bool               // DDL operations
}

func watchTimes(r *run) *times {
	t := &times{r: r, left: map[checker.Stage]sim.Time{}, asked: sim.Never,
		waiting: map[int]bool{}}
	w := r.c.World
	nemesis.Fired.Subscribe(w, func(e nemesis.FiredEvent) {
		names := strings.Split(e.Record.Node, ",")
		direct := t.leader != nil && slices.Contains(names, t.leader.Name())
		if !t.direct {
			t.cause, t.direct, t.struck = e.Record, direct, w.Now()
		}
	})
	sim.NodeDown.Subscribe(w, func(e sim.NodeEvent) { t.strikes(e.Node) })
	sim.LinkDisturbed.Subscribe(w, func(e sim.LinkEvent) {
		if t.cause != nil && t.cause.Fault.Kind == nemesis.CutAt {
			t.strikes(e.From)
		}
	})
	master.LeaderReady.Subscribe(w, func(e master.LeaderEvent) { t.ready(e.Master.Node()) })
	client.Called.Subscribe(w, func(e client.OpEvent) {
		if e.Op.ChangesCatalog() {
			t.waiting[e.Op.ID] = true
			t.asks()
		}
	})
	client.Answered.Subscribe(w, func(e client.OpEvent) {
		delete(t.waiting, e.Op.ID)
		known := e.Outcome.Status.Code.Class() != wire.Environment && !e.Outcome.Unknown
		switch {
		case e.Op.ChangesCatalog() && known:
			t.answered()
		case len(t.waiting) == 0 && t.waits(): // refused for want of servers, and nobody else asks
			t.asked = sim.Never
		}
	})
	return t
}

// strikes notes that what lay in wait for the leader strikes now.
func (t *times) strikes(n *sim.Node) {
	if n == t.leader && t.cause != nil {
		t.direct, t.struck = true, t.r.c.World.Now()
	}
}

func (t *times) healing() bool { return t.r.healed > 0 }

// ready notes that somebody leads the masters now.
func (t *times) ready(n *sim.Node) {
	if t.leader != nil && t.cause != nil && !t.healing() {
		t.add(SinceFault, string(t.cause.Fault.Kind), checker.StageLeader, t.struck)
		t.unanswered, t.lost = t.cause, t.struck
	}
	t.leader, t.cause, t.direct = n, nil, false
}

func (t *times) answered() {
	if t.unanswered != nil && !t.healing() {
		t.add(SinceFault, string(t.unanswered.Fault.Kind), checker.StageDDL, t.lost)
	}
	t.unanswered = nil
	if t.waits() {
		t.served = true
		t.healed(checker.StageDDL, t.r.c.World.Now().Sub(t.asked))
	}
}

// asks notes from when on, after healing, a DDL waits to be answered.
func (t *times) asks() {
	if t.healing() && t.asked == sim.Never && len(t.waiting) > 0 {
		t.asked = t.r.c.World.Now()
	}
}

func (t *times) add(since, kind string, what checker.Stage, from sim.Time) {
	t.list = append(t.list, Time{since, kind, what, t.r.c.World.Now().Sub(from)})
}

// waits reports whether a DDL was asked for after healing and none is answered.
func (t *times) waits() bool { return t.asked != sim.Never && !t.served }

// look notes what is left to do, now that the cluster is healed.
func (t *times) look(left []checker.Unfinished) {
	for _, u := range left {
		t.left[u.Stage()] = t.r.c.World.Now()
	}
}

// converged closes the account of a healed cluster.
func (t *times) converged() {
	for _, what := range checker.Stages {
		if what == checker.StageDDL {
			continue // answered tells it
		}
		if t.left[what] > 0 {
			t.left[what] = t.left[what].Add(pollEvery)
		}
		now := max(t.left[what], t.r.healed)
		t.healed(what, now.Sub(t.r.healed))
	}
}

// healed adds a time for every kind that was in force lately, and one for all.
func (t *times) healed(what checker.Stage, took time.Duration) {
	t.list = append(t.list, Time{SinceHealing, "any", what, took})
	var kinds []string
	for _, rec := range t.r.nemesis.Records() {
		f := rec.Fault
		lasted := f.At + f.For
		if f.For == 0 {
			lasted = t.r.plan.Heal
		}
		if !rec.Inert() && lasted+lastly >= t.r.plan.Heal &&
			!slices.Contains(kinds, string(f.Kind)) {
			kinds = append(kinds, string(f.Kind))
		}
	}
	for _, kind := range kinds {
		t.list = append(t.list, Time{SinceHealing, kind, what, took})
	}
}

// TimeSpread is the spread of one kind of Time over runs.
type TimeSpread struct {
	Time             // without Took
	Count            int
	Median, P99, Max time.Duration
}

// Times tells how long recovery took, by what it is counted from, the kind of fault and the stage.
func (s *Summary) Times() []TimeSpread {
	var list []TimeSpread
	for key, took := range s.times {
		list = append(list, TimeSpread{key, len(took), median(took), percentile(took, 99),
			percentile(took, 100)})
	}
	slices.SortFunc(list, func(a, b TimeSpread) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.Kind, b.Kind),
			slices.Index(checker.Stages, a.What)-slices.Index(checker.Stages, b.What))
	})
	return list
}
