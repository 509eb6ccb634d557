package checker

import (
	"strings"

	"tabletop/sim"
)

// watchCrashes judges programs that end themselves: a fatal check that fails says that the program
// has come where it must not. One that cannot go on for its disk says so in other words.
func watchCrashes(j *Judges) {
	looked := j.counter(NoCrash)
	sim.NodeDown.Subscribe(j.c.World, func(e sim.NodeEvent) {
		*looked++
		if strings.HasPrefix(e.Reason, "FATAL") {
			j.report(Violation{Oracle: NoCrash, Object: "process", Reason: "fatal",
				Detail: e.String()})
		}
	})
}
