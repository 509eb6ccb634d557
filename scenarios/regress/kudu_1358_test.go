package regress_test

import (
	"testing"

	"tabletop/scenarios/regress"
)

// TestKudu1358 is about KUDU-1358, a new leader master knows no tablet servers and refuses
// CreateTable. It fails at 21.5s: client-1 op 1: create t1 columns=k tablets=1 replicas=1,
// refused by master-2 with REPLICATION_FACTOR_TOO_HIGH: not enough live tablet servers: 1
// replicas, 0 servers, though 1 tablet servers run and can reach it
func TestKudu1358(t *testing.T) {
	regress.Test{
		Guards:  []string{"KUDU-1358"},
		Fails:   "availability/table/refused-for-good",
		Options: []string{"tservers=1", "clients=1"},
		Steps: []regress.Step{
			// 0.094244s master-3 elected leader of master-tablet for term 1
			// 0.098899s master-3 has loaded the catalog and leads in term 1
			{"20s", "client-1 creates t1",
				"client-1 create t1 columns=k tablets=1 replicas=1"},
			{"20s", "master-3 loses its power",
				"power-off master-3"},
			// 20.000000s master-3 power lost
			// 20.000000s master-3 starts
			// 21.463571s master-2 elected leader of master-tablet for term 2
			// 21.473747s master-2 has loaded the catalog and leads in term 2
			// 21.499952s client-1 op 1: REPLICATION_FACTOR_TOO_HIGH: not enough live tablet servers: 1
			// replicas, 0 servers
		},
		Heal: "20s",
	}.Run(t)
}
