package raft

import (
	"errors"
	"time"

	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Errors of Replicate and ConfirmLeadership.
var (
	// ErrNotLeader tells that the replica does not lead in the term asked for; nothing was
	// appended.
	ErrNotLeader = errors.New("not the leader")
	// ErrAborted tells that another leader's entries took the place of this one. It may still take
	// effect, if this log loses its power before it has made that durable, and leads again.
	ErrAborted = errors.New("aborted by a new leader")
	// ErrDeposed tells that leadership was lost while the entry was on its way; it may still
	// take effect.
	ErrDeposed = errors.New("leadership lost, outcome unknown")
	// ErrTooLarge tells that the entry is larger than a message may be; nothing was appended.
	ErrTooLarge = errors.New("entry too large")
	// ErrTimedOut tells that the deadline has passed.
	ErrTimedOut = errors.New("timed out")
)

// Role is what a replica is at the moment.
type Role uint8

// The roles.
const (
	Follower Role = iota
	Leader
)

func (r Role) String() string { return [...]string{"FOLLOWER", "LEADER"}[r] }

// Consensus is what the owner of a replica relies on.
type Consensus interface {
	Role() Role
	Term() int64
	// Leader returns the leader of the present term as far as it is known.
	Leader() wire.ServerID
	// Config returns the committed configuration; Active is the one that counts: a later one in the
	// log if there is one.
	Config() wire.RaftConfig
	Active() wire.RaftConfig
	// State describes the replica for a report. Only a leader knows of its peers' health.
	State() wire.ConsensusState
	// Replicate appends an entry as the leader of the given term and returns its position when
	// it was applied here.
	Replicate(p *sim.Proc, term int64, t wire.EntryType, payload []byte) (wire.OpID, error)
	// ConfirmLeadership returns nil once a majority has answered the leader of the given term
	// in a round that began after the call.
	ConfirmLeadership(p *sim.Proc, term int64, deadline sim.Time) error
	// CaughtUp returns nil once everything in the log at the call, and the first entry of the
	// given term, are applied here.
	CaughtUp(p *sim.Proc, term int64, deadline sim.Time) error
	// StartElection makes the replica a candidate now, even against a live leader.
	StartElection()
	// StepDown makes a leader a follower of the next term. It reports whether it was leader.
	StepDown() bool
	// TransferLeadership makes a leader call for the election of a successor, or of anybody if that
	// is NoServer, as soon as one has the whole log. It returns at once; OK does not tell that the
	// leader will be another one.
	TransferLeadership(successor wire.ServerID) wire.Code
	// ChangeConfig changes the committed configuration, if its index is cas or that is wire.NoCAS,
	// and returns when the new one is committed and applied here.
	ChangeConfig(p *sim.Proc, cas int64, changes []wire.PeerChange) wire.Code
	// UpdateConsensus and RequestVote answer the other voters.
	UpdateConsensus(p *sim.Proc, req *wire.UpdateConsensusRequest) *wire.UpdateConsensusResponse
	RequestVote(p *sim.Proc, req *wire.VoteRequest) *wire.VoteResponse
	// Shutdown ends the replica for good. When it returns, nothing touches its files any more.
	Shutdown(p *sim.Proc)
}

// StateMachine consumes the log.
type StateMachine interface {
	// Apply takes a committed entry, at a single instant. Entries come in order, each once an
	// incarnation; after a restart the committed ones come again.
	Apply(e wire.Entry)
	// Snapshot returns the state that the entries applied so far have made, the same bytes on every
	// replica. Restore begins with such a state, before any entry.
	Snapshot() []byte
	Restore(state []byte)
	// ConsensusChanged tells that role, term, or known leader changed. It may come more than
	// once for one change (SysCatalogStateChanged).
	ConsensusChanged()
}

// Config describes a replica. Times are Kudu's flags; see DefaultTiming.
type Config struct {
	Self   wire.ServerID // who the replica's server is
	Tablet wire.TabletID
	Dir    string // folder on the disk of the node
	Timing Timing
	// Variants tells which defects of consensus are on; the zero value is right behaviour.
	Variants variant.Variants
	// PreElection asks whether an election could be won before a term is spent on it
	// (raft_enable_pre_election).
	PreElection bool
	// FailureDetection lets a follower that hears nothing become a candidate
	// (enable_leader_failure_detection).
	FailureDetection bool
	// EvictFailed makes the leader itself evict followers that failed, where that is safe: the
	// 3-2-3 scheme of replica management.
	EvictFailed bool
	// Quiescing tells whether the server does not want to lead now; nil: never.
	Quiescing func() bool
	Log       LogOptions
	// EndWithTerm makes Replicate return ErrDeposed when leadership ends, instead of waiting
	// until the fate of the entry is known as Kudu does.
	EndWithTerm bool
	// Reactor is held by whoever keeps the thread busy that takes the answers of peers; nil: it is
	// always free.
	Reactor *sim.Mutex
}

// Timing is how long a replica waits for what, and how much it sends at once.
type Timing struct {
	Heartbeat          time.Duration // raft_heartbeat_interval_ms
	MissedHeartbeats   int           // leader_failure_max_missed_heartbeat_periods
	MaxElectionTimeout time.Duration // leader_failure_exp_backoff_max_delta_ms
	RPC                time.Duration // consensus_rpc_timeout_ms
	Unavailable        time.Duration // follower_unavailable_considered_failed_sec
	// MaxBatch is how many bytes of payload a request carries, unless it is one entry that is
	// larger by itself (consensus_max_batch_size_bytes).
	MaxBatch int
	// MaxEntry is how many bytes of payload an entry may have (rpc_max_message_size): what no
	// follower could be sent must not come into the log (KUDU-3016).
	MaxEntry int
}

// DefaultTiming is Kudu's.
func DefaultTiming() Timing {
	return Timing{
		Heartbeat: 500 * time.Millisecond, MissedHeartbeats: 3,
		MaxElectionTimeout: 20 * time.Second, RPC: 30 * time.Second, MaxBatch: 1 << 20,
		Unavailable: 300 * time.Second, MaxEntry: 50 << 20,
	}
}

// TimingOf is Kudu's, but for what the options say.
func TimingOf(v variant.Variants) Timing {
	t := DefaultTiming()
	t.RPC, t.Unavailable = v.RPCTimeout, v.FollowerUnavailable
	t.MaxBatch, t.MaxEntry = min(v.MaxBatch, v.MaxMessage), v.MaxMessage
	return t
}

// minElectionTimeout follows RaftConsensus::MinimumElectionTimeout.
func (t Timing) minElectionTimeout() time.Duration {
	return t.Heartbeat * time.Duration(t.MissedHeartbeats)
}
