package master

import (
	"time"

	"tabletop/model/client"
	"tabletop/model/fs"
	"tabletop/model/raft"
	"tabletop/model/tablet"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// How masters come and go while the cluster serves.

// addMaster makes a server a member of the master tablet that gets the log and, once it has caught
// up, votes. Every voter must be well: with one master down, a newcomer that fails too could cost
// the majority. Follows CatalogManager::InitiateMasterChangeConfig.
func (m *Master) addMaster(p *sim.Proc, id wire.ServerID) wire.Code {
	_, ok := m.enter()
	if !ok {
		return wire.NotTheLeader
	}
	defer m.leave()
	if m.consensus.Active().Has(id) {
		return wire.MasterAlreadyPresent
	}
	state := m.consensus.State()
	for _, member := range state.Config.Members {
		if member.NonVoter || state.HealthOf(member.ID) != wire.Healthy {
			return wire.IllegalState
		}
	}
	return m.consensus.ChangeConfig(p, state.Config.Index, []wire.PeerChange{{
		Kind: wire.AddPeer, Member: wire.Member{ID: id, NonVoter: true, Promote: true}}})
}

// removeMaster drops another master from the configuration.
func (m *Master) removeMaster(p *sim.Proc, id wire.ServerID) wire.Code {
	_, ok := m.enter()
	if !ok {
		return wire.NotTheLeader
	}
	defer m.leave()
	config := m.consensus.Config()
	switch {
	case !config.Has(id):
		return wire.TableNotFound
	case id == m.instance.ID:
		return wire.InvalidConfig // another must lead first
	}
	return m.consensus.ChangeConfig(p, config.Index, []wire.PeerChange{{
		Kind: wire.RemovePeer, Member: wire.Member{ID: id}}})
}

// masters returns the masters as the configuration has them.
func (m *Master) masters() []wire.ServerID { return m.consensus.Config().Servers() }

const joinRetry = 5 * time.Second // master_auto_join_retry_interval_secs

// join makes this server, which has no master tablet, a master: it asks the leader to add it and
// copies the leader's tablet. Whatever fails is tried again (5e895c642). Until the copy is whole
// it answers nothing of the tablet, so that the leader does not take an empty one for one that
// cannot be helped (KUDU-3762). It reports whether it has succeeded. Follows
// MasterRunner::AddMaster, with master_auto_join_cluster.
func (m *Master) join(p *sim.Proc, known []wire.ServerID) bool {
	for {
		code := m.tryJoin(p, &known)
		if code == wire.OK || code == wire.IllegalState && m.v.On(variant.AddMasterNoRetry) {
			return code == wire.OK
		}
		p.Sleep("next attempt to join", joinRetry)
	}
}

func (m *Master) tryJoin(p *sim.Proc, known *[]wire.ServerID) wire.Code {
	leader, all, _ := client.FindLeader(p, *known, p.Now().Add(tsRPCTimeout))
	*known = all
	if leader == wire.NoServer {
		return wire.NotTheLeader
	}
	req := &wire.AddMasterRequest{Master: m.instance.ID}
	resp, err := p.Call(leader.Node(), req, p.Now().Add(tsRPCTimeout))
	if err != nil {
		return wire.TimedOut
	}
	code := resp.(*wire.TabletResponse).Status.Code
	if code != wire.OK && code != wire.MasterAlreadyPresent {
		return code
	}
	if m.v.On(variant.KUDU3762) {
		raft.Create(p, dir, wire.NewConfig())
		fs.Superblock{Tablet: wire.SysCatalog}.Write(p, dir)
		return wire.OK
	}
	sb := fs.Superblock{Tablet: wire.SysCatalog, Data: wire.DataTombstoned}
	if sb, err = tablet.Copy(p, wire.SysCatalog, dir, sb, nil, leader); err != nil {
		tablet.Tombstone(p, dir, sb)
		return wire.NetworkError
	}
	Joined.Publish(m.node.World(), TServerEvent{m, m.instance.ID})
	return wire.OK
}

// hasTablet reports whether the disk holds the whole master tablet.
func (m *Master) hasTablet() bool {
	sb, intact := fs.ReadSuperblock(m.node, dir)
	return intact && sb.Data == wire.DataReady && raft.Exists(m.node, dir)
}

// beginCopySession opens a session on the master tablet for a new master.
func (m *Master) beginCopySession(p *sim.Proc, from sim.NodeID,
	req sim.Message) sim.Message {
	r, ok := m.consensus.(raft.Observed)
	if !ok {
		return wire.Refuse(req, wire.TabletNotRunning)
	}
	p.Must(raft.Verify(m.node, dir))
	return m.source.Begin(from, r, fs.Superblock{Tablet: wire.SysCatalog}, dir, 0)
}
