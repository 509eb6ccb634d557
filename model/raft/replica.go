package raft

import (
	"errors"
	"fmt"
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
	// EvictFailed makes the leader itself evict followers that failed, where that is safe: the 3-2-3
	// scheme of replica management.
	EvictFailed bool
	// Quiescing tells whether the server does not want to lead now; nil: never.
	Quiescing func() bool
	Log       LogOptions
	// EndWithTerm makes Replicate return ErrDeposed when leadership ends, instead of waiting
	// until the fate of the entry is known as Kudu does.
	EndWithTerm bool
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

	// pending is the configuration that the log holds beyond the committed one, if any. It counts
	// as soon as it is appended, and no longer when its entry is aborted.
	pending *wire.RaftConfig

	// ghosts are what an abort left in the cache of the log (1eb24183a).
	ghosts []wire.Entry

	// tombstone is where the log of a replica that was given up ended; nil: it is whole.
	tombstone *wire.OpID

	// commit never decreases; applied follows it. Entries up to commit are never truncated.
	commit, applied int64
	committed       sim.Cond // commit grew
	progress        sim.Cond // applied grew, an entry was aborted, or leadership ended
	rounds          map[int64]*round

	flushed     wire.OpID // the last entry whose effect is in the flushed state
	replicated  int64     // up to here all peers have the log, as far as is known
	maintenance sim.Cond  // a segment may be let go
	maintaining sim.Mutex

	// busy is Kudu's update lock: one update, vote or candidacy at a time.
	busy            sim.Mutex
	detector        *sim.Timer
	withholdUntil   sim.Time // votes, because a leader lives
	heardAt         sim.Time // when a leader was heard last, or the replica opened
	failedElections int      // since a leader was last heard of
	electing        bool
}

// Open starts the replica that the disk holds under cfg.Dir. The caller has checked that it
// Exists. The error is ErrCorrupt.
func Open(p *sim.Proc, cfg Config, sm StateMachine) (*Replica, error) {
	n := p.Node()
	cfg.Log = cfg.Log.orDefault()
	r := &Replica{cfg: cfg, node: n, sm: sm, leader: wire.NoServer, rounds: map[int64]*round{}}
	if err := r.readMeta(); err != nil {
		return nil, err
	}
	state, err := openFlushed(n, cfg.Dir)
	if err != nil {
		return nil, err
	}
	if r.log, r.commit, err = openLog(n, cfg.Dir, cfg.Log, state.op); err != nil {
		return nil, err
	}
	// What the last incarnation wrote may not have reached the disk, and what it promised must
	// still hold: make durable what is about to be believed.
	p.Must(n.Disk().SyncDir(p))
	r.log.sync(p)
	if r.log.unnoted() { // nor must its end be taken for a torn tail next time
		r.log.noteCommitted(r.commit)
		r.log.sync(p)
	}
	r.findPending()
	r.heardAt = n.Now()
	Booted.Publish(n.World(), ReplicaEvent{r, r.meta.Term})
	r.restore(state)
	for r.applied < r.commit {
		r.applyNext()
	}
	if r.meta.dirty() {
		r.meta.flush(p)
	}
	r.detector = n.NewTimer(r.leaderFailed)
	r.armDetector()
	n.Go("apply", r.runApply)
	n.Go("log", r.runLog)
	n.Go("maintenance", r.runMaintenance)
	return r, nil
}

func (r *Replica) readMeta() error {
	r.meta = &metaFile{node: r.node, dir: r.cfg.Dir, lazy: r.cfg.Log.NoSync}
	var intact bool
	f := r.node.Disk().Open(MetaFile(r.cfg.Dir))
	if r.meta.Meta, intact = ReadMeta(r.cfg.Dir, f.Bytes()); !intact {
		return fmt.Errorf("%w: %s is damaged", ErrCorrupt, MetaFile(r.cfg.Dir))
	}
	return nil
}

