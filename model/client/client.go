package client

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Kudu's flags, with their defaults.
const (
	AdminTimeout = 30 * time.Second // default_admin_operation_timeout
	rpcTimeout   = 10 * time.Second // default_rpc_timeout
)

var streamRetry = sim.NewStream("client/retry")

// Client carries out operations on behalf of one program. It is not for concurrent use.
type Client struct {
	node    *sim.Node
	v       variant.Variants
	masters []wire.ServerID // as far as they are known
	// mastersIndex is of the latest configuration of the masters that the client has heard of.
	mastersIndex int64
	leader       wire.ServerID // the master that said so last; NoServer: to be found
	location     string        // where that said the client is; empty: not known
	seq          int64

	tables   map[string]*openTable // that the program has opened, by the name it used
	located  map[wire.TabletID]*location
	writeSeq int64
	writing  []int64        // writes that are not finished
	observed wire.Timestamp // the latest of any answer
	// known is the last table that the client was told of under each name.
	known map[string]wire.TableID
}

// New returns a client that knows all masters.
func New(n *sim.Node, v variant.Variants, masters []wire.ServerID) *Client {
	return &Client{node: n, v: v, masters: masters, leader: wire.NoServer,
		mastersIndex: -1, known: map[string]wire.TableID{}, tables: map[string]*openTable{},
		located: map[wire.TabletID]*location{}}
}

// Masters returns the masters that the client knows of.
func (c *Client) Masters() []wire.ServerID { return c.masters }

// Node returns the node of the client.
func (c *Client) Node() *sim.Node { return c.node }

// Outcome is what the client learned of an operation.
type Outcome struct {
	Request wire.RequestID // of a DDL
	Status  wire.Status
	// Unknown tells that the operation may or may not have taken effect, and may yet.
	Unknown bool
	Master  wire.ServerID // that answered
	Table   wire.TableID
	Version int64
	Schema  wire.Schema        // of Get
	Tables  []wire.ListedTable // of List
	Rows    []wire.Row         // of Scan
	Written int                // rows, of a write
}

func (o *Outcome) String() string {
	switch {
	case o.Unknown:
		return "unknown"
	case !o.Status.OK():
		return o.Status.String()
	case o.Written > 0:
		return fmt.Sprintf("%d written", o.Written)
	case o.Rows != nil:
		return fmt.Sprint(o.Rows)
	case o.Table != 0:
		return fmt.Sprintf("%v version %d %v", o.Table, o.Version, o.Schema.Names())
	}
	return fmt.Sprintf("%v", o.Tables)
}

// Do carries out an operation and publishes its call and its answer. If what the tablets have to do
// then is to be waited for, it polls until that is done or the deadline has passed.
func (c *Client) Do(p *sim.Proc, op Op) Outcome {
	p.SetCause(uint64(op.ID))
	deadline := p.Now().Add(AdminTimeout)
	h := wire.DDLHeader{}
	if op.ChangesCatalog() {
		c.seq++
		h.Request = wire.RequestID{Client: wire.ServerID(c.node.ID()), Seq: c.seq}
	}
	if op.Kind == Recall {
		op.Table = c.known[op.Name]
	}
	Called.Publish(c.node.World(), OpEvent{Client: c, Op: op, Request: h.Request})
	var out Outcome
	if op.OnRows() {
		out = c.doRows(p, op)
	} else {
		out = c.attempt(p, op, h, deadline)
	}
	out.Request = h.Request
	if out.Status.OK() && out.Table != 0 {
		c.known[cmp.Or(op.NewName, op.Name)] = out.Table
	}
	Answered.Publish(c.node.World(), OpEvent{Client: c, Op: op, Request: h.Request, Outcome: &out})
	if out.Status.OK() && !op.NoWait && op.IsDoneLater() {
		c.waitUntilDone(p, op, out, deadline)
	}
	return out
}

// attempt sends the request until it is answered for good. Follows AsyncLeaderMasterRpc: a
// master that does not lead, or does not answer, makes the client look for the leader again.
func (c *Client) attempt(p *sim.Proc, op Op, h wire.DDLHeader, deadline sim.Time) Outcome {
	var sent bool
	for n := 0; p.Now() < deadline; n++ {
		if n > 0 && len(c.masters) == 1 {
			c.delay(p, n, deadline)
		}
		if !c.findLeader(p, deadline) {
			break
		}
		until := min(deadline, p.Now().Add(rpcTimeout))
		h.Timeout = until.Sub(p.Now())
		sent = true
		resp, err := p.Call(c.leader.Node(), op.request(h), until)
		if err != nil {
			c.noAnswer(err)
			continue
		}
		c.learnMasters(resp)
		out := read(resp)
		out.Master = c.leader
		switch {
		case out.Status.Code == wire.NotTheLeader ||
			out.Status.Code == wire.CatalogManagerNotInitialized:
			c.leader = wire.NoServer
		case c.mayChange(out.Status.Code):
			c.delay(p, n+1, deadline)
		default:
			return out
		}
	}
	return Outcome{Status: wire.Err(wire.TimedOut, ""), Unknown: sent && op.ChangesCatalog(),
		Master: wire.NoServer}
}

