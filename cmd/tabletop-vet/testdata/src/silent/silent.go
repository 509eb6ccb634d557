// Package silent does not ask, whatever it does. tabletop:deterministic in prose is no question.
//
// tabletop:deterministic
package silent

import (
	"sync"
	"time"
)

var lock sync.Mutex

func start(f func()) {
	go f()
	time.Sleep(time.Second)
}

const text = `
//tabletop:deterministic
`

//tabletop:allow float: there is none, but nobody asks
