// Package scenarios makes a run from A to Z: a plan (drawn from a seed, scripted, or read from a
// file) becomes a cluster, a workload and faults; judges watch; the end is a verdict. It also
// runs many plans in parallel, compares variants, and names runs by tokens.
package scenarios

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"tabletop/checker"
	"tabletop/model/client"
	"tabletop/model/variant"
	"tabletop/nemesis"
)

// PlanFormat is the version of the text form of plans.
const PlanFormat = 1

// Plan is a run as plain data.
type Plan struct {
	Scenario string
	Seed     uint64
	Select   variant.Selection
	// Heal is when all faults end, in virtual time since the beginning; the run goes on until
	// the cluster has converged.
	Heal   time.Duration
	Rest   Rest // that is healed last
	Ops    []PlannedOp
	Faults []nemesis.Fault
	Skip   []string // oracles that do not judge
	// Fails is the signature that the plan is kept for; empty: none. It does not change the run.
	Fails string

	drawn *variant.Selection // what the scenario drew the plan for, if it did
	file  string             // where it was read from, if it was
}

// PlannedOp is an operation that a client begins at a time, or when it has finished the one
// before.
type PlannedOp struct {
	At     time.Duration
	Client int // from 1
	client.Op
}

func (o PlannedOp) String() string {
	return fmt.Sprintf("%d at=%v client-%d %v", o.ID, o.At, o.Client, o.Op)
}

// String prints the plan as ParsePlan reads it.
func (p Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tabletop-plan %d\nscenario %s\nseed %d\n", PlanFormat, p.Scenario, p.Seed)
	if p.Select.Profile != "" {
		fmt.Fprintf(&b, "profile %s\n", p.Select.Profile)
	}
	for _, id := range p.Select.Defects {
		fmt.Fprintf(&b, "defect %s\n", id)
	}
	for _, id := range p.Select.Without {
		fmt.Fprintf(&b, "without %s\n", id)
	}
	for _, o := range p.Select.Options {
		fmt.Fprintf(&b, "option %s\n", o)
	}
	for _, name := range p.Skip {
		fmt.Fprintf(&b, "skip %s\n", name)
	}
	if p.Fails != "" {
		fmt.Fprintf(&b, "fails %s\n", p.Fails)
	}
	fmt.Fprintf(&b, "heal %v\n", p.Heal)
	if p.Rest.How != "" {
		fmt.Fprintf(&b, "rest %v\n", p.Rest)
	}
	for _, o := range p.Ops {
		fmt.Fprintf(&b, "op %v\n", o)
	}
	for _, f := range p.Faults {
		fmt.Fprintf(&b, "fault %v\n", f)
	}
	return b.String()
}

