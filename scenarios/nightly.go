package scenarios

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tabletop/model/variant"
)

// Nightly runs storms night after night, of several kinds in stated shares, and no seed twice. What
// it has done is a list of entries, which it goes on from; one batch of seeds is an entry, so that
// no more than a batch is lost whenever the program ends.
type Nightly struct {
	For     time.Duration // of wall clock, after which no batch begins
	First   uint64        // the first seed, if nothing was done yet
	Batch   int           // seeds between two entries
	Workers int           // 0: one per processor
	Shrink  time.Duration // of wall clock at most for each new failure
	// Put keeps an entry for good before it returns.
	Put func(NightEntry) error
	// PutPlan keeps a shrunk plan under a name.
	PutPlan func(name string, p Plan) error
	// Each, if not nil, receives every result, and New those of failures that are new.
	Each, New func(*Result)

	batch func(ctx context.Context, l Lane, first uint64, hints causes) (*Batch, error)
	now   func() time.Time
}

// Lane is a kind of storm, and how many of 100 seeds are of it.
type Lane struct {
	Name   string
	Share  int
	Select variant.Selection
}

// Lanes lists the kinds of storm of a night.
var Lanes = []Lane{
	{"ideal", 66, variant.Selection{Profile: "ideal"}},
	{"ideal-etcd", 10, variant.Selection{Profile: "ideal", Options: []string{"consensus=etcd"}}},
	{"kudu-head", 10, variant.Selection{Profile: "kudu-head"}},
	{"kudu-1.0", 7, variant.Selection{Profile: "kudu-1.0"}},
	{"kudu-0.7", 7, variant.Selection{Profile: "kudu-0.7"}},
}

// Canaries are defects that storms show soon, each by another judge. Every night one of them is
// planted and must be found, and explained, by all that finds and explains the other failures.
var Canaries = []string{"KUDU-1353", "KUDU-1537", "KUDU-2472", "KUDU-1365", "6e7a04aa5"}

// What bounds a night: the batches that a canary may take, and the failures that are shrunk.
const (
	maxCanaryBatches = 5
	maxShrunk        = 20
)

const canaryPrefix = "canary-"

func canaryLane(night int) Lane {
	id := Canaries[(night-1)%len(Canaries)]
	return Lane{canaryPrefix + id, 0, variant.Selection{Profile: "ideal", Defects: []string{id}}}
}

// NightEntry is one of these.
type NightEntry struct {
	Begin  *NightBegin `json:"begin,omitempty"`
	Batch  *Batch      `json:"batch,omitempty"`
	Shrunk *NightPlan  `json:"shrunk,omitempty"`
	End    *NightEnd   `json:"end,omitempty"`
}

// NightBegin begins a night.
type NightBegin struct {
	Night     int           `json:"night"` // from 1
	At        time.Time     `json:"at"`
	For       time.Duration `json:"for_ns"`
	Generator int           `json:"generator"`
	Code      string        `json:"code"` // CodeVersion
}

// NightEnd ends it, by its time or by an interrupt.
type NightEnd struct {
	Interrupted bool `json:"interrupted"`
}

// Batch is what some seeds of a lane, one after another, have shown.
type Batch struct {
	Lane      string         `json:"lane"`
	First     uint64         `json:"first"`
	Count     int            `json:"count"`
	Verdicts  map[string]int `json:"verdicts"`
	Failures  []NightFailure `json:"failures,omitempty"`
	Probes    map[string]int `json:"probes"` // runs that reached each
	Slowest   []SlowSeed     `json:"slowest"`
	VirtualNS int64          `json:"virtual_ns"`
	WallNS    int64          `json:"wall_ns"`
}

// NightFailure is all runs of a batch, or of a night, that show one signature.
type NightFailure struct {
	Lane      string   `json:"lane"`
	Signature string   `json:"signature"`
	Runs      int      `json:"runs"`
	Seed      uint64   `json:"seed"` // of the run that was looked at
	Token     string   `json:"token"`
	Causes    []string `json:"causes,omitempty"` // defects without one of which it is gone
	Cause     string   `json:"cause"`            // in words
	Kept      string   `json:"kept,omitempty"`   // the plan in the corpus that shows it so
	New       bool     `json:"new"`              // nothing that is switched on explains it
}

// SlowSeed is a run that took long.
type SlowSeed struct {
	Lane   string `json:"lane"`
	Seed   uint64 `json:"seed"`
	WallNS int64  `json:"wall_ns"`
	Events uint64 `json:"events"`
}

// NightPlan says what became of shrinking a new failure.
type NightPlan struct {
	Lane      string `json:"lane"`
	Signature string `json:"signature"`
	Plan      string `json:"plan"` // its name; empty: it could not be shrunk
	Lines     int    `json:"lines"`
	Error     string `json:"error,omitempty"`
}

// Run goes on with an unfinished night, or has another one, and sums it up. An unfinished one ends
// when it was to end, unless that is over: then it has all of its time again. If the context ends,
// the night does; the batch under way is dropped.
func (n Nightly) Run(ctx context.Context, done []NightEntry) (*Night, error) {
	if n.now == nil {
		n.now = time.Now
	}
	if n.batch == nil {
		n.batch = n.storms
	}
	s, err := foldNights(done, n.First)
	if err != nil {
		return nil, err
	}
	put := func(e NightEntry) error {
		if err := n.Put(e); err != nil {
			return err
		}
		return s.add(e)
	}
	end := n.now().Add(n.For)
	if !s.open {
		err = put(NightEntry{Begin: &NightBegin{s.night + 1, n.now(), n.For, GeneratorVersion,
			fmt.Sprintf("%08x", CodeVersion)}})
	} else if planned := s.began.At.Add(s.began.For); !n.now().After(planned) {
		end = slices.MinFunc([]time.Time{end, planned}, time.Time.Compare)
	}
	for err == nil && ctx.Err() == nil {
		var e NightEntry
		switch f, found := s.unshrunk(); {
		case found:
			e.Shrunk = n.shrink(ctx, f)
		case s.canaryWanted():
			e.Batch, err = n.batch(ctx, canaryLane(s.night), s.next, s.causes)
		case n.now().Before(end):
			e.Batch, err = n.batch(ctx, s.lane(), s.next, s.causes)
		default:
			return s.sum(), put(NightEntry{End: &NightEnd{}})
		}
		if err == nil && ctx.Err() == nil {
			err = put(e)
		}
	}
	if err != nil {
		return nil, err
	}
	return s.sum(), put(NightEntry{End: &NightEnd{Interrupted: true}})
}
