// Package ksck says how healthy a cluster is, as Kudu's tool of that name does: it compares what
// the leader master says of tables and tablets with what every server says of itself. A Snapshot is
// both at one instant, by whatever means it was taken; Verify makes a Report of it. All is pure: no
// process, no time. Follows src/kudu/tools/ksck.cc.
//
//tabletop:deterministic
package ksck

import (
	"tabletop/model/wire"
)

// Snapshot is what was seen of a cluster.
type Snapshot struct {
	Masters []Server
	// Leader is the leader master. NoServer: none was found, and what follows is not known.
	Leader   wire.ServerID
	TServers []Server
	Tables   []wire.TableDescription
}

// Server is a master or a tablet server, as it answers for itself.
type Server struct {
	ID       wire.ServerID // who is meant
	Name     string
	Location string // of a tablet server, as the leader master knows it
	// Answers is who answered in its place; NoServer: nobody did.
	Answers  wire.ServerID
	Replicas map[wire.TabletID]wire.ReportedTablet
}

// ServerHealth is how a server is (cluster_status.h). Nobody is refused here for want of rights,
// so UNAUTHORIZED does not come up.
type ServerHealth uint8

// The states of a server.
const (
	ServerHealthy ServerHealth = iota
	ServerUnavailable
	WrongServerUUID // another server is at its address
)

func (h ServerHealth) String() string {
	return [...]string{"HEALTHY", "UNAVAILABLE", "WRONG_SERVER_UUID"}[h]
}

// Health returns how the server is.
func (s Server) Health() ServerHealth {
	switch s.Answers {
	case s.ID:
		return ServerHealthy
	case wire.NoServer:
		return ServerUnavailable
	}
	return WrongServerUUID
}

// Replicas arranges what a tablet server says of its replicas.
func Replicas(list []wire.ReportedTablet) map[wire.TabletID]wire.ReportedTablet {
	all := map[wire.TabletID]wire.ReportedTablet{}
	for _, r := range list {
		all[r.Tablet] = r
	}
	return all
}

// Status is how a tablet is, or a table. The greater, the worse, as far as a table counts.
type Status uint8

// The statuses of a tablet; a table has the worst of its tablets.
const (
	Healthy Status = iota
	Recovering
	UnderReplicated
	ConsensusMismatch
	Unavailable

	statuses
)

func (s Status) String() string {
	return [...]string{"HEALTHY", "RECOVERING", "UNDER_REPLICATED", "CONSENSUS_MISMATCH",
		"UNAVAILABLE"}[s]
}

// MarshalText implements encoding.TextMarshaler.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalText implements encoding.TextMarshaler.
func (h ServerHealth) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// census is what the status of a tablet is made from.
type census struct {
	copying     int // replicas that are being copied
	voters      int // in the leader master's view
	running     int // of these
	factor      int // voters that the table wants
	leaders     int // in the leader master's view
	conflicting int // replicas whose own view is another one
}

// status returns the first that applies (Ksck::VerifyTablet), and why. That there is no leader
// shows only when all voters run.
func (c census) status() (Status, string) {
	switch {
	case c.copying > 0:
		return Recovering, count(c.copying, "replica is being copied", "replicas are being copied")
	case c.running < c.voters/2+1:
		return Unavailable, count(c.voters-c.running, "voter does not run", "voters do not run")
	case c.running < c.voters:
		return UnderReplicated, count(c.voters-c.running, "voter does not run",
			"voters do not run")
	case c.voters < c.factor:
		return UnderReplicated, count(c.factor-c.voters, "voter is wanting", "voters are wanting")
	case c.leaders != 1:
		return Unavailable, "the leader master knows no leader"
	case c.conflicting > 0:
		return ConsensusMismatch, count(c.conflicting,
			"replica has another view of the consensus than the leader master",
			"replicas have another view of the consensus than the leader master")
	}
	return Healthy, ""
}

// sameView reports whether two agree on who leads, who votes and who does not. How old their terms
// are does not count (KsckConsensusState::Matches).
func sameView(a, b wire.ConsensusState) bool {
	if a.Leader != b.Leader || len(a.Config.Members) != len(b.Config.Members) {
		return false
	}
	for i, m := range a.Config.Members {
		if o := b.Config.Members[i]; m.ID != o.ID || m.NonVoter != o.NonVoter {
			return false
		}
	}
	return true
}
