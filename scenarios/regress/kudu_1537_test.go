package regress_test

import (
	"testing"

	"tabletop/scenarios/regress"
)

// TestKudu1537 is about KUDU-1537, a retried DDL reports its own first attempt's effect as
// an error. It fails at 21.228s: request 3/1 of client-2 took effect at 1.8 and again at
// 1.10
func TestKudu1537(t *testing.T) {
	regress.Test{
		Guards:  []string{"KUDU-1537"},
		Fails:   "exactly-once/request/executed-twice",
		Options: []string{"masters=1", "tservers=1", "clients=2"},
		Steps: []regress.Step{
			{"0s", "client-1 creates t1",
				"client-1 create t1 columns=k tablets=1 replicas=1"},
			{"0s", "client-1 creates t2",
				"client-1 create t2 columns=k tablets=1 replicas=1"},
			// 0.011149s master-1 elected leader of master-tablet for term 1
			// 0.013367s master-1 has loaded the catalog and leads in term 1
			// 1.009707s master-1 table t1 is RUNNING at version 0
			// 1.010310s client-1 op 1: table-664b0311 version 0 []
			// 1.029513s client-1 op 1 is done
			// and so on
			{"10s", "client-2 drops t1",
				"client-2 delete t1"},
			{"10s", "master-1 is to be cut off (point=master/ddl/published)",
				"cut-at master-1 point=master/ddl/published"},
			// 10.004176s master-1 table t1 is REMOVED at version 0
			{"20s", "client-1 alters t2: new name t1",
				"client-1 alter t2 rename-to=t1"},
			// 20.201242s master-1 table t1 is ALTERING at version 1
			// 20.201565s client-1 op 4: table-cbaa7ac5 version 1 []
			// 21.227803s master-1 table t1 is REMOVED at version 1
			// 21.228376s client-2 op 3: table-cbaa7ac5 version 1 []
			// 21.284927s client-1 op 4 will not be: TABLE_NOT_FOUND: no table table-cbaa7ac5
		},
		Heal: "20s",
	}.Run(t)
}
