package regress_test

import (
	"testing"

	"tabletop/scenarios/regress"
)

// TestStartStamp is about start-stamp, a tablet server whose clock was set back counts as
// an old start. It fails at 5m9.5s: 4m55.5s after healing: ts-2 runs, and master-1 takes it
// for dead
func TestStartStamp(t *testing.T) {
	regress.Test{
		Guards:  []string{"start-stamp"},
		Fails:   "liveness/tserver/not-registered",
		Options: []string{"masters=1", "clients=1", "tservers=2"},
		Steps: []regress.Step{
			{"0s", "client-1 creates t3",
				"client-1 create t3 columns=k tablets=1 replicas=1"},
			{"0s", "ts-2 has its clock set (by=-47m14.731277s)",
				"clock-jump ts-2 by=-47m14.731277s"},
			// 0.009525s master-1 elected leader of master-tablet for term 1
			// 0.027983s master-1 has loaded the catalog and leads in term 1
			// 0.036417s master-1 table t3 is RUNNING at version 0
			// 0.037140s client-1 op 1: table-4c9e2bf1 version 0 []
			// 0.055798s client-1 op 1 is done
			{"10s", "ts-2 loses its power, for 4s",
				"power-off ts-2 for=4s"},
			// 10.000000s ts-2 power lost
			// 14.000000s ts-2 starts
		},
		Heal: "14s",
	}.Run(t)
}
