package regress_test

import (
	"testing"

	"tabletop/scenarios/regress"
)

// TestKudu1365 is about KUDU-1365, every election spends a term. It fails at 46.274s:
// master-3 begins term 2 of master-tablet, though a majority has heard master-2 for 30s
func TestKudu1365(t *testing.T) {
	regress.Test{
		Guards:  []string{"KUDU-1365"},
		Fails:   "leader-stability/master-tablet/term-in-vain",
		Options: []string{"tservers=1", "clients=1"},
		Steps: []regress.Step{
			// 0.165179s master-2 elected leader of master-tablet for term 1
			// 0.178006s master-2 has loaded the catalog and leads in term 1
			{"40s", "master-3 loses its power",
				"power-off master-3"},
			// 40.000000s master-3 power lost
			// 45.000000s master-3 starts
			// 46.479238s master-2 steps down as leader of master-tablet, term is 2 now
			// 47.906638s master-1 elected leader of master-tablet for term 2
			// 47.911568s master-1 has loaded the catalog and leads in term 2
		},
		Heal: "45s",
	}.Run(t)
}
