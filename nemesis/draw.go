package nemesis

import (
	"slices"
	"strings"
	"time"

	"tabletop/model/master"
	"tabletop/model/tserver"
	"tabletop/sim"
)

// Storm says what Draw may do.
type Storm struct {
	Begin, End time.Duration
	Masters    []string // names of nodes
	TServers   []string
	Spares     []string // masters that may be added
	Tables     []string // names that tables may have
	// Changes are what may be done to configurations: what the masters' replica management sets
	// right again.
	Changes []string
	// Single tells that tablets have one replica only, so that no tablet server may lose what its
	// disk held.
	Single bool
	// Unbounded lets disks of a majority lose what they held for durable. The system may stand
	// still then, but never lie.
	Unbounded bool
}

// appetite is how often each kind is drawn in one storm: a random subset of the kinds, each with
// a weight, so that storms differ in character (swarm testing).
type appetite struct {
	kinds   []*KindInfo
	weights []int
	total   int
}

// The kinds that strike at the masters' leadership are drawn more often than the others.
var common = map[Kind]bool{Elect: true, StepDown: true, Kill: true, PowerOff: true, Pause: true,
	KillAt: true, Partition: true}

func drawAppetite(r sim.Draws, s Storm) appetite {
	var a appetite
	for i := range Kinds {
		k := &Kinds[i]
		if k.Apart {
			continue
		}
		chance, weight := 250_000, 1+r.Intn(3)
		if common[k.Kind] {
			chance, weight = 600_000, 2+r.Intn(5)
		}
		if r.Chance(chance) && s.suits(k.Kind) {
			a.add(k, weight)
		}
	}
	// Every storm can depose the leader master, which is what the testbed is for.
	a.add(infoOf([]Kind{StepDown, Kill, PowerOff}[r.Intn(3)]), 6+r.Intn(4))
	return a
}

// suits reports whether the storm has targets for such a fault. Tablet servers must be enough for
// every replica once one is lost.
func (s Storm) suits(k Kind) bool {
	switch k {
	case AddMaster:
		return len(s.Spares) > 0
	case ChangeConfig:
		return len(s.Changes) > 0
	case RemoveMaster:
		return len(s.Masters) >= 3
	case DeleteReplica:
		return !s.Single
	case Lose:
		return len(s.TServers) > 3 && !s.Single
	}
	return !infoOf(k).Loses || !s.Single || len(s.Masters) >= 3
}

func (a *appetite) add(k *KindInfo, weight int) {
	a.kinds = append(a.kinds, k)
	a.weights = append(a.weights, weight)
	a.total += weight
}

func (a *appetite) pick(r sim.Draws) *KindInfo {
	x := r.Intn(a.total)
	for i, w := range a.weights {
		if x < w {
			return a.kinds[i]
		}
		x -= w
	}
	panic("nemesis: weights do not add up")
}

// drawer draws the faults of one storm.
type drawer struct {
	Storm
	r        sim.Draws
	onMaster int // how often a master is the target, of a million
	longest  time.Duration
	// favourite is a tablet server that is struck more often than others, so that faults meet.
	favourite string
	doomed    string   // the master that may be removed
	victims   []string // whose disks may lose what they held for durable
}

// Draw makes the faults of one storm. Each is drawn by itself, but for those that seldom matter
// alone, which others follow.
func Draw(r sim.Draws, s Storm) []Fault {
	diet := drawAppetite(r, s)
	pace := r.Duration(2*time.Second, 9*time.Second)
	d := &drawer{Storm: s, r: r, longest: r.Duration(2*time.Second, 20*time.Second),
		onMaster: 600_000 + r.Intn(350_000)}
	d.favourite = d.one(s.TServers)
	if !s.Single {
		d.victims = []string{d.favourite}
	}
	d.doomed = d.one(s.Masters)
	if len(s.Masters) >= 3 {
		d.victims = append(d.victims, d.doomed)
	}
	var faults []Fault
	for at := s.Begin + r.Duration(0, pace); at < s.End; at += r.Duration(pace/4, pace*7/4) {
		k := diet.pick(r)
		f := Fault{ID: len(faults) + 1, At: at.Round(time.Microsecond), Kind: k.Kind}
		d.aim(&f, k)
		d.fill(&f, k)
		faults = append(faults, f)
		for _, f := range d.sequel(f) {
			f.ID, f.At = len(faults)+1, min(f.At, s.End-time.Millisecond)
			faults = append(faults, f)
		}
	}
	return faults
}

