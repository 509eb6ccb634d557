package regress_test

import (
	"testing"

	"tabletop/scenarios/regress"
)

// Test9583cad6e is about 9583cad6e, a drop or an alter meets a table that was renamed
// meanwhile. It fails at 22.501s: no order of the operations on t3, t4 explains
func Test9583cad6e(t *testing.T) {
	regress.Test{
		Guards:  []string{"9583cad6e"},
		Fails:   "linearizability/history/not-linearizable/alter",
		Options: []string{"tservers=1", "masters=1", "clients=2"},
		Steps: []regress.Step{
			{"0s", "client-1 creates t3",
				"client-1 create t3 columns=k tablets=1 replicas=1"},
			// 0.012140s master-1 elected leader of master-tablet for term 1
			// 0.032066s master-1 has loaded the catalog and leads in term 1
			// 1.009135s master-1 table t3 is RUNNING at version 0
			// 1.009537s client-1 op 1: table-e599e5af version 0 []
			// 1.028744s client-1 op 1 is done
			{"10s", "client-2 alters t3",
				"client-2 alter t3"},
			{"10s", "client-1 alters t3: new name t4",
				"client-1 alter t3 rename-to=t4"},
			// 10.002904s master-1 table t4 is ALTERING at version 1
			// 10.003473s client-1 op 3: table-e599e5af version 1 []
			// 10.004990s client-2 op 2: table-e599e5af version 1 []
			// 10.006289s master-1 table t4 is RUNNING at version 1
			// 10.006860s client-1 op 3 is done
			// and so on
		},
		Heal: "1ms",
	}.Run(t)
}
