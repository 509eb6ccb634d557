package scenarios

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/checker"
	"tabletop/model/variant"
)

// catalogue joins every defect with the judge that is to catch it. Where the judge is Liveness, the
// symptom is the ticket's own; others see the cause before that.
var catalogue = map[string]string{
	"KUDU-1353":   checker.Liveness,
	"KUDU-1374":   checker.Liveness,
	"KUDU-1358":   checker.Availability,
	"KUDU-1991":   checker.Liveness,
	"KUDU-1537":   checker.ExactlyOnce,
	"KUDU-1188":   checker.Linearizability,
	"L1":          checker.Liveness,
	"L12":         checker.NoCrash,
	"KUDU-2472":   checker.Availability,
	"KUDU-2195":   checker.DurableBeforeVisible,
	"start-stamp": checker.Liveness,
	"KUDU-3486":   checker.Liveness,

	"5d82368da": checker.ElectionSafety,
	"1eb24183a": checker.DurableBeforeVisible,
	"KUDU-1338": checker.Configuration,
	"KUDU-872":  checker.Configuration,
	"KUDU-1469": checker.Quiescence,
	"KUDU-1586": checker.Quiescence,
	"87278941b": checker.DurableBeforeVisible,

	"KUDU-562":  checker.LeaderStability,
	"KUDU-1365": checker.LeaderStability,
	"KUDU-2947": checker.LeaderStability,
	"KUDU-1057": checker.LeaderStability,
	"KUDU-744":  checker.LeaderStability,
	"KUDU-2155": checker.LeaderStability,
	"e8187c01c": checker.NoCrash,

	"KUDU-2048": checker.ReplicaManagement,
	"KUDU-2230": checker.Liveness,
	"4d44c9fe7": checker.Liveness,
	"2a6de8ea4": checker.Liveness,
	"63025ef6d": checker.ReplicaManagement,
	"KUDU-2443": checker.Quiescence,
	"KUDU-2020": checker.ReplicaManagement,
	"KUDU-1613": checker.Liveness,
	"KUDU-1407": checker.Liveness,
	"KUDU-2069": checker.Liveness,

	"KUDU-1129": checker.Configuration,
	"L3":        checker.Configuration,
	"KUDU-933":  checker.Liveness,
	"KUDU-2138": checker.Liveness,
	"KUDU-1023": checker.Liveness,
	"5e895c642": checker.Liveness,
	"KUDU-3762": checker.Liveness,

	"7b1e17991":                  checker.Liveness,
	"alter-done-by-version":      checker.Done,
	"soft-delete-hides-creation": checker.Done,
	"expiry-by-wall-clock":       checker.CatalogIntegrity,
}

func TestEveryDefectHasItsJudge(t *testing.T) {
	for _, d := range variant.Defects {
		require.NoError(t, checker.CheckNames([]string{catalogue[d.ID]}), d.ID)
	}
	require.Len(t, catalogue, len(variant.Defects))
}

// Defects that few storms suffice for are found, and by the judge meant for them.
func TestStormsShowDefects(t *testing.T) {
	for _, id := range []string{"KUDU-1358", "KUDU-1537", "KUDU-562", "KUDU-1365", "KUDU-2947",
		"e8187c01c", "KUDU-1586", "KUDU-1613", "KUDU-933"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			d := Detect{Count: 100, Workers: 1}
			at, err := d.Run(t.Context(), begin(t, d, id))
			require.NoError(t, err)
			require.True(t, at.Found(), "%d seeds tried", at.Tried)
			require.True(t, strings.HasPrefix(at.Signature, catalogue[id]+"/"), at.Signature)
		})
	}
}
