package scenarios

import (
	"fmt"
	"strings"

	"tabletop/model/variant"
)

// What was found once is kept as a plan that says how it fails, and looked at again.

// Recheck runs a plan that is kept for a failure. It returns an error if the plan is stale, which
// means that it no longer fails with the signature that it names, or if it fails, in whichever way,
// also without the defects, where it must pass. Latencies and ties change with the code, so any of
// a few choices of them will do.
func (p Plan) Recheck() error {
	if p.Fails == "" {
		return fmt.Errorf("the plan does not say how it fails: want a line \"fails SIGNATURE\"")
	}
	for _, seed := range p.seeds() {
		p.Seed = seed
		res, err := Run(p, Options{})
		if err != nil {
			return err
		}
		if err := p.passes(); err != nil {
			return err
		}
		if res.shows(p.Fails) {
			return nil
		}
	}
	return fmt.Errorf("stale: with %s on, the plan does not fail with %s any more",
		strings.Join(p.Select.Defects, " and "), p.Fails)
}

// seeds lists the choices of latencies and ties to try: the plan's own, and then a few.
func (p Plan) seeds() []uint64 {
	all := []uint64{p.Seed}
	for seed := range uint64(someSeeds) {
		if seed != p.Seed {
			all = append(all, seed)
		}
	}
	return all
}

// passes says how the plan fails with nothing wrong in the system; nil: it does not.
func (p Plan) passes() error {
	p.Select = variant.Selection{Options: p.Select.Options}
	res, err := Run(p, Options{})
	if err != nil {
		return err
	}
	if res.Verdict == Fail {
		return fmt.Errorf("the plan fails without any defect, too, with seed %d: %s: %s",
			p.Seed, res.Signature, res.Detail)
	}
	return nil
}

// Holds runs the plan with the same few choices of latencies and ties, as the selection has the
// system, and says how it fails; nil: it does not.
func (p Plan) Holds() error {
	for _, seed := range p.seeds() {
		p.Seed = seed
		res, err := Run(p, Options{})
		if err != nil {
			return err
		}
		if res.Verdict == Fail {
			return fmt.Errorf("seed %d: %s: %s", p.Seed, res.Signature, res.Detail)
		}
	}
	return nil
}
