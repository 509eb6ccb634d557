package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
	"tabletop/scenarios"
)

// command runs a command line, and returns what it says to people and its status.
func command(t *testing.T, args ...string) (string, error) {
	var out strings.Builder
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// made returns the token of a run.
func made(t *testing.T, p scenarios.Plan) scenarios.Token {
	r, err := scenarios.Run(p, scenarios.Options{})
	require.NoError(t, err)
	token, err := scenarios.ParseToken(r.Token)
	require.NoError(t, err)
	return token
}

// What became of a token's run is said, and is the status: of one token, and of one in a log.
func TestReplaySaysWhatBecameOfTheRun(t *testing.T) {
	draw := func(profile string) scenarios.Plan {
		p, err := scenarios.Draw("kudu-1353", 1, variant.Selection{Profile: profile})
		require.NoError(t, err)
		return p
	}
	empty, err := scenarios.ParsePlan(strings.NewReader("tabletop-plan 1\nheal 1s\n"))
	require.NoError(t, err)
	const went = "\nthe replay went as the token says: the run "
	for what, test := range map[string]struct {
		plan   scenarios.Plan
		change func(*scenarios.Token)
		want   error
		says   string
	}{
		"still fails": {draw("kudu-0.7"), func(*scenarios.Token) {}, status(exitFail),
			went + "still fails\nFAIL liveness/table/alter-stuck token=tt1_"},
		"fails otherwise": {draw("kudu-0.7"), func(x *scenarios.Token) { x.Origin.Failed++ },
			status(exitFail), went + "fails otherwise\nFAIL liveness/table/alter-stuck token=tt1_"},
		"passes": {draw("ideal"), func(*scenarios.Token) {}, nil, went + "passes\nPASS kudu-1353"},
		"proves nothing": {empty, func(*scenarios.Token) {}, status(exitNoProof),
			went + "proves nothing\nVACUOUS storm"},
		"diverged": {draw("ideal"), func(x *scenarios.Token) {
			x.Fingerprint.Digest++
			x.Fingerprint.Sums[2]++
		}, status(exitDiverged), "\nDIVERGED between 16s and 24s: the replay has digest "},
		"by other code": {draw("kudu-0.7"), func(x *scenarios.Token) {
			x.Origin.Code, x.Fingerprint.Digest = 1, 0
		}, status(exitDiverged), "\nversion 00000001 of the code made this token; this is version "},
	} {
		t.Run(what, func(t *testing.T) {
			token := made(t, test.plan)
			test.change(&token)
			log := filepath.Join(t.TempDir(), "log")
			require.NoError(t, os.WriteFile(log, []byte("x\n a: "+token.String()), 0o600))
			for _, args := range [][]string{{token.String()}, {"--log", log}} {
				out, err := command(t, append([]string{"replay"}, args...)...)
				require.Equal(t, test.want, err, out)
				require.Contains(t, out, test.says)
			}
		})
	}
}
