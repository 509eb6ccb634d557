package regress_test

import (
	"testing"

	"tabletop/scenarios/regress"
)

// TestL1 is about L1, a tablet server can miss a whole reign between two heartbeats. It
// ends at 6m55.5s: 6m42.5s after healing: tablet-66beed29 of t3: ts-1 leads 2{3, 5},
// replication factor 3, health [HEALTHY HEALTHY]
func TestL1(t *testing.T) {
	regress.Test{
		Guards:  []string{"L1"},
		Fails:   "liveness/tablet/under-replicated",
		Options: []string{"tservers=4", "clients=1", "replica-management=3-2-3", "follower-unavailable=10s", "consensus-rpc-timeout=2s", "pre-election=false"},
		Steps: []regress.Step{
			{"0s", "client-1 creates t3",
				"client-1 create t3 columns=k tablets=1 replicas=3"},
			// 0.165179s master-2 elected leader of master-tablet for term 1
			// 0.178006s master-2 has loaded the catalog and leads in term 1
			// 1.007836s master-2 table t3 is RUNNING at version 0
			// 1.008502s client-1 op 1: table-d5f817a7 version 0 []
			// 1.062063s client-1 op 1 is done
			{"2s", "ts-4 is lost for good",
				"lose ts-4"},
			// 2.000000s ts-4 is lost for good
			{"12s", "leader-master is cut off",
				"partition leader-master"},
			// 13.485482s master-2 steps down as leader of master-tablet, term is 2 now
			// 14.989969s master-2 elected leader of master-tablet for term 3
			// 15.003439s master-2 has loaded the catalog and leads in term 3
		},
		Heal: "13s",
	}.Run(t)
}
