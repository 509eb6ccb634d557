package checker

import (
	"fmt"

	"tabletop/model/raft"
)

// watchReplicable judges what leaders put into their logs: whatever does not fit into one message
// no follower can be sent, nor anything behind it.
func watchReplicable(j *Judges) {
	looked := j.counter(Replicable)
	most := raft.TimingOf(j.c.Variants).MaxEntry
	raft.EntryAppended.Subscribe(j.c.World, func(e raft.AppendedEvent) {
		*looked++
		if size := len(e.Entry.Payload); size > most && e.Replica.Role() == raft.Leader {
			j.report(Violation{Oracle: Replicable, Object: objectOf(e.Replica.Tablet()),
				Reason: "too-large", Detail: fmt.Sprintf("%s appends entry %v of %d bytes; a "+
					"message takes %d", name(e.Replica), e.Entry.OpID, size, most)})
		}
	})
}
