package regress_test

import (
	"testing"

	"tabletop/scenarios/regress"
)

// TestKudu1353 is about KUDU-1353, replica locations are soft state that a new leader does
// not rebuild. It fails at 4m25.5s: 4m0s after the read-back: t4 (table-9eacd625) is
// ALTERING to version 1: tablet-166fbac1 is led by ts-1 at version 0, master-3 sends its
// work to nobody, task AlterTable of tablet-166fbac1: no leader known for tablet-166fbac1,
// and ts-1 has nothing to report to it
func TestKudu1353(t *testing.T) {
	regress.Test{
		Guards:  []string{"KUDU-1353"},
		Fails:   "liveness/table/alter-stuck",
		Options: []string{"clients=1", "tservers=1"},
		Steps: []regress.Step{
			{"0s", "client-1 creates t4",
				"client-1 create t4 columns=k tablets=1 replicas=1"},
			// 0.345947s master-3 elected leader of master-tablet for term 1
			// 0.355565s master-3 has loaded the catalog and leads in term 1
			// 1.009381s master-3 table t4 is RUNNING at version 0
			// 1.010190s client-1 op 1: table-9eacd625 version 0 []
			// 1.024166s client-1 op 1 is done
			{"10s", "master-1 is made a candidate",
				"elect master-1"},
			// 10.005112s master-3 steps down as leader of master-tablet, term is 2 now
			// 10.007669s master-1 elected leader of master-tablet for term 2
			// 10.029761s master-1 has loaded the catalog and leads in term 2
			{"15s", "master-1 loses its power",
				"power-off master-1"},
			// 15.000000s master-1 power lost
			// 16.410490s master-3 elected leader of master-tablet for term 3
			// 16.427563s master-3 has loaded the catalog and leads in term 3
			// 17.000000s master-1 starts
		},
		Heal: "17s",
	}.Run(t)
}
