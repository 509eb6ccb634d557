package scenarios

import (
	"fmt"
	"time"
)

// Replayed is a run that was run again from its token.
type Replayed struct {
	*Result
	// Diverged tells between which instants the replay went another way; empty: it did not.
	Diverged string `json:"diverged"`
	// Outcome is what became of the run. If the replay diverged, or was stopped early, it is of
	// another run.
	Outcome string `json:"outcome"`
	// Foreign says that another version of the code made the token; empty: this one did.
	Foreign string `json:"foreign"`
}

// Replay runs the token's run again and compares how it went.
func Replay(t Token, opts Options) (*Replayed, error) {
	began := time.Now()
	res, err := Run(t.Plan, opts)
	if err != nil {
		return nil, err
	}
	res.WallNS = time.Since(began).Nanoseconds()
	again, err := ParseToken(res.Token)
	if err != nil {
		return nil, fmt.Errorf("the replay's own token: %w", err)
	}
	r := &Replayed{Result: res, Outcome: t.Origin.outcome(res), Foreign: t.Origin.Foreign()}
	if opts.Until == 0 {
		r.Diverged = t.Fingerprint.Diverged(again.Fingerprint)
	}
	return r, nil
}