// sequel is what follows some faults: work on a server in maintenance, which is what that is for; a
// second change of a configuration, perhaps before the first has committed; a copy from a server
// whose disk may be damaged, or a start of it.
func (d *drawer) sequel(f Fault) []Fault {
	switch {
	case f.Kind == Maintenance && d.r.Chance(700_000):
		return []Fault{d.work(f)}
	case f.Kind == ChangeConfig && d.r.Chance(500_000):
		return []Fault{{At: f.At + d.between(0, 5*time.Millisecond), Kind: ChangeConfig,
			Target: d.one(d.TServers), Table: f.Table, Change: d.one(d.Changes)}}
	case f.Kind == BitRot && f.Table != "" && slices.Contains(d.Changes, "add") &&
		d.r.Chance(500_000):
		at := f.At + d.between(0, time.Second)
		return []Fault{{At: at, Kind: Elect, Target: f.Target, Table: f.Table},
			{At: at + d.between(0, 3*time.Second), Kind: ChangeConfig, Change: "add",
				Target: "tablet-outsider:" + f.Table, Table: f.Table}}
	case f.Kind == BitRot:
		return []Fault{{At: f.At + d.between(0, 4*time.Second), Kind: Kill, Target: f.Target,
			For: d.between(0, 4*time.Second)}}
	}
	return nil
}

// work is what is done to a server that is in maintenance.
func (d *drawer) work(m Fault) Fault {
	f := Fault{Kind: []Kind{Kill, PowerOff, Lose}[d.r.Intn(3)], Target: m.Target,
		At: m.At + d.between(100*time.Millisecond, m.For)}
	if f.Kind == Lose && (!d.suits(Lose) || !slices.Contains(d.victims, m.Target)) {
		f.Kind = PowerOff
	}
	if f.Kind != Lose {
		f.For = d.between(time.Second, 40*time.Second)
	}
	return f
}

// tserver draws a tablet server, the favourite more often than others.
func (d *drawer) tserver() string {
	if d.r.Chance(400_000) {
		return d.favourite
	}
	return d.one(d.TServers)
}

// isTServer reports whether a target is a tablet server, or the role of one.
func (d *drawer) isTServer(target string) bool {
	return slices.Contains(d.TServers, target) || strings.HasPrefix(target, "tablet-")
}

func (d *drawer) one(words []string) string { return words[d.r.Intn(len(words))] }

func (d *drawer) between(lo, hi time.Duration) time.Duration {
	return d.r.Duration(lo, hi).Round(time.Microsecond)
}

// aim chooses the target.
func (d *drawer) aim(f *Fault, k *KindInfo) {
	onMaster := d.r.Chance(d.onMaster)
	table := d.one(d.Tables)
	switch {
	case k.Kind == AddMaster:
		f.Target = d.one(d.Spares)
	case k.Kind == RemoveMaster:
		f.Target = d.doomed
	case k.Only == "tservers":
		f.Target = d.tserver()
		switch k.Kind {
		case ChangeConfig:
			f.Table = table
		case DeleteReplica:
			f.Target, f.Table = d.favourite, table
		}
	case k.Loses && !d.Unbounded:
		f.Target = d.one(d.victims)
		if k.Kind == BitRot && d.isTServer(f.Target) && d.r.Chance(400_000) {
			f.Table = table
		}
	case k.Kind == Split:
		f.Target = "tservers"
		if onMaster && len(d.Masters) > 1 {
			f.Target = "masters"
		}
	case k.Group && d.r.Chance(60_000):
		f.Target = "masters"
	case k.Kind == ClockJump && d.r.Chance(120_000): // masters hardly read the wall clock
		f.Target = d.master(k.Kind)
	case k.Kind == ClockJump:
		f.Target = d.tserver()
	case onMaster || k.Kind == KillAt || k.Kind == CutAt || k.Kind == FailWrite:
		f.Target = d.master(k.Kind)
	case k.Kind == Elect:
		f.Table, f.Target = table, d.tserver()
	case k.Kind == StepDown, k.Kind == Transfer:
		f.Table, f.Target = table, "tablet-leader:"+table
	case d.r.Chance(300_000):
		f.Target = "tablet-leader:" + table
	default:
		f.Target = d.tserver()
	}
}

func (d *drawer) master(k Kind) string {
	leader := d.r.Chance(500_000)
	switch {
	case k == Elect && len(d.Masters) > 1 && leader:
		return "follower-master"
	case k == StepDown, k == Transfer, k == KillAt, k == CutAt, k == FailWrite,
		k != Elect && leader:
		return "leader-master"
	}
	return d.one(d.Masters)
}

