package scenarios

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// causes are the defects that are known to explain a signature, by lane and signature.
type causes map[[2]string][]string

// nights is what entries say together: of the last night all, of those before what is still of use.
type nights struct {
	night int
	open  bool // the last night has not ended
	began NightBegin
	next  uint64 // seed
	runs  int    // of all nights

	batches []*Batch
	plans   []NightPlan
	causes  causes
	seen    map[[2]string]int // the night in which a new failure was first found
}

func foldNights(entries []NightEntry, first uint64) (*nights, error) {
	s := &nights{next: first, causes: causes{}, seen: map[[2]string]int{}}
	for i, e := range entries {
		if err := s.add(e); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return s, nil
}

// add takes an entry. The error says that it cannot follow those before.
func (s *nights) add(e NightEntry) error {
	switch {
	case e.Begin != nil:
		if s.open || e.Begin.Night != s.night+1 {
			return fmt.Errorf("night %d cannot begin here", e.Begin.Night)
		}
		s.night, s.began, s.open, s.batches, s.plans = e.Begin.Night, *e.Begin, true, nil, nil
	case !s.open:
		return errors.New("no night has begun")
	case e.Batch != nil:
		return s.addBatch(e.Batch)
	case e.Shrunk != nil:
		s.plans = append(s.plans, *e.Shrunk)
	case e.End != nil:
		s.open = false
	default:
		return errors.New("this says nothing")
	}
	return nil
}

func (s *nights) addBatch(b *Batch) error {
	if s.runs > 0 && b.First != s.next || b.Count < 1 {
		return fmt.Errorf("%d seeds from %d on, after those up to %d", b.Count, b.First, s.next-1)
	}
	s.next, s.runs = b.First+uint64(b.Count), s.runs+b.Count
	s.batches = append(s.batches, b)
	for _, f := range b.Failures {
		key := [2]string{f.Lane, f.Signature}
		for _, id := range f.Causes {
			if !slices.Contains(s.causes[key], id) {
				s.causes[key] = append(s.causes[key], id)
			}
		}
		if f.New && s.seen[key] == 0 {
			s.seen[key] = s.night
		}
	}
	return nil
}

// lane returns the one that is most behind its share.
func (s *nights) lane() Lane {
	done := map[string]int{}
	for _, b := range s.batches {
		done[b.Lane] += b.Count
	}
	return slices.MinFunc(Lanes, func(a, b Lane) int {
		return cmp.Compare(done[a.Name]*b.Share, done[b.Name]*a.Share)
	})
}

// canary sums up what became of tonight's canary.
func (s *nights) canary() Canary {
	lane := canaryLane(s.night)
	c := Canary{Defect: lane.Select.Defects[0]}
	for _, b := range s.batches {
		if b.Lane != lane.Name {
			continue
		}
		c.Tried += b.Count
		for _, f := range b.Failures {
			if !c.Found && slices.Contains(f.Causes, c.Defect) {
				c.Found, c.Signature, c.Seed = true, f.Signature, f.Seed
			}
		}
	}
	return c
}

// canaryWanted reports whether the canary is to be looked for, or looked for again.
func (s *nights) canaryWanted() bool {
	batches := 0
	for _, b := range s.batches {
		if strings.HasPrefix(b.Lane, canaryPrefix) {
			batches++
		}
	}
	return batches < maxCanaryBatches && !s.canary().Found
}

// unshrunk returns a new failure of tonight for which there is no plan yet, and which may have one.
func (s *nights) unshrunk() (NightFailure, bool) {
	for _, b := range s.batches {
		for _, f := range b.Failures {
			if f.New && len(s.plans) < maxShrunk && s.plan(f) == nil {
				return f, true
			}
		}
	}
	return NightFailure{}, false
}

func (s *nights) plan(f NightFailure) *NightPlan {
	i := slices.IndexFunc(s.plans, func(p NightPlan) bool {
		return p.Lane == f.Lane && p.Signature == f.Signature
	})
	if i < 0 {
		return nil
	}
	return &s.plans[i]
}

// Night is what a night has come to.
type Night struct {
	NightBegin
	FirstSeed uint64         `json:"first_seed"`
	NextSeed  uint64         `json:"next_seed"`
	Runs      int            `json:"runs"`
	AllNights int            `json:"runs_of_all_nights"`
	Verdicts  map[string]int `json:"verdicts"`
	VirtualNS int64          `json:"virtual_ns"`
	WallNS    int64          `json:"wall_ns"` // of the batches
	PerHour   int            `json:"seeds_per_hour"`
	Canary    Canary         `json:"canary"`
	Lanes     []NightLane    `json:"lanes"`
	// Failures are those that nothing explains first, then by lane and how many there are.
	Failures []NightGroup   `json:"failures"`
	Probes   map[string]int `json:"probes"` // in how many runs each was reached
	Slowest  []SlowSeed     `json:"slowest"`
}

// Canary says whether a planted defect was found.
type Canary struct {
	Defect    string `json:"defect"`
	Found     bool   `json:"found"`
	Tried     int    `json:"tried"` // seeds
	Signature string `json:"signature"`
	Seed      uint64 `json:"seed"`
}

// NightLane is what a lane has come to.
type NightLane struct {
	Name     string         `json:"name"`
	Share    int            `json:"share"`
	Runs     int            `json:"runs"`
	Verdicts map[string]int `json:"verdicts"`
}

// NightGroup is all runs of a lane that show one signature.
type NightGroup struct {
	NightFailure
	Since int        `json:"since,omitempty"` // the night that first found it, if it is new
	Plan  *NightPlan `json:"plan,omitempty"`
}

// New counts the failures that nothing explains.
func (n *Night) New() int {
	count := 0
	for _, g := range n.Failures {
		if g.New {
			count++
		}
	}
	return count
}

// Wall returns how long the batches took.
func (n *Night) Wall() time.Duration { return time.Duration(n.WallNS) }

const keptSlowest = 5

// sum sums up the last night.
func (s *nights) sum() *Night {
	n := &Night{NightBegin: s.began, FirstSeed: s.next, NextSeed: s.next, AllNights: s.runs,
		Verdicts: map[string]int{}, Canary: s.canary(), Probes: map[string]int{}}
	for _, l := range Lanes {
		n.Lanes = append(n.Lanes, NightLane{l.Name, l.Share, 0, map[string]int{}})
	}
	for i, b := range s.batches {
		if i == 0 {
			n.FirstSeed = b.First
		}
		n.VirtualNS += b.VirtualNS
		n.WallNS += b.WallNS
		n.Slowest = slowest(append(n.Slowest, b.Slowest...))
		for _, f := range b.Failures {
			n.fail(f, s)
		}
		n.count(b)
	}
	if n.WallNS > 0 {
		n.PerHour = int(float64(n.Runs) / n.Wall().Hours())
	}
	slices.SortStableFunc(n.Failures, func(a, b NightGroup) int {
		if a.New != b.New {
			return map[bool]int{true: -1, false: 1}[a.New]
		}
		return cmp.Or(cmp.Compare(laneIndex(a.Lane), laneIndex(b.Lane)),
			cmp.Compare(b.Runs, a.Runs))
	})
	return n
}

// count counts the runs of a batch; those of the canary are not among the verdicts.
func (n *Night) count(b *Batch) {
	n.Runs += b.Count
	for name, runs := range b.Probes {
		n.Probes[name] += runs
	}
	if i := laneIndex(b.Lane); i < len(Lanes) {
		n.Lanes[i].Runs += b.Count
		for v, runs := range b.Verdicts {
			n.Lanes[i].Verdicts[v] += runs
			n.Verdicts[v] += runs
		}
	}
}

// laneIndex returns the place of a lane; that of a canary is behind all others.
func laneIndex(name string) int {
	i := slices.IndexFunc(Lanes, func(l Lane) bool { return l.Name == name })
	if i < 0 {
		return len(Lanes)
	}
	return i
}

// fail counts a failure of a batch. One that is new is what the group is shown by.
func (n *Night) fail(f NightFailure, s *nights) {
	i := slices.IndexFunc(n.Failures, func(g NightGroup) bool {
		return g.Lane == f.Lane && g.Signature == f.Signature && g.New == f.New
	})
	if i < 0 {
		g := NightGroup{NightFailure: f}
		if f.New {
			g.Since, g.Plan = s.seen[[2]string{f.Lane, f.Signature}], s.plan(f)
		}
		n.Failures = append(n.Failures, g)
		return
	}
	g := &n.Failures[i]
	g.Runs += f.Runs
	for _, id := range f.Causes {
		if !slices.Contains(g.Causes, id) {
			g.Causes = append(slices.Clone(g.Causes), id)
			g.Cause += "; " + id
		}
	}
	g.Kept = cmp.Or(g.Kept, f.Kept)
}

// slowest keeps the slowest few.
func slowest(all []SlowSeed) []SlowSeed {
	slices.SortStableFunc(all, func(a, b SlowSeed) int { return cmp.Compare(b.WallNS, a.WallNS) })
	return slices.Clone(all[:min(len(all), keptSlowest)])
}
