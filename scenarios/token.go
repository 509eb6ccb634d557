package scenarios

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"time"

	"tabletop/model/variant"
	"tabletop/sim"
)

// TokenFormat is the version of the form of tokens. It stands in the token's first characters.
const TokenFormat = 1

// maxInline is the greatest length of a plan, compressed, that a token carries itself, in bytes.
const maxInline = 6000

// maxPlan is the greatest length of a plan, in bytes, that a token may unfold to.
const maxPlan = 16 << 20

// Fingerprint says how a run went, so that a replay that goes another way is noticed.
type Fingerprint struct {
	Digest   uint64
	Interval time.Duration // between checkpoints
	Sums     []uint16      // the low bits of the digest at each
}

// Token names a run in one word.
type Token struct {
	Plan        Plan
	Fingerprint Fingerprint
	Origin      Origin
}

const (
	tokenSeed = 's' // the plan is drawn from a seed
	tokenPlan = 'p' // the plan is in the token
	tokenFile = 'f' // the plan is in a file, and its hash in the token
)

func digestText(d uint64) string { return fmt.Sprintf("%016x", d) }

// tokenOf names a finished run.
func tokenOf(r *run, w *sim.World, signature string) string {
	interval, sums := w.Checkpoints()
	return Token{r.plan, Fingerprint{w.Digest(), interval, sums}, originOf(signature)}.String()
}

// String returns the word.
func (t Token) String() string {
	var e tokenWriter
	e.plan(t.Plan)
	e.b = binary.LittleEndian.AppendUint64(e.b, t.Fingerprint.Digest)
	e.uint(uint64(t.Fingerprint.Interval / time.Second))
	e.uint(uint64(len(t.Fingerprint.Sums)))
	for _, s := range t.Fingerprint.Sums {
		e.b = binary.LittleEndian.AppendUint16(e.b, s)
	}
	e.b = binary.LittleEndian.AppendUint32(e.b, t.Origin.Code)
	e.b = binary.LittleEndian.AppendUint32(e.b, t.Origin.Failed)
	e.b = binary.LittleEndian.AppendUint32(e.b, crc32.ChecksumIEEE(e.b))
	return fmt.Sprintf("tt%d_%s", TokenFormat, base64.RawURLEncoding.EncodeToString(e.b))
}

// ParseToken reads a token. The error says whether it is damaged or made by another version.
func ParseToken(word string) (Token, error) {
	var format int
	head, body, found := strings.Cut(word, "_")
	if _, err := fmt.Sscanf(head, "tt%d", &format); err != nil || !found {
		return Token{}, fmt.Errorf("%q is no token: want tt%d_ and more", clip(word), TokenFormat)
	}
	if format != TokenFormat {
		return Token{}, fmt.Errorf("token of format %d; this program reads format %d", format,
			TokenFormat)
	}
	b, whole := unseal(body)
	if !whole {
		return Token{}, fmt.Errorf("token %s is damaged: its checksum does not match", clip(word))
	}
	d := tokenReader{b: b}
	t := Token{Plan: d.plan()}
	t.Fingerprint.Digest = d.uint64()
	t.Fingerprint.Interval = time.Duration(d.uint()) * time.Second
	for range d.count() {
		t.Fingerprint.Sums = append(t.Fingerprint.Sums, d.uint16())
	}
	if len(d.b) > 0 { // older tokens end here
		t.Origin = Origin{d.uint32(), d.uint32()}
	}
	if d.err == nil && len(d.b) > 0 {
		d.err = fmt.Errorf("token %s has something behind its end", clip(word))
	}
	return t, d.err
}

// unseal returns what the letters of a token stand for, and whether the checksum behind it matches.
func unseal(body string) (b []byte, whole bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || len(b) < 4 {
		return nil, false
	}
	end := len(b) - 4
	return b[:end], crc32.ChecksumIEEE(b[:end]) == binary.LittleEndian.Uint32(b[end:])
}

// IsWhole reports whether a word is a token of which nothing is missing.
func IsWhole(word string) bool {
	body, found := strings.CutPrefix(word, fmt.Sprintf("tt%d_", TokenFormat))
	_, whole := unseal(body)
	return found && whole
}

// clip shortens a word for an error message.
func clip(word string) string {
	if len(word) > 24 {
		return word[:24] + "..."
	}
	return word
}

// Diverged compares the fingerprint of a replay with the recorded one; empty: they are equal.
func (f Fingerprint) Diverged(replay Fingerprint) string {
	if f.Digest == replay.Digest {
		return ""
	}
	for i, sum := range f.Sums {
		if f.Interval != replay.Interval || i >= len(replay.Sums) {
			break
		}
		if replay.Sums[i] != sum {
			return fmt.Sprintf("between %v and %v", time.Duration(i)*f.Interval,
				time.Duration(i+1)*f.Interval)
		}
	}
	return fmt.Sprintf("after %v", time.Duration(min(len(f.Sums), len(replay.Sums)))*f.Interval)
}

