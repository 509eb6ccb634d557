package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"io"
	"strconv"
	"strings"
	"time"

	"tabletop/model/variant"
	"tabletop/sim"
)

// WriteTest writes a Go test of a plan that fails: its steps in words, and between them, as
// comments, what the run's story tells of what came of them.
func WriteTest(w io.Writer, p Plan, name string) error {
	if n := p.numbered(); n.String() != p.with(p.items()).String() {
		return errors.New("the failure hangs on the numbers of operations or faults, which a " +
			"test gives in their order: keep the plan")
	}
	var story []Line
	over := false // what follows is the same in every run
	res, err := Run(p, Options{Story: func(l Line) {
		over = over || l.Who == "--" && strings.HasPrefix(l.Text, "read back")
		if !over && tells(l) {
			story = append(story, l)
		}
	}})
	if err != nil {
		return err
	}
	t := &testWriter{story: story}
	t.line("package regress_test\n\nimport (\n%q\n\n%q\n)\n", "testing",
		"tabletop/scenarios/regress")
	t.about(name, p, res)
	t.line("func Test%s(t *testing.T) {\nregress.Test{", name)
	t.list("Guards", p.Select.Defects)
	t.list("Without", p.Select.Without)
	t.line("Fails: %q,", p.Fails)
	t.list("Options", p.Select.Options)
	if p.Seed >= someSeeds {
		t.line("Seed: %d,", p.Seed)
	}
	t.line("Steps: []regress.Step{")
	for _, i := range p.items() {
		t.until(i.at())
		t.line("{%q, %q,\n%q},", i.at().String(), i.tell(), i.do())
	}
	t.until(sim.Time(res.VirtualNS).Sub(0))
	t.line("},\nHeal: %q,", p.Heal.String())
	if p.Rest.How != "" {
		t.line("Rest: %q,", p.Rest.String())
	}
	t.line("}.Run(t)\n}")
	text, err := format.Source(t.Bytes())
	if err != nil {
		return fmt.Errorf("the test of %s: %w", name, err)
	}
	_, err = w.Write(text)
	return err
}

// tells reports whether a line says what came of a step.
func tells(l Line) bool {
	return !l.Detail && l.Who != "nemesis" && l.Who != "--" && !strings.Contains(l.Text, " calls ")
}

// testWriter writes a test that is to be formatted.
type testWriter struct {
	bytes.Buffer
	story []Line
}

func (t *testWriter) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

func (t *testWriter) list(field string, words []string) {
	if len(words) == 0 {
		return
	}
	var quoted []string
	for _, w := range words {
		quoted = append(quoted, strconv.Quote(w))
	}
	t.line("%s: []string{%s},", field, strings.Join(quoted, ", "))
}

// about writes what is above the test.
func (t *testWriter) about(name string, p Plan, res *Result) {
	var titles []string
	for _, id := range p.Select.Defects {
		d, _ := variant.FindDefect(id)
		titles = append(titles, id+", "+d.Title)
	}
	text := "Test" + name
	if len(titles) > 0 {
		text += " is about " + strings.Join(titles, ", and ")
	}
	if f := res.found(p.Fails); f.Signature != "" {
		what, _, _ := strings.Cut(f.Detail, "\n")
		text += fmt.Sprintf(". It fails at %v: %s", f.At.Round(time.Millisecond), what)
	}
	t.comment(text)
}

// atMost bounds what is told between two steps.
const atMost = 5

// until writes what is told of what happens before an instant, as comments.
func (t *testWriter) until(at time.Duration) {
	n := 0
	for len(t.story) > 0 && t.story[0].At < sim.Time(at) {
		if l := t.story[0]; n < atMost {
			t.comment(fmt.Sprintf("%v %s %s", l.At, l.Who, l.Text))
		} else if n == atMost {
			t.comment("and so on")
		}
		n++
		t.story = t.story[1:]
	}
}

// comment writes a text on lines that are not too long.
func (t *testWriter) comment(text string) {
	const width = 90
	line := "//"
	for _, word := range strings.Fields(text) {
		if len(line)+len(word) > width {
			t.line("%s", line)
			line = "//"
		}
		line += " " + word
	}
	t.line("%s", line)
}

// tell says in words what is done.
func (i item) tell() string {
	if i.fault != nil {
		return i.fault.Tell()
	}
	return fmt.Sprintf("client-%d %s", i.op.Client, i.op.Op.Tell())
}

// do is what is done as a plan says it, without its number and time.
func (i item) do() string {
	text := ""
	if i.fault != nil {
		text = i.fault.String()
	} else {
		text = i.op.String()
	}
	return strings.Join(strings.Fields(text)[2:], " ")
}
