package etcdraft

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	etcd "go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"

	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Replica is one copy of a replicated log, kept by etcd's core. It implements raft.Consensus and
// raft.Observed. It takes all datagrams of its node.
type Replica struct {
	cfg   raft.Config
	node  *sim.Node
	sm    raft.StateMachine
	core  *etcd.RawNode
	log   *memory
	store *raft.Store

	config wire.RaftConfig // the committed one. It is on disk, since others are told of it

	// What the core said last of itself.
	role   raft.Role
	state  etcd.StateType
	term   int64
	leader wire.ServerID
	vote   uint64
	commit int64

	reign     int    // counts the beginnings and ends of leadership
	asked     uint64 // how often leadership was to be confirmed
	confirmed uint64 // the last of these that was
	closed    bool

	applied  int64
	noted    int64        // up to here the disk was told that entries are committed
	appends  []pb.Message // for the process that writes
	applies  []pb.Message // for the process that applies
	writing  int          // how many write
	wanted   sim.Cond     // there is something to write
	written  sim.Cond     // something was
	work     sim.Cond     // there is something to apply
	progress sim.Cond     // applied grew, leadership changed, or an entry was aborted
	rounds   map[int64]*round

	heardFrom map[wire.ServerID]sim.Time // by a leader, in its term
	ledSince  sim.Time
	handover  *sim.Timer // runs while leadership is being transferred

	detector        *sim.Timer
	heartbeat       *sim.Timer
	withholdUntil   sim.Time // votes, because a leader lives
	failedElections int      // begun since a leader was last heard of
}

