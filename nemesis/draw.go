package nemesis

import (
	"time"

	"tabletop/model/master"
	"tabletop/sim"
)

// Storm says what Draw may do.
type Storm struct {
	Begin, End time.Duration
	Masters    []string // names of nodes
	TServers   []string
	Tables     []string // names that tables may have
}

// appetite is how often each kind is drawn in one storm: a random subset of the kinds, each with
// a weight, so that storms differ in character (swarm testing).
type appetite struct {
	kinds   []Kind
	weights []int
	total   int
}

func drawAppetite(r *sim.Rand) appetite {
	var a appetite
	for _, k := range Kinds {
		if r.Chance(650_000) {
			a.add(k.Kind, 1+r.Intn(4))
		}
	}
	// Every storm can depose the leader master, which is what the testbed is for.
	a.add([]Kind{StepDown, Kill, PowerOff}[r.Intn(3)], 1+r.Intn(2))
	return a
}

func (a *appetite) add(k Kind, weight int) {
	a.kinds = append(a.kinds, k)
	a.weights = append(a.weights, weight)
	a.total += weight
}

func (a *appetite) pick(r *sim.Rand) Kind {
	x := r.Intn(a.total)
	for i, w := range a.weights {
		if x < w {
			return a.kinds[i]
		}
		x -= w
	}
	panic("nemesis: weights do not add up")
}

// Draw makes the faults of one storm. Each is drawn by itself: none is placed after another on
// purpose.
func Draw(r *sim.Rand, s Storm) []Fault {
	diet := drawAppetite(r)
	pace := r.Duration(2*time.Second, 9*time.Second)
	longest := r.Duration(2*time.Second, 20*time.Second)
	onMasters := 500_000 + r.Intn(450_000)
	var faults []Fault
	for at := s.Begin + r.Duration(0, pace); at < s.End; at += r.Duration(pace/4, pace*7/4) {
		f := Fault{ID: len(faults) + 1, At: at.Round(time.Microsecond), Kind: diet.pick(r)}
		s.aim(r, &f, r.Chance(onMasters))
		if f.Kind != Elect && f.Kind != StepDown {
			f.For = r.Duration(300*time.Millisecond, longest).Round(time.Microsecond)
		}
		faults = append(faults, f)
	}
	return faults
}

// aim chooses the target and what else the kind needs.
func (s Storm) aim(r *sim.Rand, f *Fault, onMaster bool) {
	if onMaster || f.Kind == KillAt {
		f.Target = pickMaster(r, s, f.Kind)
	} else {
		f.Target = s.TServers[r.Intn(len(s.TServers))]
		if table := s.Tables[r.Intn(len(s.Tables))]; f.Kind == Elect || f.Kind == StepDown {
			f.Table = table
			f.Target = tabletTarget(r, f, s)
		} else if r.Chance(300_000) {
			f.Target = "tablet-leader:" + table
		}
	}
	switch f.Kind {
	case Partition:
		f.From = []string{"all", "masters", "tservers", "clients"}[r.Intn(4)]
		f.Dir = []string{"both", "both", "in", "out"}[r.Intn(4)]
	case KillAt:
		f.Point = master.Points[r.Intn(len(master.Points))].Name()
	}
}

func pickMaster(r *sim.Rand, s Storm, k Kind) string {
	leader := r.Chance(500_000)
	switch {
	case k == Elect && len(s.Masters) > 1 && leader:
		return "follower-master"
	case k == StepDown, k == KillAt, k != Elect && leader:
		return "leader-master"
	}
	return s.Masters[r.Intn(len(s.Masters))]
}

func tabletTarget(r *sim.Rand, f *Fault, s Storm) string {
	if f.Kind == StepDown {
		return "tablet-leader:" + f.Table
	}
	return s.TServers[r.Intn(len(s.TServers))]
}
