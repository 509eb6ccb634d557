package wire

import (
	"fmt"
	"slices"
	"strings"

	"tabletop/sim"
)

// Member is one replica in a Raft configuration (RaftPeerPB).
type Member struct {
	ID ServerID
	// NonVoter receives the log and neither votes nor counts for a majority.
	NonVoter bool
	// Promote makes the leader turn a non-voter into a voter once it has caught up.
	Promote bool
	// Replace asks the leader master to put another replica in the place of this one.
	Replace bool
}

func (m Member) String() string {
	text := fmt.Sprint(m.ID)
	for _, mark := range []struct {
		set  bool
		word string
	}{{m.NonVoter, "non-voter"}, {m.Promote, "promote"}, {m.Replace, "replace"}} {
		if mark.set {
			text += " " + mark.word
		}
	}
	return text
}

// marks packs what is said of a member, and memberOf unpacks it.
func (m Member) marks() int {
	bits := 0
	for i, set := range []bool{m.NonVoter, m.Promote, m.Replace} {
		if set {
			bits |= 1 << i
		}
	}
	return bits
}

func memberOf(id ServerID, marks int) Member {
	return Member{ID: id, NonVoter: marks&1 != 0, Promote: marks&2 != 0, Replace: marks&4 != 0}
}

// RaftConfig is who takes part in a tablet's consensus (RaftConfigPB). It is never changed in
// place.
type RaftConfig struct {
	// Index is that of the log entry that brought the configuration; -1: it is that of the
	// tablet's creation.
	Index   int64
	Members []Member // by id
}

// NewConfig returns the configuration of a new tablet.
func NewConfig(voters ...ServerID) RaftConfig {
	c := RaftConfig{Index: -1}
	for _, id := range slices.Sorted(slices.Values(voters)) {
		c.Members = append(c.Members, Member{ID: id})
	}
	return c
}

// Find returns the member of that id, or false.
func (c RaftConfig) Find(id ServerID) (Member, bool) {
	for _, m := range c.Members {
		if m.ID == id {
			return m, true
		}
	}
	return Member{}, false
}

// Has reports whether the server is a member.
func (c RaftConfig) Has(id ServerID) bool {
	_, found := c.Find(id)
	return found
}

// IsVoter reports whether the server is a member that votes.
func (c RaftConfig) IsVoter(id ServerID) bool {
	m, found := c.Find(id)
	return found && !m.NonVoter
}

// Voters returns the members that vote.
func (c RaftConfig) Voters() []ServerID {
	var ids []ServerID
	for _, m := range c.Members {
		if !m.NonVoter {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// Servers returns all members.
func (c RaftConfig) Servers() []ServerID {
	var ids []ServerID
	for _, m := range c.Members {
		ids = append(ids, m.ID)
	}
	return ids
}

// With returns the configuration with that member in the place of the one of its id, if any, and
// Without the configuration without it. The index is the caller's to set.
func (c RaftConfig) With(m Member) RaftConfig {
	next := c.Without(m.ID)
	next.Members = append(next.Members, m)
	slices.SortFunc(next.Members, func(a, b Member) int { return int(a.ID - b.ID) })
	return next
}

// Without returns the configuration without that server.
func (c RaftConfig) Without(id ServerID) RaftConfig {
	next := RaftConfig{Index: c.Index}
	for _, m := range c.Members {
		if m.ID != id {
			next.Members = append(next.Members, m)
		}
	}
	return next
}

// Equal reports whether two configurations say the same.
func (c RaftConfig) Equal(o RaftConfig) bool {
	return c.Index == o.Index && slices.Equal(c.Members, o.Members)
}

// Fold folds the configuration into a digest.
func (c RaftConfig) Fold(d *sim.Digest) {
	d.Int(c.Index)
	for _, m := range c.Members {
		d.Int(int64(m.ID))
		d.Int(int64(m.marks()))
	}
}

func (c RaftConfig) size() int { return 8 + 44*len(c.Members) }

func (c RaftConfig) String() string {
	var members []string
	for _, m := range c.Members {
		members = append(members, m.String())
	}
	return fmt.Sprintf("%d{%s}", c.Index, strings.Join(members, ", "))
}

// ChangeKind is what a change does to a configuration (ChangeConfigType).
type ChangeKind uint8

// The kinds of changes.
const (
	AddPeer ChangeKind = iota + 1
	RemovePeer
	ModifyPeer
)

func (k ChangeKind) String() string {
	return [...]string{"?", "ADD_PEER", "REMOVE_PEER", "MODIFY_PEER"}[k]
}

// PeerChange is one change of a configuration; of RemovePeer, only the id counts.
type PeerChange struct {
	Kind ChangeKind
	Member
}

func (c PeerChange) String() string { return fmt.Sprintf("%v %v", c.Kind, c.Member) }

// NoCAS stands for whichever configuration there is.
const NoCAS int64 = -2

// Health is how a tablet's leader finds one of its peers (HealthReportPB).
type Health uint8

// The states of health.
const (
	HealthUnknown Health = iota
	Healthy
	// Failed: nothing was heard of it for follower_unavailable_considered_failed_sec.
	Failed
	// FailedUnrecoverable: it can never catch up, or its replica has failed for good.
	FailedUnrecoverable
)

func (h Health) String() string {
	return [...]string{"UNKNOWN", "HEALTHY", "FAILED", "FAILED_UNRECOVERABLE"}[h]
}
