package wire

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"tabletop/sim"
)

// Range is the keys from Lower up to, but without, Upper. NoLower and NoUpper stand for no bound,
// and so does nothing in text.
type Range struct{ Lower, Upper int64 }

// The bounds of a range that has none.
const (
	NoLower = math.MinInt64
	NoUpper = math.MaxInt64
)

// AllKeys is the one range of a table that is made without naming any.
var AllKeys = Range{NoLower, NoUpper}

// Contains reports whether the key is in the range.
func (r Range) Contains(key int64) bool {
	return r.Lower <= key && (key < r.Upper || r.Upper == NoUpper)
}

// Empty reports whether no key can be in the range.
func (r Range) Empty() bool { return r.Lower >= r.Upper }

// Overlaps reports whether some key is in both ranges.
func (r Range) Overlaps(o Range) bool { return r.Lower < o.Upper && o.Lower < r.Upper }

// Compare orders the ranges of a table.
func (r Range) Compare(o Range) int { return cmp.Compare(r.Lower, o.Lower) }

func (r Range) String() string {
	var lower, upper string
	if r.Lower != NoLower {
		lower = strconv.FormatInt(r.Lower, 10)
	}
	if r.Upper != NoUpper {
		upper = strconv.FormatInt(r.Upper, 10)
	}
	return lower + ":" + upper
}

// ParseRange reads what String prints.
func ParseRange(text string) (Range, error) {
	lower, upper, found := strings.Cut(text, ":")
	r, bad := AllKeys, fmt.Errorf("bad range %q: want LOWER:UPPER, each a number or nothing", text)
	if !found {
		return Range{}, bad
	}
	for _, b := range []struct {
		text string
		into *int64
	}{{lower, &r.Lower}, {upper, &r.Upper}} {
		if b.text == "" {
			continue
		}
		n, err := strconv.ParseInt(b.text, 10, 64)
		if err != nil || n == NoLower || n == NoUpper {
			return Range{}, bad
		}
		*b.into = n
	}
	return r, nil
}

func (r Range) fold(d *sim.Digest) {
	d.Int(r.Lower)
	d.Int(r.Upper)
}

// Partition is which rows of a table a tablet holds: those whose key is in the range, and falls
// into one of the buckets that a hash of it gives (partition.proto, PartitionPB).
type Partition struct {
	Bucket, Buckets int
	Range
}

// Contains reports whether the row of a key belongs into the partition.
func (p Partition) Contains(key int64) bool {
	return p.Range.Contains(key) && int(mix(uint64(key))%uint64(p.Buckets)) == p.Bucket
}

// Fold folds the partition into a digest.
func (p Partition) Fold(d *sim.Digest) {
	p.Range.fold(d)
	d.Int(int64(p.Bucket))
	d.Int(int64(p.Buckets))
}

// Compare orders the partitions of a table, by bucket first.
func (p Partition) Compare(o Partition) int {
	return cmp.Or(p.Bucket-o.Bucket, p.Range.Compare(o.Range))
}

func (p Partition) String() string {
	return fmt.Sprintf("bucket %d of %d, keys %v", p.Bucket, p.Buckets, p.Range)
}

// mix is the finalizer of SplitMix64: every bit of the key decides every bit of the hash.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// PartitionSchema is how the rows of a table are distributed over its tablets: each range has a
// tablet for every bucket. A PartitionSchema is never changed in place.
type PartitionSchema struct {
	Buckets int
	Ranges  []Range // in order, without overlap
}

// Partitions lists the partitions of the table, one for each tablet.
func (s PartitionSchema) Partitions() []Partition {
	var all []Partition
	for _, r := range s.Ranges {
		for i := range s.Buckets {
			all = append(all, Partition{i, s.Buckets, r})
		}
	}
	return all
}

// Fold folds the schema into a digest.
func (s PartitionSchema) Fold(d *sim.Digest) {
	d.Int(int64(s.Buckets))
	d.Uint64(uint64(len(s.Ranges)))
	for _, r := range s.Ranges {
		r.fold(d)
	}
}

func (s PartitionSchema) size() int { return 8 + 16*len(s.Ranges) }

func (e *Encoder) keyRange(r Range) {
	e.Int(int(r.Lower))
	e.Int(int(r.Upper))
}

func (d *Decoder) keyRange() Range { return Range{int64(d.Int()), int64(d.Int())} }

// Partition writes a partition.
func (e *Encoder) Partition(p Partition) {
	e.Int(p.Bucket)
	e.Int(p.Buckets)
	e.keyRange(p.Range)
}

// Partition reads a partition.
func (d *Decoder) Partition() Partition { return Partition{d.Int(), d.Int(), d.keyRange()} }

// PartitionSchema writes a partition schema.
func (e *Encoder) PartitionSchema(s PartitionSchema) {
	e.Int(s.Buckets)
	e.Int(len(s.Ranges))
	for _, r := range s.Ranges {
		e.keyRange(r)
	}
}

// PartitionSchema reads a partition schema.
func (d *Decoder) PartitionSchema() PartitionSchema {
	s := PartitionSchema{Buckets: d.Int()}
	for range d.Count() {
		s.Ranges = append(s.Ranges, d.keyRange())
	}
	return s
}
