package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"tabletop/scenarios"
)

// logToken is a token in a log, and the first line that it begins in.
type logToken struct {
	word string
	line int
}

// What logs do to tokens: colours, and links, are taken out; a word that is no whole token at the
// end of a line is put together with what follows on the next lines, behind whatever stands in
// front of it there. The checksum in a token tells when it is whole.
var (
	escapes = regexp.MustCompile("\x1b(\\[[0-?]*[ -/]*[@-~]|" + // colours and the like
		"\\][^\x07\x1b]*(\x07|\x1b\\\\)|[@-Z\\\\^_])") // links and the like
	tokens     = regexp.MustCompile(`\btt[0-9]+_[A-Za-z0-9_-]+`)
	beginnings = regexp.MustCompile(`\bt(t([0-9]+(_[A-Za-z0-9_-]*)?)?)?$`)
	pieces     = regexp.MustCompile(`[A-Za-z0-9_-]+`)
)

// What bounds the work: the length of a line, beyond which it counts as wrapped; of a token; how
// many lines may hold one; how many pieces wait for their rest at a time, and how many may do so in
// vain; how many tokens there may be.
const (
	maxLogLine   = 1 << 20
	maxToken     = 16 << 10
	maxWraps     = 400
	maxFragments = 8
	maxInVain    = 1000
	maxTokens    = 10_000
)

// fragment is what may be the beginning of a token, up to the end of a line.
type fragment struct {
	word  string // put together so far
	first string // what the first line has of it
	line  int
	wraps int
}

// tokenFinder finds the tokens in a log, line by line.
type tokenFinder struct {
	found  []logToken
	broken []logToken // what looks like a token and is not whole
	known  map[string]bool
	open   []fragment
	line   int
	inVain int
}

// findTokens returns the tokens of a log in the order of their lines, each once, among them those
// that are damaged, unless they are the beginning of a whole one. It keeps no more than the tokens.
func findTokens(r io.Reader) ([]logToken, error) {
	f := tokenFinder{known: map[string]bool{}}
	lines := bufio.NewReaderSize(r, maxLogLine)
	for {
		line, err := lines.ReadSlice('\n')
		f.take(string(line))
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		f.line++
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	f.give(f.open)
	if len(f.known) > maxTokens {
		return nil, fmt.Errorf("there are more than %d tokens in it", maxTokens)
	}
	all := f.found
	for _, b := range f.broken {
		if !f.begins(b.word) {
			all = append(all, b)
		}
	}
	slices.SortStableFunc(all, func(a, b logToken) int { return a.line - b.line })
	return all, nil
}

// take looks through a line, or a part of a long one.
func (f *tokenFinder) take(line string) {
	if strings.Contains(line, "\x1b") {
		line = escapes.ReplaceAllString(line, "")
	}
	line = strings.TrimRight(line, " \t\r\n\\")
	waiting := f.open
	f.open = nil
	for _, p := range waiting {
		f.continues(p, line)
	}
	if !strings.Contains(line, "tt") && !strings.HasSuffix(line, "t") {
		return
	}
	for _, at := range tokens.FindAllStringIndex(line, -1) {
		word := line[at[0]:at[1]]
		switch {
		case scenarios.IsWhole(word):
			f.add(&f.found, logToken{word, f.line + 1})
		case at[1] < len(line):
			f.add(&f.broken, logToken{word, f.line + 1})
		}
	}
	if word := beginnings.FindString(line); word != "" && !scenarios.IsWhole(word) {
		f.begin(fragment{word: word, first: word, line: f.line + 1})
	}
}

// begin waits for the rest of what may be the beginning of a token.
func (f *tokenFinder) begin(p fragment) {
	if len(f.open) == maxFragments {
		f.give(f.open[:1])
		f.open = f.open[1:]
	}
	if f.inVain >= maxInVain {
		f.give([]fragment{p})
		return
	}
	f.open = append(f.open, p)
}

// continues looks for the rest of a token in a line.
func (f *tokenFinder) continues(p fragment, line string) {
	end := ""
	for _, at := range pieces.FindAllStringIndex(line, -1) {
		joined := p.word + line[at[0]:at[1]]
		if len(joined) > maxToken {
			break
		}
		if scenarios.IsWhole(joined) {
			f.add(&f.found, logToken{joined, p.line})
			return
		}
		if at[1] == len(line) {
			end = joined
		}
	}
	if p.wraps++; !beginnings.MatchString(end) || p.wraps > maxWraps {
		f.give([]fragment{p})
		return
	}
	p.word = end
	f.open = append(f.open, p)
}

// give up what has no rest; it is damaged, if it looks like a token at all.
func (f *tokenFinder) give(all []fragment) {
	for _, p := range all {
		if tokens.FindString(p.first) == p.first {
			f.inVain++
			f.add(&f.broken, logToken{p.first, p.line})
		}
	}
}

// begins reports whether a word is the beginning of a whole token.
func (f *tokenFinder) begins(word string) bool {
	return slices.ContainsFunc(f.found, func(t logToken) bool {
		return strings.HasPrefix(t.word, word)
	})
}

func (f *tokenFinder) add(to *[]logToken, t logToken) {
	if !f.known[t.word] && len(f.known) <= maxTokens {
		f.known[t.word] = true
		*to = append(*to, t)
	}
}
