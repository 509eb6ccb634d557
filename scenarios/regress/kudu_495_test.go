package regress_test

import (
	"testing"

	"tabletop/scenarios/regress"
)

// TestKudu495 is about KUDU-495, a table and its tablets are written one after the other.
// It fails at 22.005s: there are tablets of table-e599e5af, and it is not there
func TestKudu495(t *testing.T) {
	regress.Test{
		Guards:  []string{"KUDU-495"},
		Fails:   "catalog-integrity/tablet/without-table",
		Options: []string{"masters=1", "tservers=1", "clients=1"},
		Steps: []regress.Step{
			// 0.012140s master-1 elected leader of master-tablet for term 1
			// 0.032066s master-1 has loaded the catalog and leads in term 1
			{"10s", "client-1 creates t1",
				"client-1 create t1 columns=k tablets=1 replicas=1"},
			{"10s", "master-1 is refused its writes (ppm=150000)",
				"fail-write master-1 ppm=150000"},
			// 10.004354s client-1 op 1: UNKNOWN_ERROR: the write failed
		},
		Heal: "10.005s",
	}.Run(t)
}
