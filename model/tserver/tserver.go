package tserver

import (
	"tabletop/model/raft"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// TServer is the program of a tablet server, from one boot to the next end.
type TServer struct {
	node    *sim.Node
	v       variant.Variants
	tablets map[wire.TabletID]*tablet
	deleted map[wire.TabletID]bool // refused when asked for again
	beats   []*heartbeater
	uuid    int64 // tells this server from others that had its place
	stamp   int64 // tells this start from earlier ones
}

// Config describes a tablet server.
type Config struct {
	Variants variant.Variants
	Masters  []wire.ServerID
}

// Boot starts the program on a node that has just come up. Tablets found on the disk are
// reported at once and serve when they have been opened.
func Boot(n *sim.Node, cfg Config) *TServer {
	ts := &TServer{node: n, v: cfg.Variants, tablets: map[wire.TabletID]*tablet{},
		deleted: map[wire.TabletID]bool{}}
	ts.identify()
	ts.findTablets()
	n.Serve(ts.serve)
	n.Go("start", func(p *sim.Proc) {
		ts.keepIdentity(p)
		ts.startHeartbeaters(cfg.Masters)
	})
	n.Go("open tablets", func(p *sim.Proc) {
		for _, id := range sim.Keys(ts.tablets) {
			if t := ts.tablets[id]; t != nil {
				t.open(p)
			}
		}
	})
	return ts
}

// instanceFile says who the server is: the identity that its disk got when it was new, and the
// stamp of its last start (NodeInstancePB).
const instanceFile = "instance"

var streamUUID = sim.NewStream("tserver/uuid")

// identify reads who the server is, and the wall clock for a stamp that tells this start from
// earlier ones. With the defence it is above the last one, whatever the clock says. A disk without
// the file is new.
func (ts *TServer) identify() {
	ts.stamp = ts.node.Wall().Microseconds()
	if f := ts.node.Disk().Open(instanceFile); f != nil {
		if content, intact := wire.Unseal(f.Bytes()); intact {
			d := wire.NewDecoder(content)
			ts.uuid = int64(d.Int())
			if last := int64(d.Int()); ts.v.On(variant.MonotonicStartStamp) {
				ts.stamp = max(ts.stamp, last+1)
			}
			return
		}
	}
	ts.uuid = int64(ts.node.Draw(streamUUID, 0)>>2) | 1
}

// keepIdentity makes sure that the next start knows who it is.
func (ts *TServer) keepIdentity(p *sim.Proc) {
	var e wire.Encoder
	e.Int(int(ts.uuid))
	e.Int(int(ts.stamp))
	disk := ts.node.Disk()
	f := disk.Create(instanceFile + ".tmp")
	f.Append(wire.Seal(e.Bytes()))
	p.Must(f.Sync(p))
	disk.Rename(instanceFile+".tmp", instanceFile)
	p.Must(disk.SyncDir(p))
}

// Node returns the node of the server.
func (ts *TServer) Node() *sim.Node { return ts.node }

// Tablets returns the ids of the tablets it hosts a replica of, in order.
func (ts *TServer) Tablets() []wire.TabletID { return sim.Keys(ts.tablets) }

// Replica returns the consensus of its replica of a tablet; nil while there is none.
func (ts *TServer) Replica(id wire.TabletID) raft.Consensus {
	if t := ts.tablets[id]; t != nil {
		return t.replica
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

// Unreported lists the tablets whose changes the given master has not acknowledged.
func (ts *TServer) Unreported(master wire.ServerID) []wire.TabletID {
	var ids []wire.TabletID
	for _, h := range ts.beats {
		if h.master == master || len(ts.beats) == 1 {
			ids = append(ids, sim.Keys(h.dirty)...)
		}
	}
	return ids
}

func (ts *TServer) markDirty(id wire.TabletID) {
	for _, h := range ts.beats {
		h.markDirty(id)
	}
}

func (ts *TServer) serve(p *sim.Proc, _ sim.NodeID, req sim.Message) sim.Message {
	switch req := req.(type) {
	case *wire.UpdateConsensusRequest:
		r, code := ts.consensusOf(req.Tablet)
		if r == nil {
			return &wire.UpdateConsensusResponse{Tablet: req.Tablet, Code: code}
		}
		return r.UpdateConsensus(p, req)
	case *wire.VoteRequest:
		r, code := ts.consensusOf(req.Tablet)
		if r == nil {
			return &wire.VoteResponse{Tablet: req.Tablet, Candidate: req.Candidate,
				VoteTerm: req.Term, PreElection: req.PreElection, Code: code}
		}
		return r.RequestVote(p, req)
	case *wire.CreateTabletRequest:
		return &wire.TabletResponse{Tablet: req.Tablet, Status: ts.createTablet(p, req)}
	case *wire.AlterSchemaRequest:
		return &wire.TabletResponse{Tablet: req.Tablet, Status: ts.alterSchema(p, req)}
	case *wire.DeleteTabletRequest:
		return &wire.TabletResponse{Tablet: req.Tablet, Status: ts.deleteTablet(p, req.Tablet)}
	}
	panic("tserver: unexpected request " + req.Kind().String())
}

func (ts *TServer) consensusOf(id wire.TabletID) (raft.Consensus, wire.Code) {
	t := ts.tablets[id]
	switch {
	case t == nil:
		return nil, wire.TabletNotFound
	case t.replica == nil:
		return nil, wire.TabletNotRunning
	}
	return t.replica, wire.OK
}
