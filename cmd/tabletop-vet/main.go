// Command tabletop-vet reports what keeps code from being deterministic: goroutines, channels,
// locks, clocks, random numbers, map order and the like. Code that runs in a world of package sim
// must do the same thing each time it runs with the same seed, and the compiler does not see to
// that.
//
// A package asks to be checked by a line of its own in any of its files, best at the end of the
// package comment, where gofmt keeps it and godoc hides it:
//
//	// Package ledger keeps accounts.
//	//
//	//tabletop:deterministic
//	package ledger
//
// All files of the package are then checked but its tests. To check your own packages, build the
// tool and hand it to go vet, which remembers what it has checked, or run it by itself:
//
//	go install ./cmd/tabletop-vet
//	go vet -vettool=$(command -v tabletop-vet) ./...
//	tabletop-vet ./...
//
// It prints file:line:column: message and its exit status is 0 if there is nothing to report. Names
// are resolved to what they denote: an alias of an import does not hide it, and a variable called
// time is no clock. It reads the packages that ask and not what they call, so whatever they import
// of yours should ask as well.
//
// # Rules
//
//   - go: go statements and context.AfterFunc; use sim.Node.Go
//   - channel: channels, with sends, receives and close; use sim.Cond
//   - select: select statements and reflect.Select; use sim.Cond
//   - sync: import of sync and sync/atomic; use sim.Mutex, or plain variables
//   - scheduler: runtime.Gosched, NumGoroutine and their like; use sim.Proc.Yield
//   - wall-clock: time.Now, Sleep, After, timers, context.WithTimeout; use sim.Node.Now
//   - random: import of math/rand and crypto/rand; use sim.Node.Draw or sim.NewRand
//   - process: import of hash/maphash and unique; use sim.Digest
//   - machine: import of os, net, syscall and all below them; pass in what is needed
//   - address: pointers as integers, and %p; give things numbers
//   - map-range: ranging over a map, maps.Keys outside slices.Sorted; use sim.Keys
//   - recover: a finding must end the run
//   - float: float32, float64, complex numbers; use integers. Constants are exact and may stay
//
// # Exceptions
//
// A comment at the end of a line, or by itself above it, excepts the line from one rule and says
// why:
//
//	//tabletop:allow map-range: the sum is the same in any order
//	for _, n := range votes {
//		sum += n
//	}
//
// An exception without a reason, for a rule that does not exist, or for a line on which there is
// nothing to report, is itself reported.
package main

import (
	"fmt"
	"os"
	"slices"

	"golang.org/x/tools/go/analysis/singlechecker"
)

const usage = `Report what breaks determinism, in packages that ask for it by a line

  //tabletop:deterministic

in one of their files. Lines may be excepted: //tabletop:allow RULE: REASON

Usage:
  tabletop-vet [FLAGS] PACKAGE...
  go vet -vettool=$(command -v tabletop-vet) PACKAGE...

Examples:
  tabletop-vet ./...
  tabletop-vet -json ./model/raft

Flags:
  -json    print the findings as JSON, and exit with status 0
  -c N     print each offending line with N lines of context

Exit status: 0 nothing to report; 1 the packages cannot be loaded; 2 bad usage; 3 findings.

Rules:
`

func main() {
	args := os.Args[1:]
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage, listOfRules())
		os.Exit(2)
	}
	if slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		fmt.Print(usage, listOfRules())
		return
	}
	singlechecker.Main(determinism) // or one package for go vet, which names it in a file
}
