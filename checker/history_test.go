package checker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/sim"
)

// Operations overlap while clients carry them out; that one may still take effect after its client
// has given up does not count, nor that another begins at the instant when it ends.
func TestOverlaps(t *testing.T) {
	op := func(words string, call, ended sim.Time) *pending {
		return &pending{Event: ev(t, call, sim.Never, words, Answer{}), ended: ended}
	}
	for name, c := range map[string]struct {
		a, b *pending
		want int
	}{
		"at the same time":  {op("delete t", 0, 10), op("alter t add:b", 5, 15), 1},
		"one after another": {op("delete t", 0, 10), op("delete t", 10, 20), 0},
		"never ended":       {op("delete t", 0, sim.Never), op("delete t", 10, 20), 1},
		"a new name":        {op("delete u", 0, 10), op("alter t rename-to=u", 5, 15), 1},
		"different names":   {op("delete t", 0, 10), op("delete u", 5, 15), 0},
		"only a read":       {op("get t", 0, 10), op("delete t", 5, 15), 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := &History{events: []*pending{c.a, c.b}}
			require.Equal(t, c.want, h.Overlaps())
			h = &History{events: []*pending{c.b, c.a}}
			require.Equal(t, c.want, h.Overlaps())
		})
	}
}
