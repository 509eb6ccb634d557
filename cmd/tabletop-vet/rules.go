package main

import (
	"fmt"
	"strings"
)

// rule is one kind of thing that breaks determinism. Imports and uses are all there is to some
// rules; the others are recognised by syntax and types in determinism.go.
type rule struct {
	name    string   // in messages and in comments that allow it
	what    string   // for the list of rules
	why     string   // what is wrong with it
	instead string   // what to do
	imports []string // packages not to import, nor any below them
	uses    []string // functions not to use, as types.Func.FullName gives them
}

var rules = []rule{
	{
		name: "go", what: "go statements and context.AfterFunc",
		why: "the scheduler decides when a goroutine runs", instead: "use sim.Node.Go",
		uses: []string{"context.AfterFunc"},
	},
	{
		name: "channel", what: "channels, with sends, receives and close",
		why: "the scheduler decides who sends and receives first", instead: "use sim.Cond",
	},
	{
		name: "select", what: "select statements and reflect.Select",
		why: "it chooses at random among what is ready", instead: "use sim.Cond",
		uses: []string{"reflect.Select"},
	},
	{
		name: "sync", what: "import of sync and sync/atomic",
		why:     "the scheduler decides who is first, and a world has one goroutine",
		instead: "use sim.Mutex, or plain variables",
		imports: []string{"sync"},
	},
	{
		name: "scheduler", what: "runtime.Gosched, NumGoroutine and their like",
		why:     "schedulers and garbage collectors keep their own time",
		instead: "use sim.Proc.Yield, or pass in what is needed",
		uses: []string{"runtime.Gosched", "runtime.Goexit", "runtime.GOMAXPROCS", "runtime.GC",
			"runtime.NumGoroutine", "runtime.NumCPU", "runtime.LockOSThread",
			"runtime.UnlockOSThread", "runtime.SetFinalizer", "runtime.AddCleanup",
			"runtime.ReadMemStats"},
	},
	{
		name: "wall-clock", what: "time.Now, Sleep, After, timers, context.WithTimeout",
		why:     "the machine's clock differs from run to run",
		instead: "use sim.Node.Now, Proc.Sleep or Node.NewTimer",
		uses: []string{"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After",
			"time.AfterFunc", "time.Tick", "time.NewTimer", "time.NewTicker",
			"context.WithTimeout", "context.WithTimeoutCause", "context.WithDeadline",
			"context.WithDeadlineCause"},
	},
	{
		name: "random", what: "import of math/rand and crypto/rand",
		why:     "draws must hang on the seed and on what they are for, and on nothing else",
		instead: "use sim.Node.Draw or sim.NewRand",
		imports: []string{"math/rand", "crypto/rand"},
	},
	{
		name: "process", what: "import of hash/maphash and unique",
		why:     "what it returns differs from process to process",
		instead: "use sim.Digest, or compare the values themselves",
		imports: []string{"hash/maphash", "unique"},
	},
	{
		name: "machine", what: "import of os, net, syscall and all below them",
		why:     "a run must not depend on the machine it runs on",
		instead: "pass in what is needed; sim has disks and a network",
		imports: []string{"os", "net", "syscall"},
	},
	{
		name: "address", what: "pointers as integers, and %p",
		why: "addresses differ from run to run", instead: "give things numbers",
		uses: []string{"(reflect.Value).Pointer", "(reflect.Value).UnsafeAddr"},
	},
	{
		name: "map-range", what: "ranging over a map, maps.Keys outside slices.Sorted",
		why:     "the order differs from run to run",
		instead: "use sim.Keys, or slices.Sorted(maps.Keys(m))",
		uses: []string{"maps.Keys", "maps.Values", "maps.All", "(reflect.Value).MapKeys",
			"(reflect.Value).MapRange"},
	},
	{
		name: "recover", what: "recover",
		why: "it hides a finding", instead: "let the panic end the run",
		uses: []string{"recover"},
	},
	{
		name: "float", what: "float32, float64, complex numbers; constants may stay",
		why:     "machines round differently, and what is decided by it differs too",
		instead: "use integers, such as parts per million",
	},
}

// Functions that put in order what they are given, so that it may come from a map.
var sorters = []string{"slices.Sorted", "slices.SortedFunc"}

// ruleNamed returns the rule of that name, or nil.
func ruleNamed(name string) *rule {
	for i := range rules {
		if rules[i].name == name {
			return &rules[i]
		}
	}
	return nil
}

// ruleAgainstImport returns the rule that bans the package, or nil.
func ruleAgainstImport(path string) *rule {
	for i := range rules {
		for _, banned := range rules[i].imports {
			if path == banned || strings.HasPrefix(path, banned+"/") {
				return &rules[i]
			}
		}
	}
	return nil
}

// rulesAgainstUse finds the rule that bans a function, by the function's full name.
var rulesAgainstUse = func() map[string]*rule {
	against := map[string]*rule{}
	for i := range rules {
		for _, name := range rules[i].uses {
			against[name] = &rules[i]
		}
	}
	return against
}()

func ruleNames() string {
	var names []string
	for _, r := range rules {
		names = append(names, r.name)
	}
	return strings.Join(names, ", ")
}

func listOfRules() string {
	var b strings.Builder
	for _, r := range rules {
		fmt.Fprintf(&b, "  %-11s %s:\n%14s%s;\n%14s%s\n", r.name, r.what, "", r.why, "",
			r.instead)
	}
	return b.String()
}
