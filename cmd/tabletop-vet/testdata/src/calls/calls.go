// Package calls looks at the clock of the machine, and hides panics.
//
//tabletop:deterministic
package calls

import (
	"context"
	"time"
)

func wait(ctx context.Context) {
	start := time.Now()              // want `^time.Now \(wall-clock\): the machine's clock differs from run to run; use sim.Node.Now, `
	_ = time.Since(start)            // want `^time.Since \(wall-clock\)`
	_ = time.Until(start)            // want `time.Until`
	time.Sleep(time.Second)          // want `time.Sleep`
	time.After(1)                    // want `time.After \(` `channel of type <-chan time.Time`
	time.AfterFunc(1, nil)           // want `time.AfterFunc`
	time.Tick(1)                     // want `time.Tick` `channel of type`
	time.NewTimer(1)                 // want `time.NewTimer`
	time.NewTicker(1)                // want `time.NewTicker`
	context.WithTimeout(ctx, 1)      // want `context.WithTimeout`
	context.WithDeadline(ctx, start) // want `context.WithDeadline`
	context.WithCancel(ctx)
	_ = start.Add(time.Minute).Sub(start)
}

// A function need not be called to be used.
var clock = time.Now // want `time.Now`

type watch struct{}

func (watch) Now() int { return 0 }

func look() int {
	time := watch{} // no clock
	return time.Now()
}

func catch() {
	defer func() {
		recover() // want `^recover \(recover\): it hides a finding; let the panic end the run$`
	}()
	recover := func() {}
	recover()
}
