package master

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/model/wire"
)

// Chunks hold all rows in their order, those of one change together, and each fits into an entry
// unless it is one change that does not.
func TestChunksFitProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(128, 600).Draw(t, "most")
		m := &Master{v: variant.Variants{Options: variant.Options{MaxMessage: most}}}
		var changes [][]*catalog.Tablet
		var all []*catalog.Tablet
		for range rapid.IntRange(0, 20).Draw(t, "changes") {
			rows := make([]*catalog.Tablet, rapid.IntRange(1, 2).Draw(t, "rows"))
			for i := range rows {
				members := make([]wire.ServerID, rapid.IntRange(0, 7).Draw(t, "members"))
				rows[i] = &catalog.Tablet{ID: wire.TabletID(len(all) + i + 1), Consensus: wire.
					ConsensusState{Config: wire.NewConfig(members...)}}
			}
			changes, all = append(changes, rows), append(all, rows...)
		}
		var got []*catalog.Tablet
		for _, b := range m.chunks(changes) {
			alone := slices.ContainsFunc(changes, func(c []*catalog.Tablet) bool {
				return slices.Equal(c, b.Tablets)
			})
			require.True(t, alone || len(b.Encode()) <= most)
			for _, c := range changes {
				has := slices.Contains(b.Tablets, c[0])
				require.Equal(t, has, slices.Contains(b.Tablets, c[len(c)-1]), "a change is split")
			}
			got = append(got, b.Tablets...)
		}
		require.Equal(t, all, got)
	})
}
