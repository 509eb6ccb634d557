package regress_test

import (
	"testing"

	"tabletop/scenarios/regress"
)

// TestKudu3486 is about KUDU-3486, tombstones of evicted replicas outlive their table. It
// ends at 5m1s: 4m0s after the read-back: ts-3 has a replica of tablet-ea1a4ecd, which is
// no more
func TestKudu3486(t *testing.T) {
	regress.Test{
		Guards:  []string{"KUDU-3486"},
		Fails:   "liveness/replica/orphan",
		Options: []string{"tservers=4", "masters=1", "clients=1", "follower-unavailable=6s"},
		Steps: []regress.Step{
			// 0.009525s master-1 elected leader of master-tablet for term 1
			// 0.027983s master-1 has loaded the catalog and leads in term 1
			{"4s", "client-1 creates t5",
				"client-1 create t5 columns=k tablets=1 replicas=3"},
			// 4.003916s master-1 table t5 is RUNNING at version 0
			// 4.004208s client-1 op 1: table-4c9e2bf1 version 0 []
			// 4.198925s client-1 op 1 is done
			{"10s", "ts-3 loses its power",
				"power-off ts-3"},
			// 10.000000s ts-3 power lost
			{"14s", "client-1 drops t5",
				"client-1 delete t5 reserve=10s"},
			// 14.002665s master-1 table t5 is SOFT_DELETED at version 0
			// 14.003236s client-1 op 2: table-4c9e2bf1 version 0 []
			// 32.673271s ts-1 begins to copy tablet-ea1a4ecd from ts-4
			// 32.685248s ts-1 has copied tablet-ea1a4ecd
			// 52.000000s ts-3 starts
			// and so on
		},
		Heal: "52s",
	}.Run(t)
}
