package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/model/wire"
)

// steps reads words such as +0:100, +0:100@label and -0:100.
func steps(t require.TestingT, words string) (all []wire.AlterStep) {
	for _, w := range strings.Fields(words) {
		keys, label, _ := strings.Cut(w[1:], "@")
		r, err := wire.ParseRange(keys)
		require.NoError(t, err)
		kind := wire.AddRange
		if w[0] == '-' {
			kind = wire.DropRange
		}
		all = append(all, wire.AlterStep{Kind: kind, Range: r, Dimension: wire.Dimension(label)})
	}
	return all
}

func bare(added []AddedRange) (ranges []wire.Range) {
	for _, r := range added {
		ranges = append(ranges, r.Range)
	}
	return ranges
}

func labels(added []AddedRange) (all []wire.Dimension) {
	for _, r := range added {
		all = append(all, r.Dimension)
	}
	return all
}

func text(ranges []wire.Range) string {
	var words []string
	for _, r := range ranges {
		words = append(words, r.String())
	}
	return strings.Join(words, " ")
}

func TestAlterRanges(t *testing.T) {
	base := []wire.Range{{Lower: 0, Upper: 100}, {Lower: 200, Upper: 300}}
	for name, c := range map[string]struct {
		steps, after, added, dropped string
		code                         wire.Code
	}{
		"nothing":                {after: "0:100 200:300"},
		"add into a gap":         {steps: "+100:200", after: "0:100 100:200 200:300", added: "100:200"},
		"add without a bound":    {steps: "+300:", after: "0:100 200:300 300:", added: "300:"},
		"add what exists":        {steps: "+0:100", code: wire.RangeAlreadyPresent},
		"add over one":           {steps: "+50:150", code: wire.InvalidArgument},
		"add over all":           {steps: "+:", code: wire.InvalidArgument},
		"add one within":         {steps: "+10:20", code: wire.InvalidArgument},
		"add what has no key":    {steps: "+150:150", code: wire.InvalidArgument},
		"add over an added":      {steps: "+100:150 +140:160", code: wire.InvalidArgument},
		"drop":                   {steps: "-0:100", after: "200:300", dropped: "0:100"},
		"drop all":               {steps: "-0:100 -200:300", dropped: "0:100 200:300"},
		"drop a part":            {steps: "-0:50", code: wire.InvalidArgument},
		"drop it twice":          {steps: "-0:100 -0:100", code: wire.InvalidArgument},
		"drop and add again":     {steps: "-0:100 +0:100", after: "0:100 200:300", added: "0:100", dropped: "0:100"},
		"add and drop again":     {steps: "+100:200 -100:200", after: "0:100 200:300"},
		"drop, add, drop":        {steps: "-0:100 +0:100 -0:100", after: "200:300", dropped: "0:100"},
		"drop to make room":      {steps: "-0:100 +0:50", after: "0:50 200:300", added: "0:50", dropped: "0:100"},
		"the order counts":       {steps: "+0:50 -0:100", code: wire.InvalidArgument},
		"one bad step spoils it": {steps: "-0:100 +250:260", code: wire.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			got, s := AlterRanges(base, steps(t, c.steps))
			require.Equal(t, c.code, s.Code)
			require.Equal(t, c.after, text(got.Ranges))
			require.Equal(t, c.added, text(bare(got.Added)))
			require.Equal(t, c.dropped, text(got.Dropped))
			require.Equal(t, "0:100 200:300", text(base), "not changed in place")
		})
	}
}

// The tablets of a range have the label of the step that added it last, whatever was dropped before.
func TestAddedRangesHaveLabels(t *testing.T) {
	base := []wire.Range{{Lower: 0, Upper: 100}, {Lower: 200, Upper: 300}}
	for words, want := range map[string][]wire.Dimension{
		"+100:200@hot":                         {"hot"},
		"+300:400@b +100:200 +400:500@a":       {"b", "", "a"},
		"-0:100 +0:100@hot":                    {"hot"},
		"+100:200@old -100:200 +100:200@new":   {"new"},
		"+100:200@old -100:200 +100:200":       {""},
		"+100:200@hot +300:400@cold -100:200":  {"cold"},
		"+100:200@hot -100:200 -0:100 +50:150": {""},
	} {
		c, s := AlterRanges(base, steps(t, words))
		require.True(t, s.OK(), words)
		require.Equal(t, want, labels(c.Added), words)
	}
	_, s := AlterRanges(base, steps(t, "+0:100@hot"))
	require.Equal(t, wire.RangeAlreadyPresent, s.Code, "another label makes no other range")
}

