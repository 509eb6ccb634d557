package tserver

import (
	"slices"

	"tabletop/model/fs"
	"tabletop/model/raft"
	"tabletop/model/tablet"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// TServer is the program of a tablet server, from one boot to the next end.
type TServer struct {
	node      *sim.Node
	v         variant.Variants
	instance  fs.Instance
	tablets   map[wire.TabletID]*replica
	deleted   map[wire.TabletID]bool // refused when asked for again
	beats     []*heartbeater
	source    *tablet.Source
	quiescing bool
	clock     hybridClock
}

// Config describes a tablet server.
type Config struct {
	Variants variant.Variants
	Masters  []wire.ServerID
}

// Boot starts the program on a node that has just come up. Tablets found on the disk are
// reported at once and serve when they have been opened.
func Boot(n *sim.Node, cfg Config) *TServer {
	ts := &TServer{node: n, v: cfg.Variants, tablets: map[wire.TabletID]*replica{},
		deleted: map[wire.TabletID]bool{}, source: tablet.NewSource(n),
		clock: newHybridClock(n, cfg.Variants.ClockError)}
	ts.instance = fs.Identify(n, ts.v.On(variant.MonotonicStartStamp))
	ts.findTablets()
	n.Serve(ts.serve)
	n.Go("start", func(p *sim.Proc) {
		ts.instance.Keep(p)
		ts.startHeartbeaters(cfg.Masters)
		ts.reportLeftovers(p)
	})
	n.Go("open tablets", ts.openTablets)
	return ts
}

// startAfter makes the stamp of this start one that a master does not refuse, which knows a later
// one: the wall clock was set back, and the disk has lost the stamp of the last start.
func (ts *TServer) startAfter(p *sim.Proc, stamp int64) bool {
	if !ts.v.On(variant.MonotonicStartStamp) {
		return false
	}
	if ts.instance.Stamp <= stamp {
		ts.instance.Stamp = stamp + 1
		ts.instance.Keep(p)
	}
	return true
}

// Node returns the node of the server.
func (ts *TServer) Node() *sim.Node { return ts.node }

// ID returns who the server is.
func (ts *TServer) ID() wire.ServerID { return ts.instance.ID }

// Tablets returns the ids of the tablets it knows a replica of, in order.
func (ts *TServer) Tablets() []wire.TabletID { return sim.Keys(ts.tablets) }

// LiveTablets returns how many replicas it has that are whole, or not opened yet.
func (ts *TServer) LiveTablets() int {
	n := 0
	//tabletop:allow map-range: what is counted has no order
	for _, t := range ts.tablets {
		if t.live() {
			n++
		}
	}
	return n
}

// liveByRange counts them by table and range.
func (ts *TServer) liveByRange() []wire.RangeCount {
	counts := make([]wire.RangeCount, 0, 4)
	//tabletop:allow map-range: the counts are kept in order
	for _, t := range ts.tablets {
		if !t.live() {
			continue
		}
		of := wire.RangeCount{Table: t.Table, Lower: t.Partition.Range.Lower}
		i, found := slices.BinarySearchFunc(counts, of, wire.RangeCount.Compare)
		if !found {
			counts = slices.Insert(counts, i, of)
		}
		counts[i].Live++
	}
	return counts
}

// liveByDimension counts those that have a label by it.
func (ts *TServer) liveByDimension() []wire.DimensionCount {
	var counts []wire.DimensionCount
	//tabletop:allow map-range: the counts are kept in order
	for _, t := range ts.tablets {
		if t.live() {
			counts = wire.CountDimension(counts, t.Dimension)
		}
	}
	return counts
}

// Live reports whether its replica of a tablet is whole, or not opened yet.
func (ts *TServer) Live(id wire.TabletID) bool { t := ts.tablets[id]; return t != nil && t.live() }

// Data returns what its disk holds of its replica of a tablet; DataDeleted: nothing.
func (ts *TServer) Data(id wire.TabletID) wire.DataState {
	if t := ts.tablets[id]; t != nil {
		return t.Data
	}
	return wire.DataDeleted
}

// Busy reports whether its replica of a tablet is just being created, copied or given up.
func (ts *TServer) Busy(id wire.TabletID) bool {
	t := ts.tablets[id]
	return t != nil && t.busy
}

// Replica returns the consensus of its replica of a tablet; nil while there is none that is whole.
func (ts *TServer) Replica(id wire.TabletID) raft.Consensus {
	if t := ts.tablets[id]; t != nil && t.Data == wire.DataReady {
		return t.consensus
	}
	return nil
}

// SchemaVersion returns the version of the schema that its replica of a tablet has applied.
func (ts *TServer) SchemaVersion(id wire.TabletID) int64 {
	if t := ts.tablets[id]; t != nil {
		return t.version
	}
	return -1
}

// Unreported lists the tablets whose changes the master on the node of the given one has not
// acknowledged.
func (ts *TServer) Unreported(master wire.ServerID) []wire.TabletID {
	var ids []wire.TabletID
	for _, h := range ts.beats {
		if h.master.Node() == master.Node() || len(ts.beats) == 1 {
			ids = append(ids, sim.Keys(h.dirty)...)
		}
	}
	return ids
}

// Quiesce makes the server stand for no election and offer what it leads to others, or ends that.
func (ts *TServer) Quiesce(on bool) { ts.quiescing = on }

func (ts *TServer) markDirty(id wire.TabletID) {
	for _, h := range ts.beats {
		h.markDirty(id)
	}
}

func (ts *TServer) serve(p *sim.Proc, from sim.NodeID, req sim.Message) sim.Message {
	if dest := wire.Dest(req); dest != wire.NoServer && dest != ts.instance.ID {
		return wire.Refuse(req, wire.WrongServerUUID)
	}
	switch req := req.(type) {
	case *wire.UpdateConsensusRequest:
		r, code := ts.consensusOf(req.Tablet)
		if code != wire.OK {
			return wire.Refuse(req, code)
		}
		return r.UpdateConsensus(p, req)
	case *wire.VoteRequest:
		t := ts.tablets[req.Tablet]
		if t == nil || t.consensus == nil {
			return wire.Refuse(req, wire.TabletNotRunning)
		}
		return t.consensus.RequestVote(p, req)
	case *wire.FetchDataRequest:
		return ts.source.Fetch(from, req)
	case *wire.EndCopySessionRequest:
		return ts.source.End(from, req)
	case *wire.BeginCopySessionRequest:
		return ts.beginCopySession(p, from, req)
	case *wire.WriteRequest:
		return ts.write(p, req)
	case *wire.ScanRequest:
		return ts.scan(p, req)
	case *wire.ListTabletsRequest:
		return &wire.TabletsResponse{Server: ts.instance.ID, Tablets: ts.Describe()}
	}
	return ts.administer(p, req)
}

// administer serves what masters, leaders and people want of a tablet.
func (ts *TServer) administer(p *sim.Proc, req sim.Message) sim.Message {
	var s wire.Status
	switch req := req.(type) {
	case *wire.CreateTabletRequest:
		s = ts.createTablet(p, req)
	case *wire.AlterSchemaRequest:
		s = ts.alterSchema(p, req)
	case *wire.DeleteTabletRequest:
		s = ts.deleteTablet(p, req)
	case *wire.StartTabletCopyRequest:
		s = ts.startTabletCopy(req)
	case *wire.ChangeConfigRequest:
		s = ts.withReplica(req.Tablet, func(r raft.Consensus) wire.Code {
			return r.ChangeConfig(p, req.CAS, req.Changes)
		})
	case *wire.RunLeaderElectionRequest:
		s = ts.withReplica(req.Tablet, func(r raft.Consensus) wire.Code {
			if ts.quiescing {
				return wire.ServiceUnavailable
			}
			r.StartElection()
			return wire.OK
		})
	case *wire.LeaderStepDownRequest:
		s = ts.withReplica(req.Tablet, func(r raft.Consensus) wire.Code { return stepDown(r, req) })
	default:
		panic("tserver: unexpected request " + req.Kind().String())
	}
	return &wire.TabletResponse{Status: s}
}

func stepDown(r raft.Consensus, req *wire.LeaderStepDownRequest) wire.Code {
	switch {
	case req.Graceful:
		return r.TransferLeadership(req.Successor)
	case !r.StepDown():
		return wire.NotTheLeader
	}
	return wire.OK
}

func (ts *TServer) withReplica(id wire.TabletID, do func(raft.Consensus) wire.Code) wire.Status {
	r, code := ts.consensusOf(id)
	if code == wire.OK {
		code = do(r)
	}
	return wire.Err(code, "")
}

// consensusOf returns the replica of a tablet that is whole and open, or why there is none.
func (ts *TServer) consensusOf(id wire.TabletID) (raft.Consensus, wire.Code) {
	t := ts.tablets[id]
	switch {
	case t == nil || t.Data == wire.DataTombstoned && !t.busy:
		return nil, wire.TabletNotFound
	case t.failed != "":
		return nil, wire.TabletFailed
	case t.consensus == nil || t.Data != wire.DataReady:
		return nil, wire.TabletNotRunning
	}
	return t.consensus, wire.OK
}
