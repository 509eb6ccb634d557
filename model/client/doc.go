// Package client is the library with which programs change and read a Kudu catalog: it finds the
// leader master, retries until a deadline, and says honestly when it cannot know what became of
// a request.
//
// The nouns: an Op is one operation that somebody wants done; a Client carries out ops one after
// another; an Outcome is what it learned of one.
//
//tabletop:deterministic
package client
