package scenarios

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/checker"
	"tabletop/model/variant"
	"tabletop/nemesis"
)

// The budgets, as they are printed.
func TestBudgetsAreTheSumsOfTheirWaits(t *testing.T) {
	v, err := variant.Selection{Options: []string{"follower-unavailable=6s"}}.Resolve()
	require.NoError(t, err)
	for stage, want := range map[checker.Stage]time.Duration{
		checker.StageLeader:   90 * time.Second,
		checker.StageDDL:      130 * time.Second,
		checker.StageCatalog:  240 * time.Second,
		checker.StageReplicas: 396 * time.Second,
	} {
		require.Equal(t, want, checker.BudgetOf(stage, v), stage)
	}
}

// A leader that is killed is replaced after the shortest election timeout at the earliest, and a DDL
// is answered after that. Nothing is counted twice.
func TestTimesCountFromTheFault(t *testing.T) {
	p, err := Draw("storm", 3, variant.Selection{Options: []string{"masters=3", "net=lan"}})
	require.NoError(t, err)
	p.Faults = []nemesis.Fault{{ID: 1, At: 20 * time.Second, Kind: nemesis.Kill,
		Target: "leader-master", For: 10 * time.Second}}
	res, err := Run(p, Options{})
	require.NoError(t, err)
	var since []Time
	for _, x := range res.Times {
		if x.Since == SinceFault {
			since = append(since, x)
		}
	}
	require.Len(t, since, 2)
	leader, ddl := since[0], since[1]
	require.Equal(t, "kill", leader.Kind)
	require.Equal(t, checker.StageLeader, leader.What)
	require.Equal(t, checker.StageDDL, ddl.What)
	require.Greater(t, leader.Took, 800*time.Millisecond)
	require.Less(t, leader.Took, 10*time.Second)
	require.Greater(t, ddl.Took, leader.Took)
}

// What is not done in time is said to have an excuse, or none.
func TestExceededBudgetsNameTheExcuse(t *testing.T) {
	for excuse, lost := range map[string]bool{"it had no excuse": false,
		"it may have had to: master-": true} {
		p, err := Draw("kudu-1353", 1, variant.Selection{Profile: "kudu-0.7",
			Options: []string{"tservers=3"}})
		require.NoError(t, err)
		if lost {
			p.Faults = append(p.Faults, nemesis.Fault{ID: 9, At: 59 * time.Second,
				Kind: nemesis.Lose, Target: "follower-master"})
		}
		res, err := Run(p, Options{})
		require.NoError(t, err)
		require.True(t, res.Stuck())
		require.Contains(t, res.Detail, excuse)
	}
}
