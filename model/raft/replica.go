package raft

import (
	"errors"
	"fmt"
	"time"

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
	Voters() []wire.ServerID
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
	// ConsensusChanged tells that role, term, or known leader changed. It may come more than
	// once for one change (SysCatalogStateChanged).
	ConsensusChanged()
}

// Config describes a replica. Times are Kudu's flags; see DefaultTiming.
type Config struct {
	Tablet wire.TabletID
	Dir    string // folder on the disk of the node
	Timing Timing
	// PreElection asks whether an election could be won before a term is spent on it
	// (raft_enable_pre_election).
	PreElection bool
	// FailureDetection lets a follower that hears nothing become a candidate
	// (enable_leader_failure_detection).
	FailureDetection bool
	// EndWithTerm makes Replicate return ErrDeposed when leadership ends, instead of waiting
	// until the fate of the entry is known as Kudu does.
	EndWithTerm bool
}

// Timing is how long a replica waits for what.
type Timing struct {
	Heartbeat          time.Duration // raft_heartbeat_interval_ms
	MissedHeartbeats   int           // leader_failure_max_missed_heartbeat_periods
	MaxElectionTimeout time.Duration // leader_failure_exp_backoff_max_delta_ms
	RPC                time.Duration // consensus_rpc_timeout_ms
	MaxBatch           int           // consensus_max_batch_size_bytes
}

// DefaultTiming is Kudu's.
func DefaultTiming() Timing {
	return Timing{
		Heartbeat: 500 * time.Millisecond, MissedHeartbeats: 3,
		MaxElectionTimeout: 20 * time.Second, RPC: 30 * time.Second, MaxBatch: 1 << 20,
	}
}

// minElectionTimeout follows RaftConsensus::MinimumElectionTimeout.
func (t Timing) minElectionTimeout() time.Duration {
	return t.Heartbeat * time.Duration(t.MissedHeartbeats)
}

var (
	streamDetector  = sim.NewStream("raft/failure-detector")
	streamElection  = sim.NewStream("raft/election-timeout")
	streamHeartbeat = sim.NewStream("raft/heartbeat")
	streamApply     = sim.NewStream("raft/apply")
)

// Replica is one copy of a replicated log. It implements Consensus.
type Replica struct {
	cfg  Config
	node *sim.Node
	sm   StateMachine
	meta *metaFile
	log  *walog

	role   Role
	leader wire.ServerID // of the present term; NoServer: not known
	lead   *leadership   // while role is Leader
	closed bool

	// commit never decreases; applied follows it. Entries up to commit are never truncated.
	commit, applied int64
	committed       sim.Cond // commit grew
	progress        sim.Cond // applied grew, an entry was aborted, or leadership ended
	rounds          map[int64]*round

	// busy is Kudu's update lock: one update, vote or candidacy at a time.
	busy            sim.Mutex
	detector        *sim.Timer
	withholdUntil   sim.Time // votes, because a leader lives
	failedElections int      // since a leader was last heard of
	electing        bool
}

// Open starts the replica that the disk holds under cfg.Dir. The caller has checked that it
// Exists. The error is ErrCorrupt.
func Open(p *sim.Proc, cfg Config, sm StateMachine) (*Replica, error) {
	n := p.Node()
	r := &Replica{cfg: cfg, node: n, sm: sm, leader: wire.NoServer, rounds: map[int64]*round{}}
	r.meta = &metaFile{node: n, dir: cfg.Dir}
	// What the last incarnation wrote may not have reached the disk, and what it promised must
	// still hold: make durable what is about to be believed.
	p.Must(n.Disk().SyncDir(p))
	var intact bool
	var err error
	if r.meta.Meta, intact = ReadMeta(n.Disk().Open(MetaFile(cfg.Dir)).Bytes()); !intact {
		return nil, fmt.Errorf("%w: %s is damaged", ErrCorrupt, MetaFile(cfg.Dir))
	}
	if r.log, r.commit, err = openLog(n, cfg.Dir); err != nil {
		return nil, err
	}
	r.log.sync(p)
	Booted.Publish(n.World(), ReplicaEvent{r, r.meta.Term})
	for r.applied < r.commit {
		r.applyNext()
	}
	r.detector = n.NewTimer(r.leaderFailed)
	r.armDetector()
	n.Go("apply", r.runApply)
	n.Go("log", r.runLog)
	return r, nil
}

