package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/nemesis"
	"tabletop/scenarios"
)

// aToken returns a token that is as long as the number of faults makes it.
func aToken(faults int) string {
	p := scenarios.Plan{Heal: 1}
	for i := range faults {
		p.Faults = append(p.Faults, nemesis.Fault{ID: i + 1, Kind: nemesis.Kill,
			Target: fmt.Sprint("ts-", i*i)})
	}
	return scenarios.Token{Plan: p}.String()
}

// broken breaks a text into lines of so many letters, and puts something in front of each.
func broken(text string, width int, prefix func(line int) string) string {
	var b strings.Builder
	for line := 0; ; line++ {
		b.WriteString(prefix(line))
		if len(text) <= width {
			return b.String() + text + "\n"
		}
		b.WriteString(text[:width] + "\n")
		text = text[width:]
	}
}

func found(t require.TestingT, log string) []logToken {
	all, err := findTokens(strings.NewReader(log))
	require.NoError(t, err)
	return all
}

func TestTokensInLogs(t *testing.T) {
	token, other := aToken(3), aToken(60)
	fail := "FAIL liveness/table/alter-stuck token=" + token + " t=5m0s events=99"
	stamp := func(n int) string { return fmt.Sprintf("2026-11-22T03:04:%02d.123456Z ", n) }
	none := func(int) string { return "" }
	for what, test := range map[string]struct {
		log  string
		want []logToken
	}{
		"none":            {"ok\nthat\n", nil},
		"plain":           {"a\n" + fail + "\nreplay: " + token, []logToken{{token, 2}}},
		"two on a line":   {token + " " + other, []logToken{{token, 1}, {other, 1}}},
		"carriage return": {fail + "\r\n" + other + "\r\n", []logToken{{token, 1}, {other, 2}}},
		"colours": {"\x1b[31mFAIL\x1b[0m token=\x1b[1m" + token + "\x1b[0m\x1b[K t=1s",
			[]logToken{{token, 1}}},
		"a colour within": {"token=" + token[:20] + "\x1b[0;1m" + token[20:], []logToken{{token, 1}}},
		"a link":          {"\x1b]8;;http://x\x1b\\" + token + "\x1b]8;;\x07", []logToken{{token, 1}}},
		"prefixes": {stamp(1) + "job | " + fail + "\n" + stamp(2) + "job | replay: " + other,
			[]logToken{{token, 1}, {other, 2}}},
		"wrapped": {"x\n" + broken(fail, 50, none), []logToken{{token, 2}}},
		"wrapped often": {broken(other, 20, none) + fail, []logToken{{other, 1},
			{token, 1 + (len(other)-1)/20 + 1}}},
		"with stamps": {broken(fail, 45, stamp), []logToken{{token, 1}}},
		"with backslash": {strings.ReplaceAll(broken(fail, 45, stamp), "\n", " \\\n"),
			[]logToken{{token, 1}}},
		"a glued prefix": {broken(fail, 45, func(int) string { return "[ci]" }), []logToken{{token, 1}}},
		"colours and stamps": {broken(fail, 45, func(n int) string {
			return "\x1b[36mapp-1 |\x1b[0m " + stamp(n)
		}), []logToken{{token, 1}}},
		"in its first letters": {"token=tt\n" + token[2:] + "\nx\nx t\n" + other[1:],
			[]logToken{{token, 1}, {other, 4}}},
		"damaged":               {"token=" + token[:30] + "\nnext\n", []logToken{{token[:30], 1}}},
		"cut, and whole":        {"see " + token[:30] + "...\n" + fail, []logToken{{token, 2}}},
		"cut before another":    {token[:30] + "\n" + other, []logToken{{token[:30], 1}, {other, 2}}},
		"of another format":     {"tt7_AAAA\nx", []logToken{{"tt7_AAAA", 1}}},
		"behind a long line":    {strings.Repeat("x ", maxLogLine) + token, []logToken{{token, 1}}},
		"over the end of parts": {strings.Repeat("x ", maxLogLine/2-9) + token, []logToken{{token, 1}}},
	} {
		t.Run(what, func(t *testing.T) { require.Equal(t, test.want, found(t, test.log)) })
	}
}

// However a log is wrapped, and whatever is in front of its lines, its tokens are found.
func TestTokensAreFoundHoweverWrapped(t *testing.T) {
	words := []string{"--- FAIL: TestStorm", "t=5m0s", "token=" + aToken(1), aToken(20),
		"\x1b[31mFAIL\x1b[0m", "is_it-part", aToken(5)}
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.SampledFrom([]string{"", "| ", "12:00:01 ", "##[error]", "a b-c_d> "}).
			Draw(t, "prefix")
		width := rapid.IntRange(8, 300).Draw(t, "width")
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom(words)).Draw(t, "words"), " ")
		have := map[string]bool{}
		for _, x := range found(t, broken(text, width, func(int) string { return prefix })) {
			have[x.word] = true
		}
		for _, i := range []int{1, 20, 5} {
			if word := aToken(i); strings.Contains(text, word) {
				require.True(t, have[word], "%s in %q", word, text)
			}
		}
	})
}

// endless is a log of so many lines.
type endless struct{ lines, at int }

func (e *endless) Read(b []byte) (int, error) {
	if e.at == e.lines {
		return 0, fmt.Errorf("read: %w", errEnd)
	}
	e.at++
	return copy(b, fmt.Sprintf("line %d says that it does not tt1_%d\n", e.at, e.at%700)), nil
}

var errEnd = errors.New("the disk is gone")

// A log is not kept in memory, and one that cannot be read to its end is not taken for whole.
func TestLongLogsTakeLittleMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := findTokens(&endless{lines: 100_000})
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, errEnd)
	require.Less(t, after.HeapInuse, before.HeapInuse+8<<20)
	_, err = findTokens(iotest.ErrReader(errEnd))
	require.ErrorIs(t, err, errEnd)

	many := strings.Builder{}
	for i := range maxTokens + 1 {
		fmt.Fprintf(&many, "tt1_%d\n", i)
	}
	_, err = findTokens(strings.NewReader(many.String()))
	require.EqualError(t, err, "there are more than 10000 tokens in it")
}

// Of many replays the status is the worst.
func TestWorstStatus(t *testing.T) {
	for _, pair := range [][2]status{{exitPass, exitNoProof}, {exitNoProof, exitFail},
		{exitFail, exitUsage}, {exitUsage, exitDiverged}} {
		require.Equal(t, pair[1], worse(pair[0], pair[1]))
		require.Equal(t, pair[1], worse(pair[1], pair[0]))
	}
}
