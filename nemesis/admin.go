package nemesis

import (
	"fmt"
	"time"

	"tabletop/model/client"
	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// What the people who run a cluster do to it. They ask as long as adminPatience for what is refused
// because of elections, and from the node of the first client.

const (
	adminPatience = 90 * time.Second
	adminPause    = 250 * time.Millisecond
	lookAgain     = 10 * time.Second // for what was asked for and not refused
)

// admin runs a request until it is settled or patience ends. The function makes one attempt and
// reports whether that was the last.
func (x *Executor) admin(name string, attempt func(p *sim.Proc) bool) {
	n := x.c.World.Node(x.c.ClientNodes()[0])
	x.busy++
	n.Go(name, func(p *sim.Proc) {
		defer func() { x.busy-- }()
		for end := p.Now().Add(adminPatience); p.Now() < end; {
			if attempt(p) {
				return
			}
			p.Sleep("next attempt", adminPause)
		}
	})
}

// askMaster makes one attempt at a request to the leader master and returns its answer.
func (x *Executor) askMaster(p *sim.Proc, req sim.Message) wire.Code {
	leader, _, _ := client.FindLeader(p, x.c.MasterAddresses(), p.Now().Add(time.Second))
	if leader == wire.NoServer {
		return wire.NotTheLeader
	}
	return ask(p, leader, req)
}

func ask(p *sim.Proc, to wire.ServerID, req sim.Message) wire.Code {
	m, err := p.Call(to.Node(), req, p.Now().Add(adminPatience/3))
	if resp, ok := m.(*wire.TabletResponse); err == nil && ok {
		return resp.Status.Code
	}
	return wire.TimedOut
}

// transfer hands a leadership over; that it changed hands shows when another is elected.
func (x *Executor) transfer(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "leadership handed over"
	successor := wire.NoServer
	if r.Fault.To != "" {
		to := x.resolve(r.Fault.To)
		if len(to) == 0 {
			r.Missed = "nobody is " + r.Fault.To
			return nil
		}
		successor = x.c.ServerOn(to[0].ID())
	}
	if c := x.consensus(nodes[0], r.Fault.Table); c != nil {
		nodes[0].Go("transfer leadership", func(*sim.Proc) {
			if code := c.TransferLeadership(successor); code != wire.OK {
				r.Missed = fmt.Sprintf("%s refuses: %v", nodes[0].Name(), code)
			}
		})
	}
	return nil
}

// sawElected counts what made a leadership change hands.
func (x *Executor) sawElected(e raft.ReplicaEvent) {
	now := x.c.World.Now()
	for _, r := range x.records {
		f := r.Fault
		if f.Kind == Transfer && r.Fired && r.Effect == 0 && r.Node != e.Replica.Node().Name() &&
			(f.Table == "") == (e.Replica.Tablet() == wire.SysCatalog) &&
			now.Sub(sim.Time(f.At)) < 2*time.Second {
			r.Effect = 1
		}
	}
}

// quiesce makes a tablet server give up its leaderships and stand for none.
func (x *Executor) quiesce(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "leaderships given up"
	ts := x.c.TServerOn(nodes[0].ID())
	led := func() (n int) {
		for _, id := range ts.Tablets() {
			if c := ts.Replica(id); c != nil && c.Role() == raft.Leader {
				n++
			}
		}
		return n
	}
	before := led()
	ts.Quiesce(true)
	return func() {
		r.Effect = max(before-led(), 0)
		ts.Quiesce(false)
	}
}

// maintenance announces work on a tablet server to the masters.
func (x *Executor) maintenance(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "server in maintenance"
	id := x.c.ServerOn(nodes[0].ID())
	set := func(p *sim.Proc, on bool) bool {
		req := &wire.ChangeTServerStateRequest{Server: id, Maintenance: on}
		return x.askMaster(p, req) == wire.OK
	}
	begun, over := false, false
	x.admin("begin maintenance", func(p *sim.Proc) bool {
		if !over && set(p, true) {
			r.Effect = 1
		}
		begun = over || r.Effect == 1
		return begun
	})
	return func() {
		over = true
		x.admin("end maintenance", func(p *sim.Proc) bool { return begun && set(p, false) })
	}
}

// changeConfig changes who has replicas of a tablet, behind the masters' back; while others are not
// well nobody would take a replica away.
func (x *Executor) changeConfig(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "configuration changed"
	id, found := x.firstTablet(r.Fault.Table)
	if !found {
		r.Missed = "there is no table " + r.Fault.Table
		return nil
	}
	server := wire.Member{ID: x.c.ServerOn(nodes[0].ID())}
	change := wire.PeerChange{Kind: wire.RemovePeer, Member: server}
	switch r.Fault.Change {
	case "add":
		change.Kind, change.NonVoter, change.Promote = wire.AddPeer, true, true
	case "replace":
		change.Kind, change.Replace = wire.ModifyPeer, true
	}
	cas := wire.NoCAS
	x.admin("change the configuration", func(p *sim.Proc) bool {
		leader := x.c.LeaderOf(id)
		if leader == nil {
			return false
		}
		if r.Fault.By > 0 && cas == wire.NoCAS {
			cas = x.c.TServerOn(leader.ID()).Replica(id).Config().Index
			p.Sleep("what people do between looking and acting", r.Fault.By)
			return false
		}
		to := x.c.ServerOn(leader.ID())
		if r.Fault.Change == "remove" && !x.well(id, leader, server.ID) {
			r.Missed = "another replica is not well"
			return true
		}
		code := ask(p, to, &wire.ChangeConfigRequest{Dest: to, Tablet: id, CAS: cas,
			Changes: []wire.PeerChange{change}})
		if code == wire.OK {
			r.Effect = 1
		}
		if code == wire.CASFailed {
			r.Missed = "the configuration is another by now"
		}
		return code == wire.OK || code == wire.InvalidConfig || code == wire.CASFailed
	})
	return nil
}

// well reports whether all voters of a tablet but one run.
func (x *Executor) well(id wire.TabletID, leader *sim.Node, but wire.ServerID) bool {
	for _, voter := range x.c.TServerOn(leader.ID()).Replica(id).Active().Voters() {
		ts := x.c.TServerOn(voter.Node())
		if voter != but && (ts.ID() != voter || !ts.Node().Alive() || ts.Replica(id) == nil) {
			return false
		}
	}
	return true
}

// lose takes a machine away for good.
func (x *Executor) lose(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "machine lost for good"
	if nodes[0].Retire() {
		r.Effect = 1
	}
	return nil
}

// addMaster starts a machine that becomes a master by itself.
func (x *Executor) addMaster(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "master added"
	nodes[0].Boot()
	return nil
}

// sawConfig counts masters that have become voters.
func (x *Executor) sawConfig(e raft.ReplicaEvent) {
	if e.Replica.Tablet() != wire.SysCatalog {
		return
	}
	for _, r := range x.records {
		for _, id := range e.Replica.Config().Voters() {
			if r.Fault.Kind == AddMaster && r.Fired &&
				r.Node == x.c.World.Node(id.Node()).Name() {
				r.Effect = 1
			}
		}
	}
}

// removeMaster makes the masters go on without one, and takes its machine away. One that leads
// hands over first. If a new server has taken the place of the old one, it is the old one that
// goes.
func (x *Executor) removeMaster(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "master removed"
	n, asked := nodes[0], wire.NoServer
	x.admin("remove a master", func(p *sim.Proc) bool {
		m := x.c.LeaderMaster()
		if m == nil {
			return false
		}
		id := firstOn(m.Consensus().Config(), n)
		if id == wire.NoServer || asked != wire.NoServer && id != asked {
			x.removed(r, n, asked) // the answer may have been lost
			return true
		}
		if asked = id; m.ID() == id {
			ask(p, id, &wire.LeaderStepDownRequest{Dest: id, Tablet: wire.SysCatalog,
				Graceful: true, Successor: wire.NoServer})
			return false
		}
		if x.askMaster(p, &wire.RemoveMasterRequest{Master: id}) != wire.OK {
			return false
		}
		x.removed(r, n, id)
		return true
	})
	// What is still pending then may come about as soon as there is a majority for it.
	x.c.World.Node(x.c.ClientNodes()[0]).Go("look again", func(p *sim.Proc) {
		for p.Sleep("later", adminPatience); asked != wire.NoServer && r.Effect == 0; {
			p.Sleep("later", lookAgain)
			m := x.c.LeaderMaster()
			if m != nil && m.ID() != asked && !m.Consensus().Config().Has(asked) {
				x.removed(r, n, asked)
			}
		}
	})
	return nil
}

// firstOn returns the first member on a node.
func firstOn(c wire.RaftConfig, n *sim.Node) wire.ServerID {
	for _, id := range c.Servers() {
		if id.Node() == n.ID() {
			return id
		}
	}
	return wire.NoServer
}

// removed takes the machine of a master away that is none any more, unless another server is there.
func (x *Executor) removed(r *Record, n *sim.Node, id wire.ServerID) {
	if id == wire.NoServer {
		return
	}
	r.Effect = 1
	if x.c.ServerOn(n.ID()) == id {
		n.Retire()
	}
}

// deleteReplica gives a replica up behind everybody's back, as with the tool "kudu remote_replica
// delete". A tombstone is left, which votes; the tablet's leader has it copied over.
func (x *Executor) deleteReplica(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "replica given up"
	id, found := x.firstTablet(r.Fault.Table)
	if !found {
		r.Missed = "there is no table " + r.Fault.Table
		return nil
	}
	server := x.c.ServerOn(nodes[0].ID())
	x.admin("delete a replica", func(p *sim.Proc) bool {
		code := ask(p, server, &wire.DeleteTabletRequest{Dest: server, Tablet: id, Tombstone: true,
			CAS: wire.NoCAS, Tool: true})
		if code == wire.OK {
			r.Effect = 1
		}
		return true
	})
	return nil
}
