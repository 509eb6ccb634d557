package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/variant"
	"tabletop/sim"
)

// A sweep is complete where storms are random: one DDL on a quiet cluster, struck at each point and
// at each sync of the leader master while it is carried out.

// sweepDDL is the operations of a sweep: what comes before, and the one that is struck.
type sweepDDL struct{ name, before, struck string }

var sweepDDLs = []sweepDDL{
	{"create", "", "create t columns=k,a tablets=2"},
	{"create-ranges", "", "create t columns=k,a tablets=1 ranges=0:100,100:"},
	{"alter", "create t columns=k,a tablets=2", "alter t add:b"},
	{"rename", "create t columns=k,a tablets=1", "alter t rename-to=u"},
	{"repartition", "create t columns=k,a tablets=1 ranges=0:100",
		"alter t drop-range:0:100 add-range:50:150"},
	{"replicas", "create t columns=k,a tablets=1 replicas=1", "alter t replicas=3"},
	{"delete", "create t columns=k,a tablets=2", "delete t"},
	{"soft-delete", "create t columns=k,a tablets=1", "delete t reserve=1h"},
	{"recall", "create t columns=k,a tablets=1;delete t reserve=1h", "recall t rename-to=u"},
}

// When the operation of a sweep is called, and when its strike is armed.
const (
	sweepBegins = 15 * sec
	sweepArms   = sweepBegins - ms
	sweepHeals  = 30 * sec
)

// plan makes the plan of an operation and of one fault, a line without number and time.
func (d sweepDDL) plan(seed uint64, s variant.Selection, at time.Duration, fault string) Plan {
	p := Plan{Scenario: "sweep", Seed: seed, Select: s, Heal: sweepHeals}
	p.Select.Options = append([]string{"masters=3", "tservers=4", "clients=2"}, s.Options...)
	if d.before != "" {
		for i, op := range strings.Split(d.before, ";") {
			p.do(5*sec+time.Duration(i)*4*sec, strings.Fields("client-1 "+op))
		}
	}
	p.do(sweepBegins, strings.Fields("client-1 "+d.struck))
	p.do(sweepBegins+5*sec, strings.Fields("client-2 list"))
	p.do(at, strings.Fields(fault))
	return p
}

// sweepPlan strikes the seed's operation at the seed's point.
func sweepPlan(seed uint64, s variant.Selection) Plan {
	d := sweepDDLs[seed%uint64(len(sweepDDLs))]
	point := []*sim.Point{master.PointWrite, master.PointReplicated}[seed/
		uint64(len(sweepDDLs))%2]
	return d.plan(seed, s, sweepArms, "kill-at leader-master for=5s point="+point.Name())
}

// strike carries the operation out under one fault. It returns when the fault ended a master's
// program (0: it did not) and when the client had been told the last of the operation.
func (d sweepDDL) strike(seed uint64, s variant.Selection, at time.Duration, fault string) (
	r *Result, struck, told time.Duration, err error) {
	p := d.plan(seed, s, at, fault)
	id := p.Ops[len(p.Ops)-2].ID
	r, err = Run(p, Options{watch: func(r *run) {
		w := r.c.World
		sim.NodeDown.Subscribe(w, func(sim.NodeEvent) {
			if struck == 0 {
				struck = time.Duration(w.Now())
			}
		})
		note := func(e client.OpEvent) {
			if e.Op.ID == id {
				told = time.Duration(w.Now())
			}
		}
		client.Answered.Subscribe(w, note)
		client.Done.Subscribe(w, note)
	}})
	return r, struck, told, err
}

// sweep carries an operation out once for each strike that it can meet: the leader master is killed
// at each point, and before and after each of its syncs, likewise without power; and at each of
// those instants, and just after it, all masters lose their power. Strikes that come when the
// client has been told everything do not count. Every result goes to each.
func (d sweepDDL) sweep(seed uint64, s variant.Selection,
	each func(fault string, r *Result)) error {
	var instants []time.Duration
	strike := func(at time.Duration, fault string) (early bool, err error) {
		r, struck, told, err := d.strike(seed, s, at, fault)
		early = struck > 0 && (struck <= told || told == 0)
		if err == nil && early && struck > sweepBegins {
			each(fault, r)
			instants = append(instants, struck)
		}
		return early, err
	}
	for _, point := range master.Points {
		_, err := strike(sweepArms, "kill-at leader-master for=5s point="+point.Name())
		if err != nil {
			return err
		}
	}
	for _, how := range []string{"when=before", "when=after", "when=before power=off",
		"when=after power=off"} {
		early := true
		for k := 1; early; k++ {
			var err error
			if early, err = strike(sweepArms, fmt.Sprintf("kill-sync leader-master k=%d %s for=5s",
				k, how)); err != nil {
				return err
			}
		}
	}
	slices.Sort(instants)
	for _, at := range slices.Compact(instants) {
		for _, after := range []time.Duration{0, 1} {
			if _, err := strike(at+after, "power-off masters for=5s"); err != nil {
				return err
			}
		}
	}
	return nil
}