// noAnswer makes the client look for the leader again: the master that led may not any more.
func (c *Client) noAnswer(err error) {
	if !(errors.Is(err, sim.ErrTimedOut) && c.v.On(variant.SilentMaster)) {
		c.leader = wire.NoServer
	}
}

// learnMasters looks who the masters are, if an answer tells that they have changed. In Kudu a
// client is started again with another list.
func (c *Client) learnMasters(resp sim.Message) {
	r, ok := resp.(interface{ Masters() *wire.MastersIndex })
	if !ok || r.Masters().Index <= c.mastersIndex {
		return
	}
	c.mastersIndex = r.Masters().Index
	c.node.Go("learn the masters", func(p *sim.Proc) {
		_, c.masters, _ = FindLeader(p, c.masters, p.Now().Add(rpcTimeout))
	})
}

// mayChange reports whether the same request may be answered otherwise a little later, and may be
// sent again without harm.
func (c *Client) mayChange(code wire.Code) bool {
	return c.v.On(variant.ExactlyOnceDDL) && (code == wire.NameReserved ||
		code == wire.ReplicationFactorTooHigh && c.v.On(variant.WaitForTServers))
}

// findLeader looks for the leader, again and again until the deadline, a little later each time.
func (c *Client) findLeader(p *sim.Proc, deadline sim.Time) bool {
	for n := 1; c.leader == wire.NoServer; n++ {
		if p.Now() >= deadline {
			return false
		}
		leader, all, location := FindLeader(p, c.masters, min(deadline, p.Now().Add(rpcTimeout)))
		c.leader, c.masters = leader, all
		if leader != wire.NoServer {
			c.location = location
		}
		if c.leader == wire.NoServer {
			wait := time.Duration(n)*time.Millisecond +
				c.node.Uniform(streamRetry, 0, 4*time.Millisecond)
			p.Sleep("look for the leader again", wait)
		}
	}
	return true
}

// delay waits before the n-th retry to the same master (rpc.cc, ComputeExponentialBackoff).
func (c *Client) delay(p *sim.Proc, n int, deadline sim.Time) {
	d := c.node.Uniform(streamRetry, 10*time.Millisecond, 19*time.Millisecond)
	d <<= min(8, n-1)
	p.Sleep("backoff", min(d, deadline.Sub(p.Now())))
}

func read(m sim.Message) Outcome {
	switch m := m.(type) {
	case *wire.DDLResponse:
		return Outcome{Status: m.Status, Table: m.Table, Version: m.Version}
	case *wire.TableSchemaResponse:
		return Outcome{Status: m.Status, Table: m.Table, Version: m.Version, Schema: m.Schema}
	case *wire.ListTablesResponse:
		return Outcome{Status: m.Status, Tables: m.Tables}
	}
	panic("client: unexpected answer " + m.Kind().String())
}

// waitUntilDone polls IsCreateTableDone or IsAlterTableDone, at growing intervals
// (KuduClient::Data::WaitForAlterTableToFinish), and publishes the end if it sees it.
func (c *Client) waitUntilDone(p *sim.Proc, op Op, out Outcome, deadline sim.Time) {
	var req sim.Message = &wire.IsAlterTableDoneRequest{Table: out.Table}
	if op.Kind == Create {
		req = &wire.IsCreateTableDoneRequest{Table: out.Table}
	}
	for pause := time.Millisecond; p.Now() < deadline; pause = min(pause*5/4, 2*time.Second) {
		if !c.findLeader(p, deadline) {
			return
		}
		called := c.node.World().Now()
		m, err := p.Call(c.leader.Node(), req, min(deadline, p.Now().Add(rpcTimeout)))
		if err != nil {
			c.noAnswer(err)
			continue
		}
		resp := m.(*wire.DoneResponse)
		switch {
		case resp.Status.Code == wire.NotTheLeader:
			c.leader = wire.NoServer
			continue
		case resp.Done || !resp.Status.OK(): // or the table is gone
			out.Status, out.Version = resp.Status, resp.Version
			Done.Publish(c.node.World(), OpEvent{Client: c, Op: op, Request: out.Request,
				Outcome: &out, PollCalled: called})
			return
		}
		p.Sleep("poll", min(pause, deadline.Sub(p.Now())))
	}
}
