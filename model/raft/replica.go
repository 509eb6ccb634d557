package raft

import (
	"time"

	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

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
	disk *Store
	meta *metaFile // of disk
	log  *walog    // likewise

	role   Role
	leader wire.ServerID // of the present term; NoServer: not known
	lead   *leadership   // while role is Leader
	closed bool

	// config is the committed configuration. It is on disk, since others are told of it.
	config wire.RaftConfig
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
	anchors     []*int64  // from where on the log is kept, however long it gets
	maintenance sim.Cond  // a segment may be let go
	maintaining sim.Mutex

	persisting bool       // a process writes what the leader has sent
	idle       *sim.Timer // to the time when the log may be idle

	// busy is Kudu's update lock: one update, vote or candidacy at a time.
	busy            sim.Mutex
	detector        *sim.Timer
	withholdUntil   sim.Time      // votes, because a leader lives
	heardAt         sim.Time      // when a leader was heard last, or the replica opened
	failedElections int           // since a leader was last heard of
	patience        time.Duration // of its latest candidacy; see Patience
	electing        bool
}

// Open starts the replica that the disk holds under cfg.Dir. The caller has checked that it
// Exists. The error is ErrCorrupt.
func Open(p *sim.Proc, cfg Config, sm StateMachine) (*Replica, error) {
	cfg.Log = cfg.Log.orDefault()
	disk, committed, err := OpenStore(p, cfg.Dir, cfg.Log)
	if err != nil {
		return nil, err
	}
	n := p.Node()
	r := &Replica{cfg: cfg, node: n, sm: sm, disk: disk, meta: disk.meta,
		log: disk.log, config: disk.meta.Config, commit: committed, leader: wire.NoServer,
		rounds: map[int64]*round{}}
	r.findPending()
	r.heardAt = n.Now()
	Booted.Publish(n.World(), ReplicaEvent{r, r.meta.Term})
	r.restore(disk.flushed)
	for r.applied < r.commit {
		r.applyNext()
	}
	if r.meta.dirty() {
		r.meta.flush(p)
	}
	r.detector, r.idle = n.NewTimer(r.leaderFailed), n.NewTimer(r.vouchIfIdle)
	r.armDetector()
	r.vouchLater()
	n.Go("apply", r.runApply)
	n.Go("log", r.runLog)
	n.Go("maintenance", r.runMaintenance)
	return r, nil
}

// OpenTombstone starts what is left of a replica that was given up: it votes, as it promised to, by
// its term, its vote and where its log ended (tombstoned voting). The error is ErrCorrupt.
func OpenTombstone(p *sim.Proc, cfg Config, last wire.OpID) (*Replica, error) {
	cfg.FailureDetection = false
	meta, err := openMeta(p.Node(), cfg.Dir, cfg.Log.NoSync)
	if err != nil {
		return nil, err
	}
	disk := &Store{meta: meta, log: &walog{}}
	r := &Replica{cfg: cfg, node: p.Node(), sm: deaf{}, disk: disk, meta: meta, log: disk.log,
		config: meta.Config, tombstone: &last, leader: wire.NoServer, rounds: map[int64]*round{}}
	r.detector = p.Node().NewTimer(r.leaderFailed)
	r.idle = p.Node().NewTimer(r.vouchIfIdle)
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
	if r.role == Leader || r.persisting {
		return r.node.Now()
	}
	return r.heardAt
}

// Patience returns how long the replica gave its latest candidacy, which is drawn anew for each.
func (r *Replica) Patience() time.Duration { return r.patience }

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

// Behind implements Observed.
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
	r.idle.Stop()
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
	if r.bug(variant.KUDU2335) {
		r.leader = wire.NoServer
		r.becomeFollower()
		r.changed()
	} else {
		r.adoptTerm(r.meta.Term + 1)
	}
	r.snooze(2 * r.cfg.Timing.minElectionTimeout())
	return true
}
