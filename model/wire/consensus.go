package wire

import (
	"fmt"

	"tabletop/sim"
)

// EntryType says what an entry of a replicated log is.
type EntryType uint8

// The types of entries.
const (
	NoOp         EntryType = iota + 1 // the first of every term
	WriteOp                           // rows of a tablet, the master tablet among them
	AlterSchema                       // a new schema of a tablet
	ChangeConfig                      // a new configuration
)

func (t EntryType) String() string {
	return [...]string{"?", "NO_OP", "WRITE", "ALTER_SCHEMA",
		"CHANGE_CONFIG"}[t]
}

// Entry is one entry of a replicated log. Its payload is never changed.
type Entry struct {
	OpID
	Type    EntryType
	Payload []byte
}

// Fold folds the entry into a digest.
func (e Entry) Fold(d *sim.Digest) {
	d.Int(e.Term)
	d.Int(e.Index)
	d.Uint64(uint64(e.Type))
	d.Bytes(e.Payload)
}

// Kinds of messages between replicas of a tablet.
var (
	KindUpdateConsensus         = sim.NewKind("UpdateConsensus")
	KindUpdateConsensusResponse = sim.NewKind("UpdateConsensusResponse")
	KindRequestVote             = sim.NewKind("RequestVote")
	KindRequestVoteResponse     = sim.NewKind("RequestVoteResponse")
)

// UpdateConsensusRequest carries entries, or none for a heartbeat, from the leader of a term
// (consensus.proto, ConsensusRequestPB).
type UpdateConsensusRequest struct {
	Dest      ServerID // who is meant: another server may have taken its place
	Tablet    TabletID
	Term      int64
	Leader    ServerID
	Preceding OpID // of the entry before the first one sent
	Committed int64
	// Replicated is the index up to which all peers have the log, as far as the leader knows
	// (all_replicated_index).
	Replicated int64
	Entries    []Entry
}

// Kind implements sim.Message.
func (*UpdateConsensusRequest) Kind() *sim.Kind { return KindUpdateConsensus }

// Fold implements sim.Message.
func (m *UpdateConsensusRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Dest))
	d.Uint64(uint64(m.Tablet))
	d.Int(m.Term)
	d.Int(int64(m.Leader))
	d.Int(m.Preceding.Term)
	d.Int(m.Preceding.Index)
	d.Int(m.Committed)
	d.Int(m.Replicated)
	for i := range m.Entries {
		m.Entries[i].Fold(d)
	}
}

// Size implements sim.Message.
func (m *UpdateConsensusRequest) Size() int {
	n := 64
	for i := range m.Entries {
		n += 20 + len(m.Entries[i].Payload)
	}
	return n
}

func (m *UpdateConsensusRequest) String() string {
	return fmt.Sprintf("%v term %d after %v: %d entries, committed %d",
		m.Tablet, m.Term, m.Preceding, len(m.Entries), m.Committed)
}

// UpdateConsensusResponse tells the leader how far the follower's log agrees with its own.
type UpdateConsensusResponse struct {
	Tablet TabletID
	Term   int64 // of the follower
	Code   Code  // OK, InvalidTerm, PrecedingEntryDidntMatch, TabletNotFound, ...
	// LastReceived is the last entry known to agree with the leader, and durable; of
	// PrecedingEntryDidntMatch, the last one of the log.
	LastReceived  OpID
	LastCommitted int64
	Quiescing     bool // the follower's server does not want to lead
}

// Kind implements sim.Message.
func (*UpdateConsensusResponse) Kind() *sim.Kind { return KindUpdateConsensusResponse }

// Fold implements sim.Message.
func (m *UpdateConsensusResponse) Fold(d *sim.Digest) {
	d.Uint64(uint64(m.Tablet))
	d.Int(m.Term)
	d.Uint64(uint64(m.Code))
	d.Int(m.LastReceived.Term)
	d.Int(m.LastReceived.Index)
	d.Int(m.LastCommitted)
	d.Bool(m.Quiescing)
}

// Size implements sim.Message.
func (*UpdateConsensusResponse) Size() int { return 64 }

// VoteRequest asks for a vote (consensus.proto, VoteRequestPB).
type VoteRequest struct {
	Dest             ServerID
	Tablet           TabletID
	Candidate        ServerID
	Term             int64
	LastLogged       OpID
	PreElection      bool // only asks whether a vote would be given
	IgnoreLiveLeader bool // somebody demanded this election
}

// Kind implements sim.Message.
func (*VoteRequest) Kind() *sim.Kind { return KindRequestVote }

// Fold implements sim.Message.
func (m *VoteRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Dest))
	d.Uint64(uint64(m.Tablet))
	d.Int(int64(m.Candidate))
	d.Int(m.Term)
	d.Int(m.LastLogged.Term)
	d.Int(m.LastLogged.Index)
	d.Bool(m.PreElection)
	d.Bool(m.IgnoreLiveLeader)
}

// Size implements sim.Message.
func (*VoteRequest) Size() int { return 96 }

// VoteResponse answers a VoteRequest.
type VoteResponse struct {
	Tablet      TabletID
	Term        int64 // of the voter
	VoteTerm    int64 // the term the vote was asked for
	Candidate   ServerID
	Granted     bool
	PreElection bool
	Code        Code // why not
}

// Kind implements sim.Message.
func (*VoteResponse) Kind() *sim.Kind { return KindRequestVoteResponse }

// Fold implements sim.Message.
func (m *VoteResponse) Fold(d *sim.Digest) {
	d.Uint64(uint64(m.Tablet))
	d.Int(m.Term)
	d.Int(m.VoteTerm)
	d.Int(int64(m.Candidate))
	d.Bool(m.Granted)
	d.Bool(m.PreElection)
	d.Uint64(uint64(m.Code))
}

// Size implements sim.Message.
func (*VoteResponse) Size() int { return 64 }
