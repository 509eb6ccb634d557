// Package misspelt meant to ask.
//
//tabletop:determinstic // want `^tabletop:determinstic: there is no such comment; there are tabletop:deterministic and tabletop:allow$`
package misspelt

func start(f func()) { go f() }
