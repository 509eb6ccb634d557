package scenarios

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/checker"
	"tabletop/model/variant"
)

func TestEveryDefectHasItsJudge(t *testing.T) {
	for _, d := range variant.Defects {
		require.NoError(t, checker.CheckNames([]string{Catalogue[d.ID]}), d.ID)
	}
	require.Len(t, Catalogue, len(variant.Defects))
}

// Defects that few storms suffice for are found and explained, and by the judge meant for them. A
// search that would be among the longer ones begins where this generator is about to show the defect.
func TestStormsShowDefects(t *testing.T) {
	t.Parallel()
	soon := map[string]uint64{"KUDU-1365": 20, "KUDU-1586": 13, "KUDU-1613": 17, "KUDU-2947": 24,
		"KUDU-3341": 17}
	for _, id := range []string{"KUDU-1358", "KUDU-1537", "KUDU-562", "KUDU-1365", "KUDU-2947",
		"e8187c01c", "KUDU-1586", "KUDU-1613", "KUDU-933", "d1d3cfe77",
		"KUDU-1927", "KUDU-679", "KUDU-1125", "KUDU-2320", "KUDU-2992", "KUDU-3341",
		"KUDU-3638", "935fa9236", "KUDU-2684", "6e7a04aa5", "KUDU-450", "silent-master"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			d := Detect{Count: 100, Workers: 1}
			at, err := d.Run(t.Context(), from(t, d, id, max(1, soon[id])))
			require.NoError(t, err)
			require.True(t, at.Found(), "%d seeds tried", at.Tried)
			require.True(t, strings.HasPrefix(at.Signature, Catalogue[id]+"/"), at.Signature)
		})
	}
}
