package sim

import (
	"fmt"
	"time"
)

// Time is an instant of virtual time: nanoseconds since the world began.
type Time int64

// Never is later than every instant; a deadline of Never does not expire.
const Never Time = 1<<63 - 1

// Add returns the instant d after t. It saturates at Never.
func (t Time) Add(d time.Duration) Time {
	if sum := t + Time(d); sum >= t || d < 0 {
		return sum
	}
	return Never
}

// Sub returns the time that passed from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// String prints t as seconds with microseconds, such as 12.345678s.
func (t Time) String() string {
	if t == Never {
		return "never"
	}
	us := int64(t) / 1000
	return fmt.Sprintf("%d.%06ds", us/1_000_000, us%1_000_000)
}
