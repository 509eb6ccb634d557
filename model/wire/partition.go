package wire

import "tabletop/sim"

// Partition is which rows of a table a tablet holds: those whose key falls into one of the buckets
// that a hash of the key gives (partition.proto, PartitionPB).
type Partition struct {
	Bucket, Buckets int
}

// Contains reports whether the row of a key belongs into the partition.
func (p Partition) Contains(key int64) bool {
	return int(mix(uint64(key))%uint64(p.Buckets)) == p.Bucket
}

// Fold folds the partition into a digest.
func (p Partition) Fold(d *sim.Digest) {
	d.Int(int64(p.Bucket))
	d.Int(int64(p.Buckets))
}

// Compare orders the partitions of a table.
func (p Partition) Compare(o Partition) int { return p.Bucket - o.Bucket }

// mix is the finalizer of SplitMix64: every bit of the key decides every bit of the hash.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Partition writes a partition.
func (e *Encoder) Partition(p Partition) {
	e.Int(p.Bucket)
	e.Int(p.Buckets)
}

// Partition reads a partition.
func (d *Decoder) Partition() Partition { return Partition{d.Int(), d.Int()} }
