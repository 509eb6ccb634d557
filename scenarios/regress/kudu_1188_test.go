package regress_test

import (
	"testing"

	"tabletop/scenarios/regress"
)

// TestKudu1188 is about KUDU-1188, a deposed leader master serves reads from old state. It
// ends at 30.5s: no order of the operations on t3 explains
func TestKudu1188(t *testing.T) {
	regress.Test{
		Guards:  []string{"KUDU-1188"},
		Fails:   "linearizability/history/not-linearizable/get",
		Options: []string{"clients=2", "tservers=1", "net=jitter"},
		Seed:    13,
		Steps: []regress.Step{
			// 0.300844s master-1 elected leader of master-tablet for term 1
			// 0.326922s master-1 has loaded the catalog and leads in term 1
			{"2s", "client-1 creates t2",
				"client-1 create t2 columns=k tablets=1 replicas=1"},
			{"2s", "master-1 is to be killed (label=apply power=off), for 300ms",
				"kill-wait master-1 label=apply power=off for=300ms"},
			// 2.255994s master-1 power lost
			// 2.555994s master-1 starts
			// 3.769360s master-3 elected leader of master-tablet for term 2
			// 3.799591s master-3 has loaded the catalog and leads in term 2
			{"5s", "client-1 creates t3",
				"client-1 create t3 columns=k tablets=1 replicas=1"},
			{"5s", "master-3 is cut off",
				"partition master-3"},
			// 6.544931s master-2 elected leader of master-tablet for term 3
			// 6.571179s master-2 has loaded the catalog and leads in term 3
			// 12.012885s client-1 op 1: table-b10b1ea5 version 0 []
			// 12.021986s client-1 op 1 is done
			// 12.033542s master-2 table t3 is RUNNING at version 0
			// and so on
			{"15s", "client-2 reads the schema of t3",
				"client-2 get t3"},
			// 15.213819s client-2 op 3: TABLE_NOT_FOUND: no table t3
			// 16.321495s master-3 steps down as leader of master-tablet, term is 3 now
		},
		Heal: "15s",
	}.Run(t)
}
