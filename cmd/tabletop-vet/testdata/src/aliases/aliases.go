// Package aliases hides what it uses behind other names, and has names that look like more than
// they are.
//
//tabletop:deterministic
package aliases

import (
	strings "maps"
	. "runtime"
	clock "time"

	"aliases/time"
)

type number = float64 // want `floating point of type float64`

var now = clock.Now // want `^time.Now \(wall-clock\)`

func look(m map[string]int) {
	clock.Sleep(1)  // want `^time.Sleep`
	Gosched()       // want `^runtime.Gosched`
	strings.Keys(m) // want `^maps.Keys`
	var x number    // want `floating point of type number`
	_ = x           // want `floating point of type number`
	var e time.Table
	for range e { // want `range over a map`
	}
	_ = time.Now()
	_ = time.Clock{}.Sleep
	maps := struct{ Keys func() }{}
	maps.Keys()
}
