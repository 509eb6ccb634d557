package regress_test

import (
	"testing"

	"tabletop/scenarios/regress"
)

// TestKudu1991 is about KUDU-1991, a task is dropped when its target is not known at the
// moment. It fails at 7m0.5s: 6m40.5s after healing: tablet-ea1a4ecd of t3: ts-3 leads 2{1,
// 3}, replication factor 3, health [HEALTHY HEALTHY]
func TestKudu1991(t *testing.T) {
	regress.Test{
		Guards:  []string{"KUDU-1991"},
		Fails:   "liveness/tablet/under-replicated",
		Options: []string{"masters=1", "clients=1", "replica-management=3-2-3", "follower-unavailable=10s"},
		Steps: []regress.Step{
			{"0s", "client-1 creates t3",
				"client-1 create t3 columns=k tablets=1 replicas=3"},
			// 0.009525s master-1 elected leader of master-tablet for term 1
			// 0.027983s master-1 has loaded the catalog and leads in term 1
			// 1.007727s master-1 table t3 is RUNNING at version 0
			// 1.008515s client-1 op 1: table-4c9e2bf1 version 0 []
			// 1.200720s client-1 op 1 is done
			{"10s", "ts-2 is killed",
				"kill ts-2"},
			{"10s", "master-1 loses its power",
				"power-off master-1"},
			// 10.000000s master-1 power lost
			// 10.000000s ts-2 killed
			// 20.000000s master-1 starts
			// 20.000000s ts-2 starts
			// 20.007464s master-1 elected leader of master-tablet for term 2
			// and so on
		},
		Heal: "20s",
	}.Run(t)
}
