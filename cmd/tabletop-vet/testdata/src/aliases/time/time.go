// Package time is not the time of the standard library.
package time

// Table looks like no map from where it is used.
type Table = map[string]int

// Clock has methods with the names of functions that are banned.
type Clock struct{}

// Sleep does nothing.
func (Clock) Sleep() {}

// Now is no clock.
func Now() int { return 0 }