// The beginnings of labels at which a process is worth killing.
var waits = []string{"a-majority-to-confirm", "apply", "answer-to", "consensus-metadata", "entry",
	"inherited-entries", "lock-of", "log-on-disk", "more-tablet-servers", "next-attempt",
	"requests-of-an-earlier-term", "scan-the-master-tablet", "sync", "sync-directory",
	"tasks-of-an-earlier-leadership", "update-lock", "votes"}

// fill draws the words that the kind needs, and those it may have.
func (d *drawer) fill(f *Fault, k *KindInfo) {
	r := d.r
	for _, key := range append(k.Needs, k.May...) {
		switch key {
		case "from":
			// A leader cut off from its own kind alone still answers clients.
			own, others := "masters", "tservers"
			if d.isTServer(f.Target) {
				own, others = others, own
			}
			f.From = d.one([]string{"all", own, own, own, others, "clients"})
		case "dir":
			f.Dir = []string{"both", "both", "in", "out"}[r.Intn(4)]
		case "shape":
			f.Shape = []string{"halves", "bridge", "ring"}[r.Intn(3)]
		case "change":
			if f.Change = d.one(d.Changes); f.Change == "add" && r.Chance(700_000) {
				f.Target = "tablet-outsider:" + f.Table
			}
		case "turn":
			f.Turn = 1 + r.Intn(5)
		case "point":
			f.Point = master.Points[r.Intn(len(master.Points))].Name()
			switch {
			case f.Point == master.PointElected.Name():
				f.Target = d.one(d.Masters) // any may be elected
			case r.Chance(350_000):
				f.Point = tserver.Points[r.Intn(len(tserver.Points))].Name()
				f.Target = d.one([]string{d.tserver(), "tablet-leader:" + d.one(d.Tables)})
			}
		case "label":
			f.Label = d.one(waits)
		case "k":
			f.K = 1 + r.Intn(8)
		case "when":
			f.When = []string{"before", "after"}[r.Intn(2)]
		case "power":
			f.Power = r.Chance(500_000)
		case "rate":
			f.Rate = 1 << (11 + r.Intn(8))
		case "ppm":
			f.PPM = d.ppm(f.Kind)
		case "by":
			f.By = d.by(f.Kind)
		case "for":
			f.For = d.between(300*time.Millisecond, d.longest)
			switch f.Kind {
			case Maintenance: // half of it lasts until all is healed
				left := max(d.End-f.At, time.Second)
				f.For = min(f.For+d.between(0, 2*left), left)
			case Partition, CutAt:
				f.For += d.between(0, 8*time.Second)
				if r.Chance(150_000) { // longer than a new leader may take to catch up
					f.For += 30 * time.Second
				}
			case ClockJump:
				f.For += d.between(0, d.End-f.At)
			}
		}
	}
}

func (d *drawer) ppm(k Kind) int {
	switch k {
	case Drift:
		return []int{-1, 1}[d.r.Intn(2)] * (1000 + d.r.Intn(300_000))
	case FailSync, Misdirect, FailWrite:
		return []int{50_000, 300_000, 1_000_000}[d.r.Intn(3)]
	}
	return 10_000 + d.r.Intn(490_000)
}

func (d *drawer) by(k Kind) time.Duration {
	switch k {
	case Slow:
		return d.between(100*time.Microsecond, 30*time.Millisecond)
	case ChangeConfig:
		return max(d.between(-2*time.Second, 2*time.Second), 0)
	case Flap, Swizzle:
		return d.between(100*time.Millisecond, 2*time.Second)
	case SlowDisk:
		return d.between(5*time.Millisecond, 2*time.Second)
	case ClockJump:
		sign := time.Duration([]int{-1, -1, 1}[d.r.Intn(3)]) // a clock that goes back is worse
		return sign * d.between(time.Second, time.Hour)
	}
	return d.between(5*time.Millisecond, 2*time.Second)
}

// Rebalances draws when the rebalancing tool is run in a storm: sometimes it is interrupted, and
// sometimes it goes on when all is healed.
func Rebalances(r sim.Draws, s Storm, first int) []Fault {
	var faults []Fault
	for range 1 + r.Intn(3) {
		f := Fault{ID: first + len(faults), Kind: Rebalance, Target: "client-1",
			At: r.Duration(s.Begin, s.End-time.Second).Round(time.Microsecond)}
		if r.Chance(250_000) {
			f.At = s.End - time.Second
		}
		if r.Chance(400_000) {
			f.For = r.Duration(time.Second, 20*time.Second).Round(time.Microsecond)
		}
		faults = append(faults, f)
	}
	return faults
}
