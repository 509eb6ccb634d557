package scenarios

import (
	"fmt"
	"strings"

	"tabletop/model/variant"
)

// What was found once is kept as a plan that says how it fails, and looked at again.

// Recheck runs a plan that is kept for a failure. It returns an error if the plan is stale, that
// is, if it does not fail with the signature that it names any more, or if it fails, in whichever
// way, also with nothing wrong in the system. Latencies and ties change with the code, so that any
// of many choices of them will do.
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
		if res.shows(p.Fails) {
			return p.passes()
		}
	}
	return fmt.Errorf("stale: with %s on, the plan does not fail with %s any more",
		strings.Join(p.Select.Defects, " and "), p.Fails)
}

// choices is how many choices of latencies and ties are tried with a plan that is kept.
const choices = 40

// seeds lists them: the plan's own seed, and then others.
func (p Plan) seeds() []uint64 {
	all := []uint64{p.Seed}
	for seed := range uint64(choices) {
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

// Holds runs the plan with the same choices of latencies and ties, as the selection has the
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
