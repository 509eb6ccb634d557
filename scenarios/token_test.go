package scenarios

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/variant"
)

// A token says what became of its run when it was made, and which code made it.
func TestTokensSayWhatBecameOfTheRun(t *testing.T) {
	failed := mustRun(t, "kudu-1353", 1, variant.Selection{Profile: "kudu-0.7"}, Options{})
	passed := mustRun(t, "kudu-1353", 1, variant.Selection{}, Options{})
	require.Equal(t, Fail, failed.Verdict)
	require.Equal(t, Pass, passed.Verdict)
	for what, test := range map[string]struct {
		of            *Result
		change        func(*Token)
		want, foreign string
	}{
		"failed":     {failed, func(*Token) {}, StillFails, ""},
		"passed":     {passed, func(*Token) {}, Passes, ""},
		"another":    {failed, func(x *Token) { x.Origin.Failed++ }, FailsOtherwise, ""},
		"had passed": {failed, func(x *Token) { x.Origin.Failed = 0 }, FailsOtherwise, ""},
		"had failed": {passed, func(x *Token) { x.Origin.Failed = 1 }, Passes, ""},
		"other code": {failed, func(x *Token) { x.Origin.Code++ }, StillFails, "version "},
		"older":      {failed, func(x *Token) { x.Origin = Origin{} }, StillFails, "an older "},
	} {
		token, err := ParseToken(test.of.Token)
		require.NoError(t, err)
		test.change(&token)
		token, err = ParseToken(token.String())
		require.NoError(t, err)
		r, err := Replay(token, Options{})
		require.NoError(t, err)
		require.Empty(t, r.Diverged, what)
		require.Equal(t, test.want, r.Outcome, what)
		require.Equal(t, test.foreign == "", r.Foreign == "", what)
		require.Contains(t, r.Foreign, test.foreign, what)
	}
}

// Tokens of older programs end with the fingerprint, and can be read.
func TestOlderTokensCanBeRead(t *testing.T) {
	res := mustRun(t, "kudu-1353", 1, variant.Selection{}, Options{})
	b, whole := unseal(strings.TrimPrefix(res.Token, "tt1_"))
	require.True(t, whole)
	for cut, want := range map[int]string{8: "", 7: "ends too early"} {
		short := b[: len(b)-cut : len(b)-cut]
		short = binary.LittleEndian.AppendUint32(short, crc32.ChecksumIEEE(short))
		token, err := ParseToken("tt1_" + base64.RawURLEncoding.EncodeToString(short))
		if want != "" {
			require.ErrorContains(t, err, want)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, Origin{}, token.Origin)
		require.Equal(t, res.Digest, digestText(token.Fingerprint.Digest))
	}
}

// What is too long to be a plan is refused before it takes much memory.
func TestPlansAreBounded(t *testing.T) {
	long := "tabletop-plan 1\nheal 1s\n" + strings.Repeat("\n", maxLines)
	_, err := ParsePlan(strings.NewReader(long))
	require.EqualError(t, err, "line 100001: a plan has 100000 lines at most")
	_, err = ParseToken(Token{Plan: Plan{Skip: []string{strings.Repeat("x", maxPlan)}}}.String())
	require.EqualError(t, err, "token's plan: it is longer than 16777216 bytes")
}
