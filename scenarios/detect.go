package scenarios

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tabletop/model/variant"
)

// Detect looks for the first seed at which a storm shows a defect: the run fails with it, and the
// same plan passes with only it removed.
type Detect struct {
	Select  variant.Selection // what the defect is added to
	Count   int               // seeds to try at most; 0: no limit
	For     time.Duration     // of wall clock at most; 0: no limit
	Workers int               // 0: one per processor
	// Step receives what is known after every seed, in their order, with the seed's result. It
	// returns false to stop.
	Step func(Detection, *Result) bool
}

// Detection is how far the search for one defect has come. All but WallNS is independent of the
// number of workers.
type Detection struct {
	Defect    string   `json:"defect"`
	Title     string   `json:"title"`
	Profile   string   `json:"profile"`
	Without   []string `json:"without,omitempty"`
	Options   []string `json:"options,omitempty"`
	Generator int      `json:"generator"`
	Start     uint64   `json:"start"` // the first seed tried; at least 1
	Seed      uint64   `json:"seed"`  // the first that shows the defect; 0: none yet
	Tried     int      `json:"tried"`
	Signature string   `json:"signature"`
	Token     string   `json:"token"`
	Events    uint64   `json:"events"` // of the run with that seed
	Runs      int      `json:"runs"`   // tried, and those without the defect
	// Of how many runs that failed it was asked what explains them, of how many the answer was
	// this defect and nothing else, and of how many one defect that it needs and nothing else.
	Asked     int   `json:"asked"`
	Exact     int   `json:"exact"`
	Needed    int   `json:"needed,omitempty"`
	VirtualNS int64 `json:"virtual_ns"` // of the seeds tried
	WallNS    int64 `json:"wall_ns"`
}

// Found reports whether a seed shows the defect.
func (d Detection) Found() bool { return d.Seed != 0 }

// Begin returns a search that has not begun. The error names what is not known, or says that the
// defect cannot be switched on.
func (d Detect) Begin(defect string, start uint64) (Detection, error) {
	v, err := d.with(defect).Resolve()
	if err != nil {
		return Detection{}, err
	}
	if !slices.Contains(v.ActiveDefects(), defect) {
		return Detection{}, fmt.Errorf("defect %s is to be detected and left out at once", defect)
	}
	known, _ := variant.FindDefect(defect)
	profile, _ := variant.FindProfile(d.Select.Profile)
	return Detection{Defect: defect, Title: known.Title, Profile: profile.ID,
		Without: d.Select.Without, Options: d.Select.Options, Generator: GeneratorVersion,
		Start: start}, nil
}

// with returns the selection with the defect added.
func (d Detect) with(defect string) variant.Selection {
	s := d.Select
	s.Defects = []string{defect}
	return s
}

// Run goes on with a search until a seed is found or a bound is reached; what was done before
// counts. It returns how far it came, also if the context ends.
func (d Detect) Run(ctx context.Context, at Detection) (Detection, error) {
	if at.Found() || d.Count > 0 && at.Tried >= d.Count {
		return at, nil
	}
	before, began := at.WallNS, time.Now()
	if d.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.For-time.Duration(before))
		defer cancel()
	}
	left := 0
	if d.Count > 0 {
		left = d.Count - at.Tried
	}
	on := true
	_, err := Fuzz{Scenario: "storm", Select: d.with(at.Defect), First: at.Start + uint64(at.Tried),
		Count: left, Workers: d.Workers, ablate: at.Defect, Each: func(r *Result) bool {
			if on {
				at.add(r)
				at.WallNS = before + time.Since(began).Nanoseconds()
				on = (d.Step == nil || d.Step(at, r)) && !at.Found()
			}
			return on
		}}.Run(ctx)
	return at, err
}

// add counts the run of the next seed.
func (d *Detection) add(r *Result) {
	d.Tried++
	d.Runs++
	d.VirtualNS += r.VirtualNS
	if r.Verdict != Fail {
		return
	}
	d.Runs++
	d.Asked++
	if r.exact {
		d.Exact++
	}
	if r.needed {
		d.Needed++
	}
	if r.cured {
		d.Seed, d.Signature, d.Token, d.Events = r.Seed, r.Signature, r.Token, r.Events
	}
}

// same reports whether two searches are for the same thing, be it by other generators.
func (d Detection) same(o Detection) bool {
	return d.Defect == o.Defect && d.Start == o.Start && d.Profile == o.Profile &&
		slices.Equal(d.Without, o.Without) && slices.Equal(d.Options, o.Options)
}

// Detections is how far some searches have come.
type Detections []Detection

// Resume returns the search as it is known, or the given one that has not begun. What another
// version of the generator has found is of no use.
func (all Detections) Resume(d Detection) Detection {
	if i := slices.IndexFunc(all, d.same); i >= 0 && all[i].Generator == d.Generator {
		all[i].Title = d.Title
		return all[i]
	}
	return d
}

// Put puts a search in the place of what was known of it.
func (all *Detections) Put(d Detection) {
	if i := slices.IndexFunc(*all, d.same); i >= 0 {
		(*all)[i] = d
		return
	}
	*all = append(*all, d)
}
