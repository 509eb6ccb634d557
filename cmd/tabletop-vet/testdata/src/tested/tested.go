// Package tested asks in its other file, and is checked in this one too.
package tested

func start(f func()) { go f() } // want `go statement`
