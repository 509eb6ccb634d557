package nemesis

import (
	"time"

	"tabletop/model/master"
	"tabletop/sim"
)

// What is made to meet.

// Ambushes draws faults that lie in wait at a place in the code of a master, and sees to it that
// one comes by: a leader at any time, a new one because it is elected just then.
func Ambushes(r sim.Draws, s Storm, first int) []Fault {
	var faults []Fault
	add := func(f Fault) {
		f.ID, f.At = first+len(faults), min(f.At, s.End-time.Millisecond).Round(time.Microsecond)
		faults = append(faults, f)
	}
	for range 1 + r.Intn(2) {
		at, point := r.Duration(s.Begin, s.End), master.Points[r.Intn(len(master.Points))]
		f := Fault{Kind: DeposeAt, At: at, Target: "leader-master", Point: point.Name()}
		fresh := point == master.PointElected || point == master.PointBeforeLoad
		if fresh {
			f.Target = s.Masters[r.Intn(len(s.Masters))]
		}
		if point == master.PointElected && r.Chance(600_000) {
			// For longer than a new leader may take to catch up.
			f.Kind, f.From = CutAt, "masters"
			f.For = r.Duration(31*time.Second, 45*time.Second).Round(time.Microsecond)
		}
		add(f)
		if fresh {
			add(Fault{Kind: Elect, Target: f.Target,
				At: at + r.Duration(time.Millisecond, 50*time.Millisecond)})
		}
	}
	return faults
}

// Mutes draws tablet servers that hear the masters and are not heard while the first tables are
// created, for longer than that may take, and a leader master that cannot write what follows.
func Mutes(r sim.Draws, s Storm, creation time.Duration, first int) []Fault {
	at := s.Begin - 2*time.Second - r.Duration(0, 50*time.Millisecond)
	var faults []Fault
	add := func(f Fault) {
		f.ID, f.At = first+len(faults), f.At.Round(time.Microsecond)
		f.For = f.For.Round(time.Microsecond)
		faults = append(faults, f)
	}
	for _, ts := range s.TServers {
		add(Fault{Kind: Partition, At: at, Target: ts, From: "masters", Dir: "out",
			For: creation + r.Duration(time.Second, 6*time.Second)})
	}
	if r.Chance(800_000) {
		add(Fault{Kind: FailWrite, At: at + creation, Target: "leader-master",
			PPM: []int{300_000, 600_000}[r.Intn(2)],
			For: r.Duration(time.Second, 4*time.Second)})
	}
	return faults
}
