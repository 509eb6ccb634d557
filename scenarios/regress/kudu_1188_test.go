package regress_test

import (
	"testing"

	"tabletop/scenarios/regress"
)

// TestKudu1188 is about KUDU-1188, a deposed leader master serves reads from old state. It fails
// at 21.03s: no order of the operations on t4 explains
func TestKudu1188(t *testing.T) {
	regress.Test{
		Guards:  []string{"KUDU-1188"},
		Fails:   "linearizability/history/not-linearizable/get",
		Options: []string{"tservers=1", "clients=2"},
		Seed:    335,
		Steps: []regress.Step{
			// 0.069893s master-2 elected leader of master-tablet for term 1
			// 0.082477s master-2 has loaded the catalog and leads in term 1
			{"1s", "client-1 creates t4",
				"client-1 create t4 columns=k tablets=1 replicas=1"},
			// 1.011440s master-2 table t4 is RUNNING at version 0
			// 1.012106s client-1 op 1: table-3e3abb59 version 0 []
			{"1.03s", "leader-master is cut off",
				"partition leader-master"},
			// 2.534692s master-3 elected leader of master-tablet for term 2
			// 2.557103s master-3 has loaded the catalog and leads in term 2
			{"6.03s", "client-2 alters t4: add:d",
				"client-2 alter t4 add:d"},
			{"6.03s", "client-1 reads the schema of t4",
				"client-1 get t4"},
			// 6.034983s master-3 table t4 is ALTERING at version 1
			// 6.035666s client-2 op 2: table-3e3abb59 version 1 []
			// 6.038746s master-3 table t4 is RUNNING at version 1
			// 6.041401s client-2 op 2 is done
			// 7.231693s client-1 op 1 is done
			// and so on
		},
		Heal: "6.03s",
	}.Run(t)
}
