package master

import (
	"errors"
	"slices"

	"tabletop/model/catalog"
	"tabletop/model/fs"
	"tabletop/model/raft"
	"tabletop/model/tablet"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Master is the program of a master, from one boot to the next end.
type Master struct {
	node     *sim.Node
	v        variant.Variants
	instance fs.Instance

	consensus raft.Consensus // nil until the master tablet is open
	store     *catalog.Store // the applied master tablet

	// leaderLock is held shared by every request for its whole life, and exclusively by the
	// load of the catalog (d1d3cfe77).
	leaderLock sim.RWMutex
	// readyTerm is the term for which the catalog was loaded; requests are served only while
	// it is the present one.
	readyTerm int64
	preparing sim.Mutex
	reactor   sim.Mutex // held while an answer is handled that takes time
	news      sim.Cond  // leadership or registry changed

	cat      *catalogManager
	ts       tsManager
	bgWake   sim.Cond
	softMaps map[wire.TabletID]replicaMap
	source   *tablet.Source
	locate   func(sim.NodeID) (location string, ok bool)
}

// Config describes a master.
type Config struct {
	Variants variant.Variants
	Masters  []wire.ServerID // all of them, itself included
	Founders []wire.ServerID // those that the cluster began with
	Open     raft.Opener     // starts the replica of the master tablet
	// Locate is the location mapping; it is not ok if that fails.
	Locate func(sim.NodeID) (location string, ok bool)
}

// Boot starts the program on a node that has just come up.
func Boot(n *sim.Node, cfg Config) *Master {
	m := &Master{node: n, v: cfg.Variants, store: catalog.NewStore(),
		cat: newCatalogManager(cfg.Variants), softMaps: map[wire.TabletID]replicaMap{},
		instance: fs.Identify(n, true), source: tablet.NewSource(n), locate: cfg.Locate}
	m.ts.descriptors = map[wire.ServerID]*tsDescriptor{}
	m.ts.locations = map[sim.NodeID]string{}
	n.Serve(m.serve)
	n.Go("start", func(p *sim.Proc) { m.open(p, cfg) })
	return m
}

// dir is the folder of the master tablet.
const dir = "master"

// open opens the master tablet, which a founder makes at its first start, and others get from the
// leader. The service that answers before that says so (KUDU-2748).
func (m *Master) open(p *sim.Proc, cfg Config) {
	m.instance.Keep(p)
	switch {
	case m.hasTablet():
	case slices.Contains(cfg.Founders, m.instance.ID):
		if m.node.Incarnation() > 0 {
			p.Crash("there is no master tablet on the disk")
		}
		raft.Create(p, dir, wire.NewConfig(cfg.Founders...))
		fs.Superblock{Tablet: wire.SysCatalog}.Write(p, dir)
	case !m.join(p, cfg.Masters):
		return
	}
	replica, err := cfg.Open(p, raft.Config{
		Self: m.instance.ID, Tablet: wire.SysCatalog, Dir: dir,
		Timing:           raft.TimingOf(m.v),
		Variants:         m.v,
		PreElection:      m.v.PreElection,
		FailureDetection: m.v.MasterFailureDetection,
		EndWithTerm:      m.v.WaitsEndWithTerm,
		Reactor:          &m.reactor,
		Log: raft.LogOptions{SegmentSize: m.v.LogSegmentSize, MaxSegments: m.maxSegments(),
			NoSync: !m.v.SyncsAlways()},
	}, m)
	p.Must(err)
	m.consensus = replica
	m.node.Go("background tasks", m.runBackground)
	m.node.Go("expiry of tables", m.runExpiry)
	if m.v.AutoRebalance && m.v.Replacement == variant.Replace343 {
		m.node.Go("auto-rebalancer", m.runAutoRebalancer)
	}
	if m.v.AutoLeaderRebalance {
		m.node.Go("rebalancer of leaders", m.runLeaderRebalancer)
	}
}

// Apply implements raft.StateMachine.
func (m *Master) Apply(e wire.Entry) {
	if e.Type != wire.WriteOp {
		return
	}
	batch, err := catalog.Decode(e.Payload)
	if err != nil {
		panic(err)
	}
	m.store.Apply(batch)
	Applied.Publish(m.node.World(), AppliedEvent{m, e.OpID, batch})
}

// Snapshot implements raft.StateMachine.
func (m *Master) Snapshot() []byte { return m.store.Encode() }

// Restore implements raft.StateMachine.
func (m *Master) Restore(state []byte) {
	store, err := catalog.DecodeStore(state)
	if err != nil {
		panic(err)
	}
	m.store = store
}

// write replicates a batch in the given term and returns when it was applied here. Follows
// SysCatalogTable::Write and CheckIfNoLongerLeaderAndSetupError.
func (m *Master) write(p *sim.Proc, term int64, b *catalog.Batch) wire.Status {
	if m.v.On(variant.NoLeaderLock) {
		term = m.consensus.Term()
	}
	if p.Fails(PointWrite) { // sys_catalog_fail_during_write
		return wire.Err(wire.UnknownError, "the write failed")
	}
	_, err := m.consensus.Replicate(p, term, wire.WriteOp, b.Encode())
	switch {
	case errors.Is(err, raft.ErrTooLarge): // no other leader could write it either
		return wire.Err(wire.EntryTooLarge, err.Error())
	case err != nil:
		return wire.Err(wire.NotTheLeader, err.Error())
	}
	return wire.Status{}
}

func (m *Master) serve(p *sim.Proc, from sim.NodeID, req sim.Message) sim.Message {
	resp := m.answer(p, from, req)
	if r, ok := resp.(interface{ Masters() *wire.MastersIndex }); ok && m.consensus != nil {
		r.Masters().Index = m.consensus.Config().Index
	}
	return resp
}

func (m *Master) answer(p *sim.Proc, from sim.NodeID, req sim.Message) sim.Message {
	switch dest := wire.Dest(req); {
	case dest != wire.NoServer && dest != m.instance.ID:
		return wire.Refuse(req, wire.WrongServerUUID)
	case dest != wire.NoServer && m.consensus == nil:
		return wire.Refuse(req, wire.CatalogManagerNotInitialized)
	}
	switch req := req.(type) {
	case *wire.UpdateConsensusRequest:
		return m.consensus.UpdateConsensus(p, req)
	case *wire.VoteRequest:
		return m.consensus.RequestVote(p, req)
	case *wire.RunLeaderElectionRequest:
		m.consensus.StartElection()
		return &wire.TabletResponse{}
	case *wire.LeaderStepDownRequest:
		code := m.consensus.TransferLeadership(req.Successor)
		return &wire.TabletResponse{Status: wire.Err(code, "")}
	case *wire.ChangeTServerStateRequest:
		return &wire.TabletResponse{Status: m.setMaintenance(p, req.Server, req.Maintenance)}
	case *wire.AddMasterRequest:
		return &wire.TabletResponse{Status: wire.Err(m.addMaster(p, req.Master), "")}
	case *wire.RemoveMasterRequest:
		return &wire.TabletResponse{Status: wire.Err(m.removeMaster(p, req.Master), "")}
	case *wire.BeginCopySessionRequest:
		return m.beginCopySession(p, from, req)
	case *wire.FetchDataRequest:
		return m.source.Fetch(from, req)
	case *wire.EndCopySessionRequest:
		return m.source.End(from, req)
	case *wire.TSHeartbeatRequest:
		return m.heartbeat(p, req)
	case *wire.ConnectToMaster:
		return m.connect(from)
	case wire.DDL:
		return m.ddl(p, req)
	case *wire.GetTableSchemaRequest:
		return m.getTableSchema(p, req)
	case *wire.GetTableLocationsRequest:
		return m.getTableLocations(p, req)
	case *wire.ListTablesRequest:
		return m.listTables(p)
	case *wire.DescribeClusterRequest:
		return m.describeCluster(p)
	case *wire.IsCreateTableDoneRequest:
		return m.isCreateTableDone(p, req)
	case *wire.IsAlterTableDoneRequest:
		return m.isAlterTableDone(p, req)
	}
	panic("master: unexpected request " + req.Kind().String())
}

// connect tells a client, or a tablet server, whether this master leads, and a client where it is,
// if that is known (MasterServiceImpl::ConnectToMaster).
func (m *Master) connect(from sim.NodeID) *wire.ConnectResponse {
	if m.consensus == nil {
		return &wire.ConnectResponse{Status: wire.Err(wire.CatalogManagerNotInitialized, "")}
	}
	_, ok := m.enter()
	if ok {
		m.leave()
	}
	ok = ok || m.v.On(variant.KUDU1927) && m.consensus.Role() == raft.Leader
	location, _ := m.locationOf(from)
	return &wire.ConnectResponse{Leader: ok, Masters: m.masters(), Location: location}
}

// maxSegments is how many segments of its log a master keeps for a peer that lacks them: as many
// bytes as Kudu keeps, however small they are. Nobody copies a master that has fallen behind that.
func (m *Master) maxSegments() int {
	const kept = 80 * 8 << 20 // log_max_segments_to_retain, of log_segment_size_mb
	return max(80, kept/m.v.LogSegmentSize)
}
