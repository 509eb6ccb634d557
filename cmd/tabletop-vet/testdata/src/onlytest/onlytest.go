// Package onlytest asks in its test, which does not count.
package onlytest

func start(f func()) { go f() }
