package scenarios

import (
	"slices"
	"strings"
	"sync"

	"tabletop/model/variant"
)

// variations are runs of a run's plan with other defects or defences, as far as they were made.
type variations struct {
	asked *variant.Questions // that the run asked about its selection; nil: it is not known
	mu    sync.Mutex
	made  map[string]*Result // by what was removed
}

// again runs the plan with other defects or defences removed, unless that was done before. Where
// nothing differs that the run asked about, it would go the same way, and is not made.
func (r *Result) again(without []string) (*Result, error) {
	slices.Sort(without)
	without = slices.Compact(without)
	key := strings.Join(without, " ")
	v := r.variations
	v.mu.Lock()
	known := v.made[key]
	v.mu.Unlock()
	if known != nil {
		return known, nil
	}
	p := r.plan
	p.Select.Without = without
	same, err := r.sameUnder(p.Select)
	if same == nil && err == nil {
		same, err = Run(p, Options{})
	}
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.made == nil {
		v.made = map[string]*Result{}
	}
	v.made[key] = same
	return same, nil
}

// sameUnder returns what the run would be under another selection, or nil if that is not known.
func (r *Result) sameUnder(selected variant.Selection) (*Result, error) {
	before, err := r.plan.Select.Resolve()
	if err != nil {
		return nil, err
	}
	now, err := selected.Resolve()
	if err != nil || r.variations.asked == nil || !before.SameTo(r.variations.asked, now) {
		return nil, err
	}
	same := *r
	same.plan.Select, same.Without, same.Defects = selected, selected.Without, now.ActiveDefects()
	same.variations = &variations{}
	return &same, nil
}

// asks reports whether the run asked whether a defect is on, or that which it is the absence of; or
// may have asked.
func (r *Result) asks(id string) bool {
	asked := r.variations.asked
	return asked == nil || slices.ContainsFunc(switchesOf(id), func(s variant.Switch) bool {
		return asked[s]
	})
}

// switchesOf returns what is asked about where a defect counts.
func switchesOf(id string) []variant.Switch {
	d, _ := variant.FindDefect(id)
	if slices.Contains(variant.Bare, d.Switch) {
		return d.Needs
	}
	return []variant.Switch{d.Switch}
}
