package main

import (
	"errors"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tabletop": main})
}

// The contract at the command line, as scripts. "status N COMMAND ..." runs a command that must
// end with exit status N.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": endsWith}})
}

func endsWith(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if neg || err != nil || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND ...")
	}
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}