// ParsePlan reads a plan. Empty lines, and lines that begin with #, do not count. The error names
// the line that is wrong.
func ParsePlan(r io.Reader) (Plan, error) {
	var p Plan
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	number, begun := 0, false
	for lines.Scan() {
		number++
		if number > maxLines {
			return Plan{}, fmt.Errorf("line %d: a plan has %d lines at most", number, maxLines)
		}
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		var err error
		if begun {
			err = p.parseLine(words)
		} else {
			err, begun = parseHeader(words), true
		}
		if err != nil {
			return Plan{}, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return Plan{}, fmt.Errorf("line %d: the line is longer than %d bytes", number+1, maxLine)
	} else if err != nil {
		return Plan{}, fmt.Errorf("line %d: %w", number+1, err)
	}
	if !begun {
		return Plan{}, fmt.Errorf("line 1: want \"tabletop-plan %d\"", PlanFormat)
	}
	return p, p.check()
}

func parseHeader(words []string) error {
	if words[0] != "tabletop-plan" || len(words) != 2 {
		return fmt.Errorf("want \"tabletop-plan %d\"", PlanFormat)
	}
	if words[1] != strconv.Itoa(PlanFormat) {
		return fmt.Errorf("plan format %s; this program reads format %d", words[1], PlanFormat)
	}
	return nil
}

func (p *Plan) parseLine(words []string) error {
	key, rest := words[0], words[1:]
	if key == "op" {
		return p.parseOp(rest)
	}
	if key == "fault" {
		f, err := nemesis.ParseFault(rest)
		p.Faults = append(p.Faults, f)
		return err
	}
	var err error
	if key == "rest" {
		p.Rest, err = parseRest(rest)
		return err
	}
	if len(rest) != 1 {
		return fmt.Errorf("%s: want one value", key)
	}
	switch value := rest[0]; key {
	case "scenario":
		p.Scenario = value
	case "seed":
		p.Seed, err = ParseSeed(value)
	case "profile":
		p.Select.Profile = value
	case "defect":
		p.Select.Defects = append(p.Select.Defects, value)
	case "without":
		p.Select.Without = append(p.Select.Without, value)
	case "option":
		p.Select.Options = append(p.Select.Options, value)
	case "skip":
		p.Skip = append(p.Skip, value)
	case "fails":
		p.Fails = value
	case "heal":
		if p.Heal, err = time.ParseDuration(value); err != nil || p.Heal < 0 || p.Heal > maxTime {
			err = fmt.Errorf("bad time %q", value)
		}
	default:
		err = fmt.Errorf("unknown item %q", key)
	}
	return err
}

// What bounds the times in a plan, its lines, in bytes, and their number.
const (
	maxTime  = 24 * time.Hour
	maxLine  = 1 << 20
	maxLines = 100_000
)

func (p *Plan) parseOp(words []string) error {
	if len(words) < 4 {
		return fmt.Errorf("op: want ID at=DURATION client-N OPERATION, and more words by kind")
	}
	var o PlannedOp
	id, err := strconv.Atoi(words[0])
	if err != nil || id < 1 {
		return fmt.Errorf("bad operation number %q", words[0])
	}
	at, found := strings.CutPrefix(words[1], "at=")
	if o.At, err = time.ParseDuration(at); err != nil || !found || o.At < 0 || o.At > maxTime {
		return fmt.Errorf("bad word %q: want at=DURATION", words[1])
	}
	number, found := strings.CutPrefix(words[2], "client-")
	if o.Client, err = strconv.Atoi(number); err != nil || !found || o.Client < 1 {
		return fmt.Errorf("bad client %q", words[2])
	}
	if o.Op, err = client.ParseOp(words[3:]); err != nil {
		return err
	}
	o.ID = id
	p.Ops = append(p.Ops, o)
	return nil
}

// check looks at what no single line shows.
func (p *Plan) check() error {
	if p.Scenario == "" {
		p.Scenario = "storm"
	}
	v, err := p.Select.Resolve()
	if err != nil {
		return err
	}
	if err := checker.CheckNames(p.Skip); err != nil {
		return err
	}
	if oracle, _, _ := strings.Cut(p.Fails, "/"); p.Fails != "" {
		if err := checker.CheckNames([]string{oracle}); err != nil {
			return fmt.Errorf("fails %s: %w", p.Fails, err)
		}
	}
	if p.Heal == 0 {
		return fmt.Errorf("want a line \"heal DURATION\"")
	}
	seen := map[int]bool{}
	for _, o := range p.Ops {
		if seen[o.ID] {
			return fmt.Errorf("operation %d stands twice", o.ID)
		}
		seen[o.ID] = true
	}
	seen = map[int]bool{}
	for _, f := range p.Faults {
		if seen[f.ID] {
			return fmt.Errorf("fault %d stands twice", f.ID)
		}
		if f.At > maxTime || f.For > maxTime {
			return fmt.Errorf("fault %d: longer than %v", f.ID, maxTime)
		}
		seen[f.ID] = true
	}
	return p.suits(v)
}

// suits says whether the scenario, and a cluster of that size, can carry out the operations.
func (p *Plan) suits(v variant.Variants) error {
	scenario, err := Find(p.Scenario)
	if err != nil {
		return err
	}
	if scenario.checks != nil && len(p.Ops) < scenario.ops {
		return fmt.Errorf("scenario %s wants %d operations", p.Scenario, scenario.ops)
	}
	for _, o := range p.Ops {
		if o.Client > v.Clients {
			return fmt.Errorf("operation %d: there is no client-%d", o.ID, o.Client)
		}
	}
	return nil
}

// opsOf lists the operations of one client in the order of their times.
func (p *Plan) opsOf(number int) []PlannedOp {
	n := 0
	for i := range p.Ops {
		if p.Ops[i].Client == number {
			n++
		}
	}
	ops := make([]PlannedOp, 0, n)
	for i := range p.Ops {
		if p.Ops[i].Client == number {
			ops = append(ops, p.Ops[i])
		}
	}
	slices.SortStableFunc(ops, func(a, b PlannedOp) int { return int(a.At - b.At) })
	return ops
}

// tables lists the names that the operations speak of, sorted.
func (p *Plan) tables() []string {
	var names []string
	for _, o := range p.Ops {
		for _, n := range []string{o.Name, o.NewName} {
			if n != "" && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	slices.Sort(names)
	return names
}

// ParseSeed reads a seed: decimal, or hexadecimal with 0x.
func ParseSeed(text string) (uint64, error) {
	seed, err := strconv.ParseUint(text, 0, 64)
	if err != nil || strings.HasPrefix(text, "0") && text != "0" && !strings.HasPrefix(text, "0x") {
		return 0, fmt.Errorf("bad seed %q: want a number, decimal or 0x hex", text)
	}
	return seed, nil
}