// Whatever steps are possible leave ranges without overlap, and what was before, less what is
// dropped, with what is added, is what is after.
func TestAlterRangesAddsUpProperty(t *testing.T) {
	gen := rapid.Custom(func(t *rapid.T) wire.AlterStep {
		lower := rapid.Int64Range(0, 6).Draw(t, "lower")
		return wire.AlterStep{Kind: rapid.SampledFrom([]wire.AlterKind{wire.AddRange,
			wire.DropRange}).Draw(t, "kind"), Range: wire.Range{Lower: lower,
			Upper: lower + rapid.Int64Range(0, 2).Draw(t, "width")}}
	})
	rapid.Check(t, func(t *rapid.T) {
		var ranges []wire.Range
		for range rapid.IntRange(1, 5).Draw(t, "alters") {
			c, s := AlterRanges(ranges, rapid.SliceOfN(gen, 1, 4).Draw(t, "steps"))
			if !s.OK() {
				continue
			}
			for i, r := range c.Ranges {
				require.False(t, r.Empty())
				require.True(t, i == 0 || c.Ranges[i-1].Upper <= r.Lower)
			}
			sum := slices.DeleteFunc(slices.Clone(ranges), func(r wire.Range) bool {
				return slices.Contains(c.Dropped, r)
			})
			sum = append(sum, bare(c.Added)...)
			slices.SortFunc(sum, wire.Range.Compare)
			require.Equal(t, text(c.Ranges), text(sum))
			ranges = c.Ranges
		}
	})
}

func TestCheckPartitions(t *testing.T) {
	check := func(words string) (string, wire.Code) {
		s := wire.PartitionSchema{Buckets: 2}
		for _, step := range steps(t, words) {
			s.Ranges = append(s.Ranges, step.Range)
		}
		got, status := CheckPartitions(s)
		return text(got.Ranges), status.Code
	}
	got, code := check("+100:200 +0:100")
	require.Equal(t, "0:100 100:200", got, "in order")
	require.Equal(t, wire.OK, code)
	for _, bad := range []string{"+0:100 +50:150", "+0:100 +0:100", "+5:5"} {
		_, code = check(bad)
		require.Equal(t, wire.InvalidArgument, code, bad)
	}
}

// An alter of ranges alone makes no version.
func TestRepartitioned(t *testing.T) {
	row := &Table{ID: 1, Name: "t", State: TableRunning, Replicas: 1,
		Partitions: wire.PartitionSchema{Buckets: 1, Ranges: []wire.Range{wire.AllKeys}}}
	alter := func(row *Table, words string) *Table {
		c, s := AlterRanges(row.Partitions.Ranges, steps(t, words))
		require.True(t, s.OK())
		return row.Repartitioned(c)
	}
	added := alter(row, "-: +0:100")
	require.Equal(t, TableAltering, added.State)
	require.Equal(t, int64(0), added.Version)
	two := alter(added.Finished(), "+100:200")
	require.Equal(t, TableRunning, alter(two.Finished(), "-0:100").State)
	require.Equal(t, TableAltering, alter(two, "-0:100").State, "the other one may not run yet")
	require.False(t, two.Vacant())
	require.True(t, alter(row, "-:").Vacant())
	require.Equal(t, ":", text(row.Partitions.Ranges), "rows are not changed in place")
}

// A recalled table is altered until every tablet is known to have its schema, if it has any.
func TestRecalled(t *testing.T) {
	row := &Table{ID: 1, Name: "t", State: TableRunning, Schema: wire.Schema{{Name: "k"}},
		Partitions: wire.PartitionSchema{Buckets: 1, Ranges: []wire.Range{wire.AllKeys}}}
	soft := row.Altered(wire.Schema{{Name: "l"}}, "t", 1).SoftDeleted(5)
	require.False(t, soft.Live())
	require.False(t, soft.Gone())
	back := soft.Recalled("u")
	require.Equal(t, TableAltering, back.State)
	require.Equal(t, "u", back.Name)
	require.Zero(t, back.Reserve)
	require.Equal(t, row.Applied, back.Applied, "readers see what they saw")
	soft.Partitions.Ranges = nil
	require.Equal(t, TableRunning, soft.Recalled("u").State)
	require.Equal(t, soft.Schema, soft.Recalled("u").Applied)
}