type tokenWriter struct{ b []byte }

func (w *tokenWriter) uint(x uint64) { w.b = binary.AppendUvarint(w.b, x) }

func (w *tokenWriter) string(s string) {
	w.uint(uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *tokenWriter) strings(list []string) {
	w.uint(uint64(len(list)))
	for _, s := range list {
		w.string(s)
	}
}

// plan writes a plan that its scenario draws from the seed as the seed, and any other whole.
func (w *tokenWriter) plan(p Plan) {
	if p.drawn != nil {
		w.b = append(w.b, tokenSeed)
		w.uint(GeneratorVersion)
		w.string(p.Scenario)
		w.uint(p.Seed)
		w.string(p.drawn.Profile)
		w.strings(p.drawn.Defects)
		w.strings(p.drawn.Without)
		w.strings(p.drawn.Options)
		w.strings(p.Skip)
		return
	}
	var packed bytes.Buffer
	z, _ := flate.NewWriter(&packed, flate.BestCompression)
	_, _ = io.WriteString(z, p.String())
	_ = z.Close()
	if packed.Len() <= maxInline || p.file == "" {
		w.b = append(w.b, tokenPlan)
		w.string(packed.String())
		return
	}
	w.b = append(w.b, tokenFile)
	w.string(p.file)
	sum := sha256.Sum256([]byte(p.String()))
	w.string(string(sum[:]))
}

// tokenReader parses; after the first error everything it returns is zero.
type tokenReader struct {
	b   []byte
	err error
}

func (r *tokenReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
	r.b = nil
}

func (r *tokenReader) uint() uint64 {
	x, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail("token ends too early")
		return 0
	}
	r.b = r.b[n:]
	return x
}

func (r *tokenReader) count() int {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail("token ends too early")
		return 0
	}
	return int(n)
}

func (r *tokenReader) take(n int) []byte {
	if n > len(r.b) {
		r.fail("token ends too early")
		return make([]byte, n)
	}
	head := r.b[:n]
	r.b = r.b[n:]
	return head
}

func (r *tokenReader) uint64() uint64 { return binary.LittleEndian.Uint64(r.take(8)) }
func (r *tokenReader) uint32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }
func (r *tokenReader) uint16() uint16 { return binary.LittleEndian.Uint16(r.take(2)) }
func (r *tokenReader) string() string { return string(r.take(r.count())) }

func (r *tokenReader) strings() []string {
	var list []string
	for range r.count() {
		list = append(list, r.string())
	}
	return list
}

func (r *tokenReader) plan() Plan {
	switch kind := r.take(1)[0]; kind {
	case tokenSeed:
		return r.seed()
	case tokenPlan:
		return r.parse(r.unpack(r.string()), "the token's plan")
	case tokenFile:
		name, sum := r.string(), r.string()
		return r.file(name, sum)
	default:
		r.fail("token of unknown kind %q", kind)
		return Plan{}
	}
}

func (r *tokenReader) seed() Plan {
	if v := r.uint(); v != GeneratorVersion && r.err == nil {
		r.fail("token of generator %d; this program has generator %d, which draws other runs", v,
			GeneratorVersion)
		return Plan{}
	}
	name, seed := r.string(), r.uint()
	s := variant.Selection{Profile: r.string(), Defects: r.strings(), Without: r.strings(),
		Options: r.strings()}
	skip := r.strings()
	if r.err != nil {
		return Plan{}
	}
	p, err := Draw(name, seed, s)
	if err != nil {
		r.fail("token: %w", err)
	}
	p.Skip = skip
	return p
}

func (r *tokenReader) unpack(packed string) string {
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(strings.NewReader(packed)), maxPlan+1))
	if err == nil && len(text) > maxPlan {
		err = fmt.Errorf("it is longer than %d bytes", maxPlan)
	}
	if err != nil {
		r.fail("token's plan: %w", err)
	}
	return string(text)
}

func (r *tokenReader) parse(text, what string) Plan {
	if r.err != nil {
		return Plan{}
	}
	p, err := ParsePlan(strings.NewReader(text))
	if err != nil {
		r.fail("%s: %w", what, err)
	}
	return p
}

func (r *tokenReader) file(name, sum string) Plan {
	if r.err != nil {
		return Plan{}
	}
	p, err := ReadPlanFile(name)
	if err != nil {
		r.fail("token's plan: %w", err)
		return Plan{}
	}
	if have := sha256.Sum256([]byte(p.String())); string(have[:]) != sum {
		r.fail("%s is not the plan that the token was made of", name)
	}
	return p
}

// ReadPlanFile reads a plan from a file.
func ReadPlanFile(name string) (Plan, error) {
	f, err := os.Open(name)
	if err != nil {
		return Plan{}, err
	}
	defer f.Close()
	p, err := ParsePlan(f)
	if err != nil {
		return Plan{}, fmt.Errorf("%s: %w", name, err)
	}
	p.file = name
	return p, nil
}