// Open starts the replica that the disk holds under cfg.Dir. It is a raft.Opener.
func Open(p *sim.Proc, cfg raft.Config, sm raft.StateMachine) (raft.Consensus, error) {
	cfg.Log.NoSync = false // the core relies on its disk
	store, committed, err := raft.OpenStore(p, cfg.Dir, cfg.Log)
	if err != nil {
		return nil, err
	}
	n, meta := p.Node(), store.Meta()
	r := &Replica{cfg: cfg, node: n, sm: sm, store: store, term: meta.Term,
		config: meta.Config, leader: wire.NoServer, vote: number(meta.VotedFor),
		rounds: map[int64]*round{}, log: newMemory(store.Entries())}
	if r.commit = r.log.committed(committed, meta.Config); r.commit > r.LastLogged().Index {
		return nil, fmt.Errorf("%w: the log lacks %d, which brought the configuration",
			raft.ErrCorrupt, r.commit)
	}
	raft.Booted.Publish(n.World(), r.event())
	for r.applied < r.commit {
		r.apply(p, unpack(r.log.entries[r.applied]))
	}
	r.log.start(store.Meta(), r.commit)
	r.core, err = etcd.NewRawNode(&etcd.Config{ID: number(cfg.Self), Storage: r.log, Logger: silent,
		Applied: uint64(r.commit), ElectionTick: math.MaxInt32, HeartbeatTick: 1,
		MaxSizePerMsg: uint64(cfg.Timing.MaxBatch), MaxInflightMsgs: 256, PreVote: cfg.PreElection,
		AsyncStorageWrites: true, DisableProposalForwarding: true, StepDownOnRemoval: true})
	must(err)
	r.detector, r.heartbeat = n.NewTimer(r.leaderFailed), n.NewTimer(r.beat)
	r.handover = n.NewTimer(r.endHandover)
	r.armDetector()
	n.Handle(r.receive)
	n.Go("apply", r.runApply)
	n.Go("log", r.runLog)
	return r, nil
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// step gives the core a message and does what it then wants. Answers of those that are no members
// any more it does not want.
func (r *Replica) step(m pb.Message) {
	if err := r.core.Step(m); !errors.Is(err, etcd.ErrStepPeerNotFound) {
		must(err)
	}
	r.react()
}

// react does what the core wants done, at this instant: what takes time is left to processes.
func (r *Replica) react() {
	r.watch()
	for r.core.HasReady() {
		rd := r.core.Ready()
		for _, e := range rd.Entries {
			r.keep(e)
		}
		r.watchCommit()
		for _, s := range rd.ReadStates {
			r.confirmed = max(r.confirmed, binary.BigEndian.Uint64(s.RequestCtx))
			r.progress.Broadcast()
		}
		for _, m := range rd.Messages {
			switch m.To {
			case etcd.LocalAppendThread:
				r.appends = append(r.appends, m)
				r.wanted.Broadcast()
			case etcd.LocalApplyThread:
				r.applies = append(r.applies, m)
				r.work.BroadcastAfter("apply", raft.ApplyDelay.Draw(r.node.Draw(streamApply, 0)))
			default:
				r.send(m)
			}
		}
	}
}

// keep takes an entry into the log, in place of those at its index and beyond.
func (r *Replica) keep(e pb.Entry) {
	for i := int64(e.Index); i <= r.LastLogged().Index; i++ {
		r.endRound(i, raft.ErrAborted)
	}
	r.log.put(e)
	raft.EntryAppended.Publish(r.node.World(),
		raft.AppendedEvent{EntryEvent: raft.EntryEvent{Replica: r, Entry: unpack(e)}})
}

// watch finds out what became of the core and tells observers and the owner.
func (r *Replica) watch() {
	s := r.core.BasicStatus()
	term, leader, leads := int64(s.Term), server(s.Lead), s.RaftState == etcd.StateLeader
	stood := s.RaftState == etcd.StateCandidate &&
		(r.state != etcd.StateCandidate || term != r.term)
	granted := s.Vote != r.vote && s.Vote != etcd.None && s.Vote != s.ID
	changed := term != r.term || leader != r.leader || leads != (r.role == raft.Leader)
	r.state, r.vote, r.leader = s.RaftState, s.Vote, leader
	if r.role == raft.Leader && (!leads || term != r.term) {
		r.term = term
		r.endLeadership()
		r.withholdUntil = 0
		r.snooze(r.alive())
	}
	r.term = term
	if stood {
		raft.Candidate.Publish(r.node.World(), r.event())
	}
	if granted {
		r.snoozeLonger()
	}
	if leads && r.role != raft.Leader {
		r.role, r.failedElections = raft.Leader, 0
		r.reign++
		r.heardFrom, r.ledSince = map[wire.ServerID]sim.Time{}, r.node.Now()
		r.detector.Stop()
		r.beatLater()
		raft.Elected.Publish(r.node.World(), r.event())
	}
	if changed && !r.closed {
		r.sm.ConsensusChanged()
	}
}

func (r *Replica) event() raft.ReplicaEvent { return raft.ReplicaEvent{Replica: r, Term: r.term} }

func (r *Replica) endLeadership() {
	r.role = raft.Follower
	r.reign++
	r.heartbeat.Stop()
	r.handover.Stop()
	r.progress.Broadcast()
	raft.Deposed.Publish(r.node.World(), r.event())
}

func (r *Replica) watchCommit() {
	commit := int64(r.core.BasicStatus().Commit)
	if commit > r.commit {
		r.commit = commit
		raft.EntryCommitted.Publish(r.node.World(),
			raft.EntryEvent{Replica: r, Entry: unpack(r.log.entries[commit-1])})
	}
}

// Role implements raft.Consensus.
func (r *Replica) Role() raft.Role { return r.role }

// Term implements raft.Consensus.
func (r *Replica) Term() int64 { return r.term }

// Leader implements raft.Consensus.
func (r *Replica) Leader() wire.ServerID { return r.leader }

// ID implements raft.Observed.
func (r *Replica) ID() wire.ServerID { return r.cfg.Self }

// Tablet implements raft.Observed.
func (r *Replica) Tablet() wire.TabletID { return r.cfg.Tablet }

// Node implements raft.Observed.
func (r *Replica) Node() *sim.Node { return r.node }

// Dir implements raft.Observed.
func (r *Replica) Dir() string { return r.cfg.Dir }

// LogStart implements raft.Observed: this log lets nothing go.
func (r *Replica) LogStart() wire.OpID { return wire.OpID{} }

// Behind implements raft.Observed.
func (r *Replica) Behind() []wire.ServerID { return nil }

// StateSum implements raft.Observed.
func (r *Replica) StateSum() uint64 { return raft.StateSum(r.sm) }

// LastLogged implements raft.Observed.
func (r *Replica) LastLogged() wire.OpID { return r.log.at(int64(len(r.log.entries))) }

// OpAt implements raft.Observed.
func (r *Replica) OpAt(index int64) wire.OpID { return r.log.at(index) }

// UpdateConsensus implements raft.Consensus. The other voters run the same core and never ask.
func (r *Replica) UpdateConsensus(*sim.Proc,
	*wire.UpdateConsensusRequest) *wire.UpdateConsensusResponse {
	return &wire.UpdateConsensusResponse{Tablet: r.cfg.Tablet, Code: wire.TabletNotFound}
}

// RequestVote implements raft.Consensus. The other voters run the same core and never ask.
func (r *Replica) RequestVote(_ *sim.Proc, req *wire.VoteRequest) *wire.VoteResponse {
	return &wire.VoteResponse{Tablet: req.Tablet, Candidate: req.Candidate, VoteTerm: req.Term,
		PreElection: req.PreElection, Code: wire.TabletNotFound}
}

// Shutdown implements raft.Consensus.
func (r *Replica) Shutdown(p *sim.Proc) {
	r.closed = true
	r.detector.Stop()
	if r.role == raft.Leader {
		r.endLeadership()
	}
	r.wanted.Broadcast()
	r.work.Broadcast()
	r.progress.Broadcast()
	for r.writing > 0 {
		r.written.Wait(p, "log on disk")
	}
}
