package rebalance

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// described is a cluster as the command rebalance reads it.
type described struct {
	Tservers []struct{ UUID, Location string }
	Tables   []struct {
		Name              string
		ReplicationFactor int `json:"replication_factor"`
		Tablets           []struct {
			ID, Range, Leader string
			Replicas          []string
		}
	}
}

// cluster returns what is described, and the names of its servers and tablets.
func (d described) cluster() (c *Cluster, servers, tablets []string) {
	c = &Cluster{}
	for _, s := range d.Tservers {
		c.Servers = append(c.Servers, Server{Location: s.Location})
		servers = append(servers, s.UUID)
	}
	for i, table := range d.Tables {
		c.Tables = append(c.Tables, Table{ReplicationFactor: table.ReplicationFactor})
		for _, t := range table.Tablets {
			tablet := Tablet{Table: i, Range: t.Range, Leader: slices.Index(servers, t.Leader)}
			for _, r := range t.Replicas {
				tablet.Replicas = append(tablet.Replicas, slices.Index(servers, r))
			}
			c.Tablets = append(c.Tablets, tablet)
			tablets = append(tablets, t.ID)
		}
	}
	return c, servers, tablets
}

// The cases are those of Kudu's rebalance_algo-test.cc and placement_policy_util-test.cc. All give
// the very same moves, in the same order where that is said to matter.
func TestKudusOwnCases(t *testing.T) {
	type step struct{ Table, Range, From, To string }
	type leaves struct{ Tablet, From string }
	type found struct {
		Tablet, Location string
		Replicas         int
	}
	var cases []struct {
		Case             string
		Phase            Phase
		OrderMatters     bool `json:"order_matters"`
		Cluster          described
		ExpectMoves      []step   `json:"expect_moves"`
		ExpectViolations []found  `json:"expect_violations"`
		ExpectFrom       []leaves `json:"expect_from"`
	}
	text, err := os.ReadFile("testdata/cases.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &cases))
	require.Len(t, cases, 19)
	for _, test := range cases {
		t.Run(test.Case, func(t *testing.T) {
			c, servers, tablets := test.Cluster.cluster()
			// The fixer's cases are of one round, which moves one replica of a tablet at most.
			moves, _ := Plan(c, Options{Phases: []Phase{test.Phase}, Threshold: DefaultThreshold,
				Batch: test.Phase == Policy, SkipUnfixable: true})
			got, from := []step{}, []leaves{}
			for _, m := range moves {
				require.Equal(t, test.Phase, m.Phase)
				tablet := c.Tablets[m.Tablet]
				got = append(got, step{test.Cluster.Tables[tablet.Table].Name, tablet.Range,
					servers[m.From], servers[m.To]})
				from = append(from, leaves{tablets[m.Tablet], servers[m.From]})
			}
			if test.Phase == Policy {
				var violations []found
				for _, v := range c.Violations() {
					violations = append(violations, found{tablets[v.Tablet], v.Location, v.Replicas})
				}
				require.Equal(t, test.ExpectViolations, violations)
				require.Equal(t, test.ExpectFrom, from)
			} else if test.OrderMatters {
				require.Equal(t, test.ExpectMoves, got)
			} else {
				require.ElementsMatch(t, test.ExpectMoves, got)
			}
		})
	}
}
