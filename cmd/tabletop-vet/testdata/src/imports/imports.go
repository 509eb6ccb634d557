// Package imports imports what it should not, under names of its own.
//
//tabletop:deterministic
package imports

import (
	_ "crypto/rand" // want `^import of crypto/rand \(random\): .*; use sim.Node.Draw or sim.NewRand$`
	_ "errors"
	_ "hash/fnv"
	_ "hash/maphash" // want `^import of hash/maphash \(process\)`
	dice "math/rand" // want `^import of math/rand \(random\)`
	_ "math/rand/v2" // want `^import of math/rand/v2 \(random\)`
	. "net"          // want `^import of net \(machine\)`
	_ "net/netip"    // want `^import of net/netip \(machine\)`
	_ "os"           // want `^import of os \(machine\): a run must not depend`
	_ "os/signal"    // want `^import of os/signal \(machine\)`
	os "strings"     // another os
	mutex "sync"     // want `^import of sync \(sync\)`
	_ "sync/atomic"  // want `^import of sync/atomic \(sync\)`
	_ "syscall"      // want `^import of syscall \(machine\)`
	_ "unique"       // want `^import of unique \(process\)`
)

var lock mutex.Mutex

func draw() (int, IP, string) { return dice.Int(), nil, os.ToUpper("x") }
