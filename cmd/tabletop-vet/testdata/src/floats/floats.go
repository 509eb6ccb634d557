// Package floats computes with floating point.
//
//tabletop:deterministic
package floats

import (
	"cmp"
	"math"
	"time"
)

type rate float64 // want `^floating point of type float64 \(float\): machines round differently, .*; use integers`

type sample struct {
	weight float32 // want `floating point of type float32`
	count  int
}

// The compiler computes constants exactly.
const half = 0.5

const second = time.Duration(half * 2e9)

const third float64 = 1.0 / 3 // want `floating point of type float64`

func compute(n int, s sample) int {
	x := 0.5                 // want `floating point of type float64`
	n += int(x)              // want `floating point of type float64`
	a, b := math.Modf(third) // want `floating point of type float64`
	if a < b {               // want `floating point of type float64`
		n++
	}
	if s.weight > 1 { // want `floating point of type float32`
		n++
	}
	if second.Seconds() > 1 && n > math.MaxInt32 { // want `floating point of type float64`
		n++
	}
	z := 1i // want `floating point of type complex128`
	_ = z   // want `floating point of type complex128`
	return n + int(half*4)
}

// A type parameter may stand for a float, which is seen where it does.
func most[T cmp.Ordered](a, b T) T { return max(a, b) }

var _ = most(1, 2)
