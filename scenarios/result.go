package scenarios

import (
	"time"

	"tabletop/checker"
	"tabletop/nemesis"
)

// Verdicts, in the order in which they apply.
const (
	Diverged     = "diverged" // made twice, the run went two ways
	Fail         = "fail"
	Inconclusive = "inconclusive"
	Vacuous      = "vacuous"
	Pass         = "pass"
)

// Result is a verdict with its reasons.
type Result struct {
	Scenario  string   `json:"scenario"`
	Seed      uint64   `json:"seed"`
	Profile   string   `json:"profile"`
	Defects   []string `json:"defects"`
	Verdict   string   `json:"verdict"`
	Signature string   `json:"signature"`
	Oracle    string   `json:"oracle"`
	Detail    string   `json:"detail"`
	VirtualNS int64    `json:"virtual_ns"`
	WallNS    int64    `json:"wall_ns"`
	Events    uint64   `json:"events"`
	Messages  uint64   `json:"messages"`
	Digest    string   `json:"digest"`
	Token     string   `json:"token"`

	Without  []string       `json:"without,omitempty"`
	Options  []string       `json:"options,omitempty"`
	Findings []Finding      `json:"findings,omitempty"`
	Faults   []string       `json:"faults,omitempty"`
	Looked   map[string]int `json:"looked"`
	// Silent says of judges that had nothing to judge why.
	Silent map[string]string `json:"silent,omitempty"`
	Stats  Stats             `json:"stats"`
	Times  []Time            `json:"times,omitempty"`
	Probes map[string]int    `json:"probes,omitempty"` // how often each was reached
	// HistoryNS is how long it took to judge the history, by the wall.
	HistoryNS int64 `json:"history_ns"`

	// Repeated counts the records that a self-check compared and found equal.
	Repeated int `json:"self_check_records,omitempty"`

	plan       Plan
	variations *variations
	records    []*nemesis.Record
	stage      int // how many of the stages the run began
	// Without the defect that Fuzz.ablate names the same plan passes; nothing else explains what
	// it failed with; or nothing but one defect that this one needs.
	cured, exact, needed bool
}

// Finding is one broken promise of a run.
type Finding struct {
	Signature string        `json:"signature"`
	At        time.Duration `json:"at_ns"`
	Detail    string        `json:"detail"`
}

// Stats tell how much of a test a run was, and what it cost.
type Stats struct {
	Storm         time.Duration   `json:"storm_ns"`
	Faults        int             `json:"faults"`
	Effective     int             `json:"effective_faults"`
	LeaderChanges int             `json:"leader_changes"`
	DDL           int             `json:"ddl"`
	Overlaps      int             `json:"overlaps"`
	Tables        int             `json:"tables"`
	CheckSteps    int             `json:"check_steps"` // that Porcupine took
	SettledEffect int             `json:"settled_took_effect"`
	SettledSeen   int             `json:"settled_seen"`
	SettledNever  int             `json:"settled_never"`
	StormCost     Cost            `json:"cost_until_healing"`
	Bytes         uint64          `json:"bytes"`
	AlterTimes    []time.Duration `json:"alter_ns,omitempty"`
}

// Stuck reports whether the run ended with an alter that nothing can finish.
func (r *Result) Stuck() bool { return r.shows(StuckAlter) }

// StuckAlter is the signature of KUDU-1353's symptom.
const StuckAlter = checker.Liveness + "/table/alter-stuck"

func (r *run) result() *Result {
	w := r.c.World
	_, looked := r.judges.Looked()
	res := &Result{
		Scenario: r.plan.Scenario, Seed: r.plan.Seed, Profile: r.plan.Select.Profile,
		Defects: r.c.Variants.ActiveDefects(), Without: r.plan.Select.Without,
		Options: r.plan.Select.Options, Verdict: Pass, VirtualNS: int64(w.Now()),
		Events: w.Stats().Events, Messages: w.Stats().Messages, Digest: digestText(w.Digest()),
		HistoryNS: r.historyTime.Nanoseconds(), Looked: looked, Silent: r.judges.Silent(),
		Stats: r.stats(), plan: r.plan, Times: r.times.list, Probes: r.judges.Reached(),
		records: r.nemesis.Records(), stage: r.stage, variations: &variations{asked: r.questions},
	}
	if res.Profile == "" {
		res.Profile = "ideal"
	}
	for _, rec := range r.nemesis.Records() {
		res.Faults = append(res.Faults, rec.String())
	}
	r.verdict(res)
	res.Token = tokenOf(r, w, res.Signature)
	return res
}

func (r *run) verdict(res *Result) {
	for _, v := range r.judges.Violations() {
		res.Findings = append(res.Findings, Finding{v.Signature(), time.Duration(v.At), v.Detail})
	}
	switch violations := r.judges.Violations(); {
	case len(violations) > 0:
		first := violations[0]
		res.Verdict, res.Oracle = Fail, first.Oracle
		res.Signature, res.Detail = first.Signature(), first.Detail
	case r.inconclusive:
		res.Verdict, res.Oracle = Inconclusive, checker.Linearizability
		res.Detail = "the linearizability check ran out of its step budget"
	case r.opts.Until > 0:
		res.Verdict, res.Detail = Vacuous, "stopped at "+r.opts.Until.String()
	default:
		if why := r.vacuous(); why != "" {
			res.Verdict, res.Detail = Vacuous, why
		}
	}
}

func (r *run) stats() Stats {
	h := r.judges.History
	return Stats{
		Storm: r.plan.Heal - r.stormBegin(), Faults: len(r.plan.Faults),
		Effective: r.effective(), LeaderChanges: max(0, r.meter.masterLeaders-1),
		DDL: h.DDL(), Overlaps: h.Overlaps(), Tables: r.meter.tablesCreated,
		CheckSteps: r.judges.Steps(), SettledEffect: r.settled.TookEffect,
		SettledSeen:  r.settled.Seen,
		SettledNever: r.settled.Never,
		StormCost:    r.stormCost, Bytes: r.c.World.Stats().Bytes, AlterTimes: r.meter.alterTimes,
	}
}

// stormBegin is when the first fault or operation was due.
func (r *run) stormBegin() time.Duration {
	begin := r.plan.Heal
	for _, f := range r.plan.Faults {
		begin = min(begin, f.At)
	}
	for _, o := range r.plan.Ops {
		begin = min(begin, o.At)
	}
	return begin
}
