package scenarios

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"tabletop/sim"
)

// SelfCheck makes a run twice, by means of a function that carries it out, and compares the two
// event by event. The first is told and traced as the options say and the second is not, so that
// whoever listens is under suspicion, too. The result is that of the first; if the second went
// another way its verdict is Diverged and its detail names the first event that differs. What was
// found besides stays among the findings.
func SelfCheck(opts Options, run func(Options) (*Result, error)) (*Result, error) {
	var results []*Result
	var failed error
	records := 0
	difference := sim.Twice(func(compare func(sim.Record)) {
		o := Options{Until: opts.Until, CheckMessages: opts.CheckMessages, Trace: compare}
		if len(results) == 0 {
			o.Story, o.Illegal = opts.Story, opts.Illegal
			o.Trace = func(r sim.Record) {
				records++
				compare(r)
				if opts.Trace != nil {
					opts.Trace(r)
				}
			}
		}
		res, err := run(o)
		if err != nil {
			failed = err
		}
		results = append(results, res)
	})
	if failed != nil {
		return nil, failed
	}
	once, again := results[0], results[1]
	switch {
	case difference != nil:
		once.diverged(describe(difference))
	case ending(once) != ending(again):
		once.diverged(fmt.Sprintf("after %d equal records: %s", records, twoEnds(once, again)))
	default:
		once.Repeated = records
	}
	return once, nil
}

// runQuickly carries out a plan. Its self-check compares events only after two runs that are not
// traced have ended in different ways, since a trace takes more time than the run.
func runQuickly(p Plan, opts Options) (*Result, error) {
	if !opts.SelfCheck {
		return Run(p, opts)
	}
	opts.SelfCheck = false
	return checkEnds(opts, func(o Options) (*Result, error) { return Run(p, o) })
}

func checkEnds(opts Options, run func(Options) (*Result, error)) (*Result, error) {
	once, err := run(opts)
	if err != nil {
		return nil, err
	}
	again, err := run(Options{Until: opts.Until, CheckMessages: opts.CheckMessages})
	if err != nil || ending(once) == ending(again) {
		return once, err
	}
	traced, err := SelfCheck(Options{Until: opts.Until, CheckMessages: opts.CheckMessages}, run)
	if err != nil {
		return nil, err
	}
	if traced.Verdict == Diverged {
		once.diverged(traced.Detail)
	} else {
		once.diverged(twoEnds(once, again) + "; two more runs, which were traced, are equal")
	}
	return once, nil
}

// diverged makes it the verdict that another run of the same plan went another way: whatever else
// the run showed cannot be shown again.
func (r *Result) diverged(how string) {
	r.Verdict, r.Signature, r.Oracle, r.Detail = Diverged, "", "", how
}

// ending is all that a result says but for what the machine decides: how long it took, and the
// addresses in the stack of a panic.
func ending(r *Result) string {
	plain := *r
	plain.WallNS, plain.HistoryNS = 0, 0
	plain.Detail = withoutStack(r.Detail)
	plain.Findings = slices.Clone(r.Findings)
	for i := range plain.Findings {
		plain.Findings[i].Detail = withoutStack(plain.Findings[i].Detail)
	}
	text, err := json.Marshal(plain)
	if err != nil {
		panic(err) // a result is plain data
	}
	return string(text)
}

func withoutStack(detail string) string {
	before, _, _ := strings.Cut(detail, "\ngoroutine ")
	return before
}

// twoEnds tells in one line how two results differ.
func twoEnds(once, again *Result) string {
	if once.Digest != again.Digest {
		return fmt.Sprintf("once the run ended with digest %s, again with %s", once.Digest,
			again.Digest)
	}
	a, b := ending(once), ending(again)
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	return fmt.Sprintf("the digests are equal but the results are not: once %s, again %s",
		excerpt(a, at), excerpt(b, at))
}

// excerpt returns what stands around a place in a text.
func excerpt(text string, at int) string {
	const around = 40
	return fmt.Sprintf("%q", text[max(0, at-around):min(len(text), at+around)])
}

// describe tells in one line where two runs part. Events may read alike and differ in what only
// the digest sees, such as the contents of a message.
func describe(d *sim.Difference) string {
	once, again := recordText(d.First), recordText(d.Second)
	if once == again {
		return fmt.Sprintf("after %d equal records: %s, once with digest %016x, again with %016x",
			d.After, once, d.First.Digest, d.Second.Digest)
	}
	return fmt.Sprintf("after %d equal records: once %s; again %s", d.After, once, again)
}

// recordText is a record on one line, with its time to the nanosecond.
func recordText(r sim.Record) string {
	if r == (sim.Record{}) {
		return "the run was over"
	}
	node := r.Node
	if node == "" {
		node = "world"
	}
	return fmt.Sprintf("%v %s: %s %s", time.Duration(r.At), node, r.Topic,
		strings.Join(strings.Fields(r.Text), " "))
}
