package checker

import (
	"slices"

	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// A core of the cluster, when the rest is set aside: it must suffice on its own.

// SetAside tells that those nodes stay broken for now. Nothing is expected of them, and of the
// others what they can do alone.
func (j *Judges) SetAside(nodes []*sim.Node) {
	j.fate.setAside(nodes)
	if len(nodes) > 0 {
		j.probes.reached(coreHealed)
	}
}

func (f *fate) setAside(nodes []*sim.Node) {
	f.aside = map[sim.NodeID]bool{}
	for _, n := range nodes {
		f.aside[n.ID()] = true
	}
}

// CanSpare reports whether the others can do without those nodes: every tablet that has a majority
// keeps it, and as many tablet servers are left as it has replicas.
func (j *Judges) CanSpare(nodes []*sim.Node) bool {
	able := map[wire.TabletID]bool{}
	for _, id := range sim.Keys(j.fate.configs) {
		able[id] = j.fate.whole(id)
	}
	if !able[wire.SysCatalog] {
		return false
	}
	j.fate.setAside(nodes)
	defer j.fate.setAside(nil)
	left := 0
	for _, id := range j.c.TServerNodes() {
		if n := j.c.World.Node(id); !n.Retired() && !j.fate.aside[id] {
			left++
		}
	}
	return !slices.ContainsFunc(sim.Keys(j.fate.configs), func(id wire.TabletID) bool {
		few := id != wire.SysCatalog && len(j.fate.configs[id].Voters()) > left
		return able[id] && (few || !j.fate.whole(id))
	})
}

// whole reports whether a tablet has a majority by each configuration that may count.
func (f *fate) whole(id wire.TabletID) bool {
	configs := []wire.RaftConfig{f.configs[id]}
	for _, server := range f.configs[id].Servers() {
		if r := f.replica(id, server); r != nil {
			configs = append(configs, r.Active())
		}
	}
	return !slices.ContainsFunc(configs, func(c wire.RaftConfig) bool {
		left := slices.DeleteFunc(slices.Clone(c.Voters()), func(s wire.ServerID) bool {
			return f.lostReplica(id, s) || !f.booted[hosted{id, s}]
		})
		return len(left) < raft.Majority(len(c.Voters()))
	})
}
