package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tabletop/model/client"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/nemesis"
	"tabletop/sim"
)

// stepChecks follow a scripted run: each step is told, and asserts that the cluster is where the
// script wants it; the first miss makes the run vacuous.
type stepChecks struct {
	r      *run
	missed string
}

func (s *stepChecks) tell(format string, args ...any) {
	s.r.story.line(false, "step", format, args...)
}

// at asserts the condition of a step, if it has one, which returns what is wrong, and tells the
// step.
func (s *stepChecks) at(t time.Duration, title string, condition func() string) {
	w := s.r.c.World
	w.At(sim.Time(t), 2<<40+uint64(t), func() {
		if condition != nil {
			s.assert(condition())
		}
		if title != "" {
			s.tell("%s", title)
		}
	})
}

func (s *stepChecks) assert(wrong string) {
	if wrong == "" {
		return
	}
	s.tell("MISSED: %s", wrong)
	if s.missed == "" {
		s.missed = fmt.Sprintf("at %v: %s", s.r.c.World.Now(), wrong)
	}
}

// script is a story as a table: a plan, and what must be so on the way. The seed varies latencies
// and, by up to scriptSlack, when each operation and fault comes.
type script struct {
	name, title string
	options     []string
	acts        []act // in the order of their times
	loads       []load
	lives       []load // clients that create, alter and drop a table of their own again and again
	churn       churn
	heal        time.Duration
	// tablets tells that the story is about tablets: what becomes of their leaders and
	// configurations is told as if it were the master tablet.
	tablets bool
	terse   bool // all but steps and phases are told as details
	// under is a profile that shows what the story is about, and signature how it fails there.
	under, signature string
	compared         []Variant
}

// scripts lists the stories that are told as tables.
func scripts() []script {
	return slices.Concat(raftStories, serverStories, failoverStories, rowStories,
		placeStories, rebalanceStories, []script{kuduL1, stress})
}

// act is a line of a script.
type act struct {
	at    time.Duration
	title string // told as a step; empty: nothing
	// do is an operation, as "client-1 alter t add:b", or a fault, as "kill master-1 for=5s", which
	// comes just after the condition has been looked at; empty: nothing.
	do   string
	want condition // nil: none
}

// load is a client that alters a table of its own all the time, which is told as a detail. If every
// is less than a moment it does not wait until an alter is done.
type load struct {
	client             int
	table              string
	from, until, every time.Duration
}

// churn is faults that strike again and again, in their order.
type churn struct {
	from, until, every time.Duration
	faults             []string
}

// aMoment is less than an alter takes to be done.
const aMoment = 5 * ms

// The units of scripts.
const (
	sec = time.Second
	ms  = time.Millisecond
)

// scriptSlack is less than any condition waits for what was done before it.
const scriptSlack = 200 * ms

var (
	streamScript = sim.NewStream("scenarios/script")
	streamChurn  = sim.NewStream("scenarios/churn")
)

// scenario returns the scripted scenario.
func (sc script) scenario() Scenario {
	return Scenario{Name: sc.name, Title: sc.title, plan: sc.plan, tablets: sc.tablets,
		loads: sc.loads, terse: sc.terse, Compared: sc.compared, Sequence: "story",
		checks: func(r *run) *stepChecks {
			s := watchStage(r)
			for _, a := range sc.acts {
				s.at(a.at, a.title, a.want.on(s))
			}
			return s.stepChecks
		}}
}

// plan makes the plan of a seed. A word of the script that does not parse is a mistake in it.
func (sc script) plan(seed uint64, s variant.Selection) Plan {
	p := Plan{Scenario: sc.name, Seed: seed, Select: s, Heal: sc.heal}
	p.Select.Options = append(append([]string{}, sc.options...), s.Options...)
	for i, a := range sc.acts {
		if a.do != "" {
			shift := sim.NewRand(seed, streamScript, uint64(i)).Duration(ms, scriptSlack)
			p.do((a.at + shift).Round(ms), strings.Fields(a.do))
		}
	}
	for _, l := range sc.loads {
		p.load(l)
	}
	for _, l := range sc.lives {
		p.live(l)
	}
	for i, at := 0, sc.churn.from; at < sc.churn.until; i, at = i+1, at+sc.churn.every {
		shift := sim.NewRand(seed, streamChurn, uint64(i)).Duration(0, sc.churn.every/2)
		p.do((at + shift).Round(ms), strings.Fields(sc.churn.faults[i%len(sc.churn.faults)]))
	}
	return p
}

// do adds an operation or a fault.
func (p *Plan) do(at time.Duration, words []string) {
	var number int
	if _, err := fmt.Sscanf(words[0], "client-%d", &number); err == nil {
		op, err := client.ParseOp(words[1:])
		if err != nil {
			panic(err)
		}
		p.add(at, number, op)
		return
	}
	id := len(p.Faults) + 1
	f, err := nemesis.ParseFault(append([]string{fmt.Sprint(id), "at=" + at.String()}, words...))
	if err != nil {
		panic(err)
	}
	p.Faults = append(p.Faults, f)
}

func (p *Plan) add(at time.Duration, number int, op client.Op) {
	op.ID = len(p.Ops) + 1
	p.Ops = append(p.Ops, PlannedOp{At: at, Client: number, Op: op})
}

// load adds the operations of a load: a create, then a column comes and goes.
func (p *Plan) load(l load) {
	noWait := l.every < aMoment
	p.add(l.from, l.client, client.Op{Kind: client.Create, Name: l.table,
		Columns: []string{"k", "a"}, Tablets: 1, Replicas: 3, NoWait: noWait})
	kinds := []wire.AlterKind{wire.AddColumn, wire.DropColumn}
	for i, at := 0, l.from+l.every; at < l.until; i, at = i+1, at+l.every {
		p.add(at, l.client, client.Op{Kind: client.Alter, Name: l.table,
			NoWait: noWait, Steps: []wire.AlterStep{{Kind: kinds[i%2], Column: "b"}}})
	}
}

// life is that of a table.
var life = []string{"create %s columns=k,a tablets=2", "alter %s add:b", "get %s",
	"alter %s rename:b:c", "alter %s drop:a", "delete %s"}

// live adds the operations of a client whose table lives again and again, to the end.
func (p *Plan) live(l load) {
	for i, at := 0, l.from; at < l.until || i%len(life) > 0; i, at = i+1, at+l.every {
		words := fmt.Sprintf("client-%d "+life[i%len(life)], l.client, l.table)
		p.do(at, strings.Fields(words))
	}
}
