package scenarios

import (
	"context"
	"fmt"
	"time"
)

// Comparison asks how variants of a system behave: in a scenario's own sequence, and under the
// same random storms.
type Comparison struct {
	Scenario string
	Options  []string // added to every variant's
	Seeds    int      // runs of the sequence for each variant
	Storms   int      // for each variant
	First    uint64   // seed
	Workers  int
	// Step is called after every run with how many of all are done.
	Step func(done, all int)
}

// Row is what a comparison says of one variant. Times are virtual nanoseconds.
type Row struct {
	Variant      string         `json:"variant"`
	Title        string         `json:"title"`
	Sequence     int            `json:"sequence_runs"`
	Stuck        int            `json:"sequence_stuck"`
	Vacuous      int            `json:"sequence_vacuous"`
	DoneMedian   time.Duration  `json:"done_median_ns"`
	DoneP99      time.Duration  `json:"done_p99_ns"`
	Done         int            `json:"done"`
	Storms       int            `json:"storms"`
	StormsStuck  int            `json:"storms_stuck"`
	StormsPassed int            `json:"storms_passed"`
	Others       map[string]int `json:"other_signatures"`
	// Costs, per virtual minute up to healing.
	MasterWrites   float64 `json:"master_writes_per_minute"`
	Messages       float64 `json:"messages_per_minute"`
	HeartbeatBytes float64 `json:"heartbeat_bytes_per_minute"`
}

// Run compares the variants that the scenario is for.
func (c Comparison) Run(ctx context.Context) ([]Row, error) {
	scenario, err := Find(c.Scenario)
	if err != nil {
		return nil, err
	}
	if len(scenario.Compared) == 0 {
		return nil, fmt.Errorf("scenario %q has no variants to compare", c.Scenario)
	}
	all, done := len(scenario.Compared)*(c.Seeds+c.Storms), 0
	step := func() bool {
		done++
		if c.Step != nil {
			c.Step(done, all)
		}
		return true
	}
	var rows []Row
	for _, v := range scenario.Compared {
		v.Select.Options = append(append([]string{}, v.Select.Options...), c.Options...)
		row := Row{Variant: v.Name, Title: v.Title, Others: map[string]int{}}
		if err := c.sequence(ctx, v, &row, step); err != nil {
			return nil, err
		}
		if err := c.storms(ctx, v, &row, step); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return rows, ctx.Err()
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (c Comparison) sequence(ctx context.Context, v Variant, row *Row, step func() bool) error {
	var times []time.Duration
	_, err := Fuzz{Scenario: c.Scenario, Select: v.Select, First: c.First, Count: c.Seeds,
		Workers: c.Workers, Each: func(r *Result) bool {
			row.Sequence++
			if r.Stuck() {
				row.Stuck++
			}
			if r.Verdict == Vacuous {
				row.Vacuous++
			}
			row.other(r)
			times = append(times, r.Stats.AlterTimes...)
			return step()
		}}.Run(ctx)
	row.Done, row.DoneMedian, row.DoneP99 = len(times), median(times), percentile(times, 99)
	return err
}

func (c Comparison) storms(ctx context.Context, v Variant, row *Row, step func() bool) error {
	var all Cost
	_, err := Fuzz{Scenario: "storm", Select: v.Select, First: c.First, Count: c.Storms,
		Workers: c.Workers, Each: func(r *Result) bool {
			row.Storms++
			if r.Stuck() {
				row.StormsStuck++
			}
			if r.Verdict == Pass {
				row.StormsPassed++
			}
			row.other(r)
			all.MasterWrites += r.Stats.StormCost.MasterWrites
			all.HeartbeatBytes += r.Stats.StormCost.HeartbeatBytes
			all.Messages += r.Stats.StormCost.Messages
			all.Virtual += r.Stats.StormCost.Virtual
			return step()
		}}.Run(ctx)
	if minutes := all.Virtual.Minutes(); minutes > 0 {
		row.MasterWrites = float64(all.MasterWrites) / minutes
		row.Messages = float64(all.Messages) / minutes
		row.HeartbeatBytes = float64(all.HeartbeatBytes) / minutes
	}
	return err
}

// other counts what a run shows besides the stuck alter.
func (row *Row) other(r *Result) {
	for _, f := range r.Findings {
		if f.Signature != StuckAlter {
			row.Others[f.Signature]++
		}
	}
}
