package sim

import "math/bits"

// Digest is a running 64-bit summary of everything that happened. It is fast rather than
// cryptographic: it detects differences between runs, it does not resist an adversary.
type Digest struct{ h uint64 }

const (
	mixA = 0x9e3779b97f4a7c15
	mixB = 0xd6e8feb86659fd93
)

// Uint64 folds one word in.
func (d *Digest) Uint64(x uint64) {
	d.h = bits.RotateLeft64(d.h^(x*mixA), 29)*mixB + 1
}

// Int folds a signed number in.
func (d *Digest) Int(x int64) { d.Uint64(uint64(x)) }

// Bool folds a truth value in.
func (d *Digest) Bool(x bool) {
	if x {
		d.Uint64(1)
	} else {
		d.Uint64(2)
	}
}

// String folds the length and the bytes of s in.
func (d *Digest) String(s string) { fold(d, s) }

// Bytes folds the length and the contents of b in.
func (d *Digest) Bytes(b []byte) { fold(d, b) }

func fold[T string | []byte](d *Digest, b T) {
	d.Uint64(uint64(len(b)))
	for len(b) >= 8 {
		d.Uint64(uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56)
		b = b[8:]
	}
	var tail uint64
	for i := range len(b) {
		tail |= uint64(b[i]) << (8 * i)
	}
	if len(b) > 0 {
		d.Uint64(tail)
	}
}

// Sum returns the digest of everything folded in so far.
func (d *Digest) Sum() uint64 { return finish(d.h) }

// finish spreads every bit of x over the whole word (the finalizer of splitmix64).
func finish(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