// OpenTombstone starts what is left of a replica that was given up: it votes, as it promised to, by
// its term, its vote and where its log ended (tombstoned voting). The error is ErrCorrupt.
func OpenTombstone(p *sim.Proc, cfg Config, last wire.OpID) (*Replica, error) {
	cfg.FailureDetection = false
	r := &Replica{cfg: cfg, node: p.Node(), leader: wire.NoServer, rounds: map[int64]*round{}}
	if err := r.readMeta(); err != nil {
		return nil, err
	}
	r.tombstone = &last
	r.sm = deaf{}
	r.log = &walog{}
	r.detector = p.Node().NewTimer(r.leaderFailed)
	return r, nil
}

// deaf is the state machine of a tombstone.
type deaf struct{}

func (deaf) Apply(wire.Entry)  {}
func (deaf) ConsensusChanged() {}
func (deaf) Snapshot() []byte  { return nil }
func (deaf) Restore([]byte)    {}

// armDetector starts the failure detector of a fresh replica (RaftConsensus::Start): soon if it
// has never seen a term, and at once if it is alone.
func (r *Replica) armDetector() {
	if !r.cfg.FailureDetection {
		return
	}
	shortest := r.cfg.Timing.minElectionTimeout()
	switch {
	case r.alone():
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

// Tablet returns the tablet whose log it is.
func (r *Replica) Tablet() wire.TabletID { return r.cfg.Tablet }

// Node returns the node it lives on.
func (r *Replica) Node() *sim.Node { return r.node }

// LastHeard returns when the replica last heard a leader, or was opened; of a leader, now.
func (r *Replica) LastHeard() sim.Time {
	if r.role == Leader {
		return r.node.Now()
	}
	return r.heardAt
}

// ID returns who the replica's server is.
func (r *Replica) ID() wire.ServerID { return r.cfg.Self }

// Dir returns the folder it is kept under.
func (r *Replica) Dir() string { return r.cfg.Dir }

// LastLogged returns the position of the last entry of its log.
func (r *Replica) LastLogged() wire.OpID {
	if r.tombstone != nil {
		return *r.tombstone
	}
	return r.log.last()
}

// OpAt returns the position of the entry at an index of its log; zero if there is none, or none any
// more.
func (r *Replica) OpAt(index int64) wire.OpID { return r.log.at(index) }

// LogStart returns the position of the entry before the first that its log still holds.
func (r *Replica) LogStart() wire.OpID { return r.log.base }

// Behind returns the peers that need what the log of this leader has let go.
func (r *Replica) Behind() []wire.ServerID {
	var ids []wire.ServerID
	if r.lead != nil {
		for _, f := range r.lead.peers {
			if f.behind {
				ids = append(ids, f.id)
			}
		}
	}
	return ids
}

// StateSum returns a checksum of the state that it has applied.
func (r *Replica) StateSum() uint64 { return StateSum(r.sm) }

// Shutdown implements Consensus.
func (r *Replica) Shutdown(p *sim.Proc) {
	r.closed = true
	r.detector.Stop()
	r.endLeadership()
	r.log.close()
	r.committed.Broadcast()
	r.progress.Broadcast()
	r.busy.Lock(p, "update lock")
	r.maintaining.Lock(p, "maintenance")
	r.meta.close(p)
	r.maintaining.Unlock()
	r.busy.Unlock()
	r.maintenance.Broadcast()
}

// bug reports whether a defect is on.
func (r *Replica) bug(s variant.Switch) bool { return r.cfg.Variants.On(s) }

func (r *Replica) self() wire.ServerID { return r.cfg.Self }

func (r *Replica) isVoter() bool { return r.Active().IsVoter(r.self()) }

// alone reports whether the replica is the only one that votes.
func (r *Replica) alone() bool {
	voters := r.Active().Voters()
	return len(voters) == 1 && voters[0] == r.self()
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
