package scenarios

import (
	"encoding/binary"
	"flag"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/model/variant"
	"tabletop/sim"
)

// A storm is drawn from a seed, or made of choices: words, each of which decides one thing. So rapid
// and go test -fuzz search among the same plans, and what they find shrinks by fewer choices and
// smaller words.

// chosen is a list of words, those of nemesis.Draw and the rest. Where they end, the simplest
// is chosen.
type chosen struct {
	seed         uint64 // of the world
	part         uint16 // of the operations and faults drawn, the first: 65535 is all
	rest, faults words
	record       draws // if not nil, words are taken from there and kept here
}

// plan makes the storm.
func (c *chosen) plan(s variant.Selection) Plan {
	p := drawStorm("storm", c.seed, s, c.from)
	if c.part == math.MaxUint16 {
		return p
	}
	all := p.items()
	return p.with(all[:len(all)*int(c.part)/math.MaxUint16])
}

func (c *chosen) from(s sim.Stream, keys ...uint64) sim.Draws {
	d := &chooser{words: &c.rest}
	if s == streamPlan && len(keys) == 1 && keys[0] == 1 {
		d.words = &c.faults
	}
	if c.record != nil {
		d.record = c.record(s, keys...).(*sim.Rand)
	}
	return d
}

// chooser takes its choices from the head of a list, or appends what it records. Zero is the
// simplest: the first of a list, nothing left to chance, and the longest time, since most are
// those between one thing and the next.
type chooser struct {
	words  *words
	record *sim.Rand
}

// word returns the next one. A seed's is kept inverted where its zero means the other extreme.
func (d *chooser) word(inverted uint64) uint64 {
	if d.record != nil {
		w := d.record.Uint64()
		*d.words = append(*d.words, w^inverted)
		return w
	}
	if len(*d.words) == 0 {
		return inverted
	}
	w := (*d.words)[0]
	*d.words = (*d.words)[1:]
	return w ^ inverted
}

func (d *chooser) Intn(n int) int {
	if n <= 0 {
		return 0
	}
	return int(sim.Below(d.word(0), uint64(n)))
}

func (d *chooser) Duration(lo, hi time.Duration) time.Duration {
	return sim.Between(d.word(^uint64(0)), lo, hi)
}

func (d *chooser) Chance(ppm int) bool {
	return sim.Below(d.word(^uint64(0)), 1_000_000) < uint64(ppm)
}

// recorded returns the choices that a seed makes.
func recorded(seed uint64) chosen {
	c := chosen{seed: seed, part: math.MaxUint16, record: seeded(seed)}
	c.plan(variant.Selection{})
	c.record = nil
	return c
}

type words []uint64

func (c chosen) GoString() string {
	return fmt.Sprintf("%d of 65535 of %d and %d words, seed %d", c.part, len(c.faults), len(c.rest),
		c.seed)
}

// word has rapid choose a word bit by bit. None is likelier than others then, and each shrinks in a
// few steps; of its own numbers rapid keeps the size apart, which takes most of its time.
func word(t *rapid.T) (w uint64) {
	for i := range 10 {
		if rapid.Bool().Draw(t, "bit") {
			w |= 1 << (63 - i)
		}
	}
	return w
}

// byRapid has rapid choose: at most so many words, how many of them first, since that shrinks best.
func byRapid(most uint64) *rapid.Generator[chosen] {
	return rapid.Custom(func(t *rapid.T) (c chosen) {
		c.part = uint16(word(t) >> 48)
		faults, rest := sim.Below(word(t), most/4), sim.Below(word(t), most)
		c.seed = word(t) >> 54
		for range faults {
			c.faults = append(c.faults, word(t))
		}
		for range rest {
			c.rest = append(c.rest, word(t))
		}
		return c
	})
}

func wordsOf(b []byte) (w words) {
	for len(b) >= 8 {
		w, b = append(w, binary.LittleEndian.Uint64(b)), b[8:]
	}
	return w
}

