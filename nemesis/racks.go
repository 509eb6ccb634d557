package nemesis

import (
	"time"

	"tabletop/sim"
)

// What befalls locations.

// nowhere stands, in a plan, for a mapping that fails.
const nowhere = "none"

// relocate changes what the location mapping says of a tablet server. Masters ask it when the
// server registers.
func (x *Executor) relocate(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "entry of the mapping changed"
	place, master := r.Fault.Place, ""
	if place == nowhere {
		place = ""
	}
	if from := r.Fault.From; from != "" && from != "all" {
		masters := x.resolve(from)
		if len(masters) != 1 {
			r.Missed = "no single master is " + from
			return nil
		}
		master = masters[0].Name()
	}
	if undo = x.c.Relocate(nodes[0], master, place); undo != nil {
		r.Effect = 1
	}
	return undo
}

// Racks says what DrawRacks may do.
type Racks struct {
	Begin, End time.Duration
	Locations  []string
	TServers   []string
	// Moves tells that servers may be moved to another location.
	Moves bool
	// Last is the number of the last fault that there is.
	Last int
}

// DrawRacks makes the faults that strike all tablet servers of a location at one instant, and those
// that move servers, which takes effect when they start again.
func DrawRacks(r sim.Draws, s Racks) []Fault {
	var faults []Fault
	add := func(f Fault, longest time.Duration) *Fault {
		f.ID = s.Last + len(faults) + 1
		f.At = r.Duration(s.Begin, s.End).Round(time.Microsecond)
		f.For = r.Duration(time.Second, longest).Round(time.Microsecond)
		faults = append(faults, f)
		return &faults[len(faults)-1]
	}
	longest := []time.Duration{5 * time.Second, 20 * time.Second, 60 * time.Second}[r.Intn(3)]
	for range 1 + r.Intn(3) {
		f := add(Fault{Kind: []Kind{Kill, PowerOff, Pause, Partition}[r.Intn(4)],
			Target: "location:" + s.Locations[r.Intn(len(s.Locations))]}, longest)
		if f.Kind == Partition {
			f.From = []string{"all", "all", "masters", "tservers"}[r.Intn(4)]
			f.Dir = []string{"both", "both", "in", "out"}[r.Intn(4)]
		}
	}
	if !s.Moves {
		return faults
	}
	for range 1 + r.Intn(2) {
		who := s.TServers[r.Intn(len(s.TServers))]
		f := add(Fault{Kind: Relocate, Target: who,
			Place: s.Locations[r.Intn(len(s.Locations))]}, s.End-s.Begin)
		if r.Chance(150_000) {
			f.Place, f.For = nowhere, min(f.For, 10*time.Second)
		}
		again := add(Fault{Kind: Kill, Target: who}, 5*time.Second)
		again.At = min(faults[len(faults)-2].At+r.Duration(0, 5*time.Second), s.End).Round(
			time.Microsecond)
	}
	return faults
}
