package sim

import "iter"

// coroutine runs one body after another on a stack of its own, switching to and fro without
// the scheduler of the language. It is the only place that knows how coroutines are made.
type coroutine struct {
	resume func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
	body   func()
}

func newCoroutine(body func()) *coroutine {
	c := &coroutine{body: body}
	c.resume, c.stop = iter.Pull(func(yield func(struct{}) bool) {
		c.yield = yield
		for {
			c.body()
			if !yield(struct{}{}) {
				return
			}
		}
	})
	return c
}

// run lets the body go on until it parks or returns.
func (c *coroutine) run() { c.resume() }

// park gives control back to whoever called run. It must be called from within the body.
func (c *coroutine) park() {
	if !c.yield(struct{}{}) {
		panic("sim: coroutine closed while its body was parked")
	}
}

// close frees the stack. The body must have returned.
func (c *coroutine) close() { c.stop() }
