package etcdraft_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
	"tabletop/scenarios"
)

// Storms over etcd's core pass the same judges, each twice with the same digest.
func TestStorms(t *testing.T) {
	t.Parallel()
	for _, options := range [][]string{nil, {"pre-election=false", "spare-masters=2"},
		{"masters=5", "disk=stalls"}} {
		passed := 0
		for seed := range uint64(4) {
			p, err := scenarios.Draw("storm", seed, variant.Selection{
				Options: append([]string{"consensus=etcd"}, options...)})
			require.NoError(t, err)
			res, err := scenarios.Run(p, scenarios.Options{SelfCheck: true, CheckMessages: true})
			require.NoError(t, err)
			require.Contains(t, []string{scenarios.Pass, scenarios.Vacuous}, res.Verdict,
				"%v, seed %d: %s", options, seed, res.Detail)
			if res.Verdict == scenarios.Pass {
				passed++
			}
		}
		require.GreaterOrEqual(t, passed, 3)
	}
}
