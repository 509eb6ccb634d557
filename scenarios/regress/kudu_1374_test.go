package regress_test

import (
	"testing"

	"tabletop/scenarios/regress"
)

// TestKudu1374 is about KUDU-1374, work triggered by a report is lost when the leader
// master changes. It fails at 4m13.5s: 4m3.5s after healing: t2 (table-59dfadc3) is
// ALTERING to version 0: tablet-1499da85 is led by ts-1 at version 0, master-3 sends its
// work to ts-1, no task is left, and ts-1 has nothing to report to it; tablet-2532c0cb is
// led by ts-1 at version 0, master-3 sends its work to ts-1, no task is left, and ts-1 has
// nothing to report to it
func TestKudu1374(t *testing.T) {
	regress.Test{
		Guards:  []string{"KUDU-1374"},
		Fails:   "liveness/table/alter-stuck",
		Options: []string{"masters=5", "tservers=1", "clients=1"},
		Steps: []regress.Step{
			{"0s", "client-1 creates t2",
				"client-1 create t2 columns=k tablets=1 ranges=0:100 replicas=1"},
			// 0.094424s master-3 elected leader of master-tablet for term 1
			// 0.099818s master-3 has loaded the catalog and leads in term 1
			// 1.008462s master-3 table t2 is RUNNING at version 0
			// 1.008543s client-1 op 1: table-59dfadc3 version 0 []
			// 1.026633s client-1 op 1 is done
			{"10s", "client-1 alters t2: add-range:100:200",
				"client-1 alter t2 add-range:100:200"},
			{"10s", "master-4 is made a candidate",
				"elect master-4"},
			// 10.002479s master-3 steps down as leader of master-tablet, term is 2 now
			// 13.224204s master-3 elected leader of master-tablet for term 4
			// 13.244382s master-3 has loaded the catalog and leads in term 4
			// 13.319378s client-1 op 2: table-59dfadc3 version 0 []
		},
		Heal: "10s",
	}.Run(t)
}
