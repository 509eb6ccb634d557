// Package allows has exceptions, good and bad.
//
//tabletop:deterministic
package allows

import (
	"sync" //tabletop:allow sync: it shares its cache with other worlds
	//tabletop:allow machine: it is told so at its start
	"os"
)

var shared sync.Map

func good(m map[string]int) (sum int) {
	//tabletop:allow map-range: a sum is the same in any order
	for _, n := range m {
		sum += n
	}
	for range m { //tabletop:allow map-range: all that counts is how many there are
		sum++
	}
	// Two rules, and a comment besides.
	//tabletop:allow map-range: both are read as one
	//tabletop:allow float: it is printed only
	for range map[float64]bool{} {
	}
	_ = recover() //tabletop:allow recover: this is the root of a process
	return sum + len(os.Args)
}

func withoutReason() {
	// want +1 `^tabletop:allow recover: there is no reason; write //tabletop:allow recover: REASON$`
	//tabletop:allow recover
	recover() // want `^recover \(recover\)`
	// want +1 `there is no reason`
	//tabletop:allow recover:
	recover() // want `recover`
}

func unknown() {
	//tabletop:allow panic: it hides a finding // want `^tabletop:allow panic: there is no such rule; there are go, channel, .*float$`
	recover() // want `recover`
	//tabletop:allow // want `tabletop:allow // want .*: there is no such rule`
}

func nothing(m map[string]int) {
	//tabletop:allow float: there is none // want `^tabletop:allow float: there is nothing to allow on line 48; take it out$`
	for range m { // want `range over a map`
	}
	m = nil       //tabletop:allow map-range: it is for this line only // want `nothing to allow on line 50`
	for range m { // want `range over a map`
	}
	//tabletop:allow map-range: there is a line in between // want `nothing to allow on line 54`

	for range m { // want `range over a map`
	}
	// tabletop:allow map-range: with a space, it is prose
	for range m { // want `range over a map`
	}
}