func bytesOf(list words) (b []byte) {
	for _, w := range list {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

// holds demands of a plan that it is read as it is printed, and that its run does not fail.
func holds(t rapid.TB, p Plan) {
	read, err := ParsePlan(strings.NewReader(p.String()))
	require.NoError(t, err)
	require.Equal(t, p, read)
	res, err := Run(p, Options{})
	require.NoError(t, err)
	report(t, res)
}

// FuzzPlan looks for a storm that fails, led by which code it reaches. It starts from seeds.
func FuzzPlan(f *testing.F) {
	f.Add(uint64(0), uint16(math.MaxUint16), []byte(nil), []byte(nil))
	for seed := range uint64(3) {
		c := recorded(seed)
		f.Add(seed, c.part, bytesOf(c.rest), bytesOf(c.faults))
	}
	f.Fuzz(func(t *testing.T, seed uint64, part uint16, rest, faults []byte) {
		c := chosen{seed: seed, part: part, rest: wordsOf(rest), faults: wordsOf(faults)}
		holds(t, c.plan(variant.Selection{Profile: *flagProfile}))
	})
}

// A seed is a list of choices like any other, be it in bytes.
func TestSeedsAreChoices(t *testing.T) {
	for seed := range uint64(30) {
		p, err := Draw("storm", seed, variant.Selection{})
		require.NoError(t, err)
		c := recorded(seed)
		again := chosen{seed: seed, part: c.part, rest: wordsOf(bytesOf(c.rest)),
			faults: wordsOf(bytesOf(c.faults))}
		require.Equal(t, p.String(), again.plan(variant.Selection{}).String())
		require.Empty(t, again.rest)
		require.Empty(t, again.faults)
	}
}

// setFlag sets a flag of rapid for a test, which is therefore not to run beside others.
func setFlag(t *testing.T, name, value string) {
	old := flag.Lookup(name).Value.String()
	require.NoError(t, flag.Set(name, value))
	t.Cleanup(func() { require.NoError(t, flag.Set(name, old)) })
}

// Storms pass that rapid makes, which tries small ones first. They are always the same few; ask for
// more, or for others, with -rapid.checks and -rapid.seed.
func TestChosenStormsPass(t *testing.T) {
	for name, value := range map[string]string{"rapid.checks": "25", "rapid.seed": "1"} {
		if f := flag.Lookup(name); f.Value.String() == f.DefValue {
			setFlag(t, name, value)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		c := byRapid(600).Draw(t, "plan")
		holds(t, c.plan(variant.Selection{Profile: *flagProfile}))
	})
}

// listener is a test that may fail.
type listener struct {
	*testing.T
	failed bool
}

func (l *listener) Errorf(string, ...any) { l.failed = true }
func (l *listener) FailNow()              {}
func (l *listener) Failed() bool          { return l.failed }

// rapid finds a defect, and then simpler choices that show it. The first simpler ones will do: from
// then on nothing is run, so that its search ends, however busy the machine is.
func TestChosenStormsShrink(t *testing.T) {
	setFlag(t, "rapid.checks", "500")
	setFlag(t, "rapid.seed", "1")
	setFlag(t, "rapid.shrinktime", "5m")
	setFlag(t, "rapid.nofailfile", "true")
	var failed []chosen
	l := &listener{T: t}
	rapid.Check(l, func(t *rapid.T) {
		c := byRapid(100).Draw(t, "plan")
		if n := len(failed); n > 0 && failed[n-1].part < failed[0].part {
			return
		}
		was := c
		res, err := Run(c.plan(variant.Selection{Defects: []string{"KUDU-1358"}}), Options{})
		require.NoError(t, err)
		if strings.HasPrefix(res.Signature, "availability/") {
			failed = append(failed, was)
			t.Fatal(res.Signature)
		}
	})
	require.True(t, l.failed)
	require.Less(t, failed[len(failed)-1].part, failed[0].part)
}

// However a storm is chosen, one name gets no more operations than can be judged.
func TestOperationsOfANameAreBounded(t *testing.T) {
	other := make(words, 20_000) // extreme: as soon as possible, and the last of each list
	for i := range other {
		other[i] = math.MaxUint64
	}
	for _, c := range []chosen{{seed: 1, part: math.MaxUint16, record: seeded(1)},
		{part: math.MaxUint16}, {part: math.MaxUint16, rest: other}} {
		extreme := c.rest != nil
		p := c.plan(variant.Selection{})
		counts := map[bool]map[string]int{false: {}, true: {}} // on rows?
		for _, o := range p.Ops {
			counts[o.OnRows()][o.Name]++
		}
		on := slices.Max(slices.Collect(maps.Values(counts[false])))
		rows := slices.Max(slices.Collect(maps.Values(counts[true])))
		require.Equal(t, extreme, on == mostOnName && rows == mostOnRows)
		require.LessOrEqual(t, max(on-mostOnName, rows-mostOnRows), 0)
		res, err := Run(p, Options{})
		require.NoError(t, err)
		require.Contains(t, []string{Pass, Vacuous}, res.Verdict, res.Detail)
	}
}
