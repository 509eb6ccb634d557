// Package goroutines has goroutines, channels and what else asks the scheduler.
//
//tabletop:deterministic
package goroutines

import (
	"context"
	"reflect"
	"runtime"
)

func start(f func()) {
	go f()                                     // want `^go statement \(go\): the scheduler decides when a goroutine runs; use sim.Node.Go$`
	context.AfterFunc(context.Background(), f) // want `^context.AfterFunc \(go\)`
}

type queue chan int // want `^channel of type chan int \(channel\): .*; use sim.Cond$`

func send(q queue) { // want `^channel of type queue \(channel\)`
	q <- 1   // want `channel of type queue`
	close(q) // want `channel of type queue`
}

func receive(ctx context.Context) int {
	<-ctx.Done()       // want `channel of type <-chan struct{}`
	done := ctx.Done() // want `channel of type <-chan struct{}`
	select {           // want `^select statement \(select\): it chooses at random`
	case <-done: // want `channel of type <-chan struct{}`
	default:
	}
	sum := 0
	for n := range make(queue) { // want `channel of type queue`
		sum += n
	}
	return sum
}

type pipe interface{ ~chan int } // want `channel of type interface`

func generic[P pipe](p P) { // want `channel of type pipe`
	reflect.Select(nil) // want `^reflect.Select \(select\)`
}

func ask() int {
	runtime.Gosched() // want `^runtime.Gosched \(scheduler\)`
	runtime.KeepAlive(nil)
	return runtime.NumGoroutine() // want `^runtime.NumGoroutine \(scheduler\)`
}

// A name that looks like a keyword or a builtin is none.
func look(close func(int)) { close(1) }
