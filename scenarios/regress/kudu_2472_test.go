package regress_test

import (
	"testing"

	"tabletop/scenarios/regress"
)

// TestKudu2472 is about KUDU-2472, a restarted leader master refuses CreateTable until
// servers report. It fails at 21.206s: client-1 op 1: create t2 columns=k tablets=1
// replicas=1, refused by master-1 with REPLICATION_FACTOR_TOO_HIGH: not enough live tablet
// servers: 1 replicas, 0 servers, though 1 tablet servers run and can reach it
func TestKudu2472(t *testing.T) {
	regress.Test{
		Guards:  []string{"KUDU-2472"},
		Fails:   "availability/table/refused-for-good",
		Options: []string{"masters=1", "tservers=1", "clients=1"},
		Steps: []regress.Step{
			// 0.011149s master-1 elected leader of master-tablet for term 1
			// 0.013367s master-1 has loaded the catalog and leads in term 1
			{"10s", "client-1 creates t2",
				"client-1 create t2 columns=k tablets=1 replicas=1"},
			{"10s", "master-1 loses its power",
				"power-off master-1"},
			// 10.000000s master-1 power lost
			// 17.000000s master-1 starts
			// 17.005348s master-1 elected leader of master-tablet for term 2
			// 17.011091s master-1 has loaded the catalog and leads in term 2
			// 21.206270s client-1 op 1: REPLICATION_FACTOR_TOO_HIGH: not enough live tablet servers: 1
			// replicas, 0 servers
		},
		Heal: "17s",
	}.Run(t)
}