// armDetector starts the failure detector of a fresh replica (RaftConsensus::Start): soon if it
// has never seen a term, and at once if it is alone.
func (r *Replica) armDetector() {
	if !r.cfg.FailureDetection {
		return
	}
	shortest := r.cfg.Timing.minElectionTimeout()
	switch {
	case len(r.meta.Voters) == 1:
		r.detector.Reset(0)
	case r.meta.Term == 0:
		r.detector.Reset(r.node.Uniform(streamDetector, 0, r.cfg.Timing.Heartbeat))
	default:
		r.detector.Reset(r.node.Uniform(streamDetector, shortest*3/4, shortest*5/4))
	}
}

// Role implements Consensus.
func (r *Replica) Role() Role { return r.role }

// Term implements Consensus.
func (r *Replica) Term() int64 { return r.meta.Term }

// Leader implements Consensus.
func (r *Replica) Leader() wire.ServerID { return r.leader }

// Voters implements Consensus.
func (r *Replica) Voters() []wire.ServerID { return r.meta.Voters }

// Tablet returns the tablet whose log it is.
func (r *Replica) Tablet() wire.TabletID { return r.cfg.Tablet }

// Node returns the node it lives on.
func (r *Replica) Node() *sim.Node { return r.node }

// Dir returns the folder it is kept under.
func (r *Replica) Dir() string { return r.cfg.Dir }

// LastLogged returns the position of the last entry of its log.
func (r *Replica) LastLogged() wire.OpID { return r.log.last() }

// OpAt returns the position of the entry at an index of its log; zero if there is none.
func (r *Replica) OpAt(index int64) wire.OpID { return r.log.at(index) }

// Shutdown implements Consensus.
func (r *Replica) Shutdown(p *sim.Proc) {
	r.closed = true
	r.detector.Stop()
	r.endLeadership()
	r.log.close()
	r.committed.Broadcast()
	r.progress.Broadcast()
	r.busy.Lock(p, "update lock")
	r.busy.Unlock()
}

func (r *Replica) self() wire.ServerID { return r.node.ID() }

func (r *Replica) isVoter() bool {
	for _, v := range r.meta.Voters {
		if v == r.self() {
			return true
		}
	}
	return false
}

// adoptTerm moves to a higher term, in memory; whoever makes a promise in it flushes first.
func (r *Replica) adoptTerm(term int64) {
	r.meta.setTerm(term)
	r.leader = wire.NoServer
	r.becomeFollower()
	r.changed()
}

// becomeFollower ends whatever leadership there was. Follows BecomeReplicaUnlocked: votes are
// no longer withheld.
func (r *Replica) becomeFollower() {
	if r.role != Leader {
		return
	}
	r.endLeadership()
	r.withholdUntil = 0
	r.snooze(r.cfg.Timing.minElectionTimeout())
}

func (r *Replica) endLeadership() {
	if r.lead == nil {
		return
	}
	r.role = Follower
	r.lead.end()
	r.lead = nil
	r.progress.Broadcast()
	Deposed.Publish(r.node.World(), ReplicaEvent{r, r.meta.Term})
}

func (r *Replica) changed() {
	if !r.closed {
		r.sm.ConsensusChanged()
	}
}

// snooze puts the failure detector off.
func (r *Replica) snooze(d time.Duration) {
	if r.cfg.FailureDetection && !r.closed {
		r.detector.Reset(d)
	}
}

// StepDown implements Consensus. Follows RaftConsensus::StepDown, mode ABRUPT: the next term
// begins in memory only, so that the old one cannot be led again, and the failure detector
// sleeps for twice the usual time.
func (r *Replica) StepDown() bool {
	if r.role != Leader {
		return false
	}
	r.adoptTerm(r.meta.Term + 1)
	r.snooze(2 * r.cfg.Timing.minElectionTimeout())
	return true
}
