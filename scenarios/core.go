package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tabletop/checker"
	"tabletop/model/client"
	"tabletop/model/wire"
	"tabletop/nemesis"
	"tabletop/sim"
)

// Healing in two steps: a core first, which must suffice on its own, and then the rest.

// Rest is what stays broken when all else is healed.
type Rest struct {
	How   nemesis.Kind // kill, pause or partition; empty: all is healed at once
	Nodes []string     // as many of them, from the first on, as the others can do without
}

func (r Rest) String() string { return string(r.How) + " " + strings.Join(r.Nodes, ",") }

// howRest are the ways to stay broken.
var howRest = []nemesis.Kind{nemesis.Kill, nemesis.Pause, nemesis.Partition}

func parseRest(words []string) (Rest, error) {
	if len(words) != 2 || !slices.Contains(howRest, nemesis.Kind(words[0])) {
		return Rest{}, errors.New("rest: want kill, pause or partition, and nodes, such as " +
			"kill ts-1,ts-2")
	}
	r := Rest{nemesis.Kind(words[0]), strings.Split(words[1], ",")}
	for _, name := range r.Nodes {
		if !strings.HasPrefix(name, "master-") && !strings.HasPrefix(name, "ts-") {
			return Rest{}, fmt.Errorf("rest: %q is neither a master nor a tablet server", name)
		}
	}
	return r, nil
}

var streamCore = sim.NewStream("scenarios/core")

// rest draws, for some storms, who is to be healed last: fewer masters than half, and of the tablet
// servers so many that three are left.
func (d *drawing) rest() Rest {
	r := d.from(streamCore)
	if !r.Chance(100_000) {
		return Rest{}
	}
	how := howRest[r.Intn(len(howRest))]
	some := func(prefix string, all, most int) (names []string) {
		left := numbered(prefix, all)
		for range min(most, 1+r.Intn(max(1, most))) {
			i := r.Intn(len(left))
			names, left = append(names, left[i]), slices.Delete(left, i, i+1)
		}
		return names
	}
	nodes := append(some("master-", d.masters, (d.masters-1)/2),
		some("ts-", d.tservers, d.tservers-3)...)
	if len(nodes) == 0 {
		return Rest{}
	}
	return Rest{how, nodes}
}

// spared returns the nodes of the rest that the others can do without, now that everything is as
// the storm left it.
func (r *run) spared() []*sim.Node {
	var nodes []*sim.Node
	for _, name := range r.plan.Rest.Nodes {
		n := r.c.Resolve(name)
		if more := append(slices.Clone(nodes), n); !n.Retired() && r.judges.CanSpare(more) {
			nodes = more
		}
	}
	return nodes
}

// coreAlone is how long the core is alone at least.
const coreAlone = 10 * time.Second

// healCore heals all but the rest, waits until the core has converged, the replicas of the rest
// replaced, and has it carry out DDL. It reports whether that was so.
func (r *run) healCore() bool {
	rest := r.spared()
	if len(rest) == 0 {
		return true
	}
	var names []string
	for _, n := range rest {
		names = append(names, n.Name())
	}
	r.phase("heal a core", "all faults end, but not of the rest: %s %s",
		r.plan.Rest.How, strings.Join(names, ", "))
	r.nemesis.HealBut(r.plan.Rest.How, rest)
	r.judges.SetAside(rest)
	defer r.judges.SetAside(nil)
	began := r.c.World.Now()
	if !r.await("healing a core", func() ([]checker.Unfinished, bool) {
		return r.judges.Unfinished(), r.c.World.Now().Sub(began) < coreAlone
	}) {
		return false
	}
	asked := r.c.World.Now()
	r.more(r.c.Clients[0], r.forEachTable(client.Op{Kind: client.Get}, client.Op{
		Kind: client.Create, Columns: []string{"k"}, Tablets: 1, Replicas: 1, NoWait: true},
		client.Op{Kind: client.Alter, NoWait: true,
			Steps: []wire.AlterStep{{Kind: wire.AddColumn, Column: "core"}}}))
	r.untilIdle()
	if r.stopped() {
		return false
	}
	r.judges.ReportUnanswered(asked)
	r.phase("core", "it suffices, %v after healing", r.c.World.Now().Sub(began))
	return true
}
