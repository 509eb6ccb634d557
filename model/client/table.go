package client

import (
	"slices"
	"time"

	"tabletop/model/placement"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// locationsTTL is how long what a master has told of a table's tablets is believed
// (table_locations_ttl_ms).
const locationsTTL = 5 * time.Minute

// openTable is a table that the program has opened: by its name, and from then on the table of that
// id, whatever becomes of the name (KuduTable).
type openTable struct {
	id      wire.TableID
	version int64
	columns []string
	tablets []*location // nil: to be looked up
	expires sim.Time
}

// location is what the client knows of a tablet (RemoteTablet).
type location struct {
	wire.TabletLocations
	failed, follows []wire.ServerID // that did not serve, or said that they do not lead
}

// open returns the table that was opened under a name, and opens it if none was.
func (c *Client) open(p *sim.Proc, name string, deadline sim.Time) (*openTable, wire.Status) {
	if t := c.tables[name]; t != nil {
		return t, wire.Status{}
	}
	out := c.attempt(p, Op{Kind: Get, Name: name}, wire.DDLHeader{}, deadline)
	if !out.Status.OK() {
		return nil, out.Status
	}
	t := &openTable{id: out.Table, version: out.Version, columns: out.Schema.Names()}
	c.tables[name] = t
	return t, wire.Status{}
}

// locate makes sure that the client knows the table's tablets (MetaCache). A table that is being
// created has none yet.
func (c *Client) locate(p *sim.Proc, t *openTable, deadline sim.Time) wire.Status {
	for n := 1; t.tablets == nil || p.Now() >= t.expires; n++ {
		resp := c.askMaster(p, &wire.GetTableLocationsRequest{Table: t.id}, deadline)
		switch {
		case resp == nil:
			return wire.Err(wire.TimedOut, "")
		case resp.Status.OK():
			t.tablets = c.learn(resp.Tablets)
			t.expires = p.Now().Add(locationsTTL)
		case resp.Status.Code == wire.TabletNotRunning:
			c.pause(p, n, deadline)
		default:
			return resp.Status
		}
	}
	return wire.Status{}
}

// learn takes over what a master has told of tablets, be the table open under two names.
func (c *Client) learn(tablets []wire.TabletLocations) []*location {
	all := make([]*location, len(tablets))
	for i, told := range tablets {
		if all[i] = c.located[told.Tablet]; all[i] == nil {
			all[i] = &location{}
			c.located[told.Tablet] = all[i]
		}
		*all[i] = location{TabletLocations: told}
	}
	return all
}

// askMaster asks the leader master until it answers; nil: the deadline has passed.
func (c *Client) askMaster(p *sim.Proc, req sim.Message,
	deadline sim.Time) *wire.TableLocationsResponse {
	for n := 1; c.findLeader(p, deadline); n++ {
		m, err := p.Call(c.leader.Node(), req, min(deadline, p.Now().Add(rpcTimeout)))
		if err == nil {
			resp := m.(*wire.TableLocationsResponse)
			c.learnMasters(resp)
			if resp.Status.Code != wire.NotTheLeader {
				return resp
			}
		}
		c.leader = wire.NoServer
		if len(c.masters) == 1 {
			c.delay(p, n, deadline)
		}
	}
	return nil
}

// pause waits before the n-th try, a little longer each time (rpc.cc, linear backoff).
func (c *Client) pause(p *sim.Proc, n int, deadline sim.Time) {
	d := time.Duration(n)*time.Millisecond + c.node.Uniform(streamRetry, 0, 4*time.Millisecond)
	p.Sleep("linear backoff", min(d, deadline.Sub(p.Now())))
}

// tabletOf returns the tablet that holds a key; nil: none does.
func (t *openTable) tabletOf(key int64) *location {
	i := slices.IndexFunc(t.tablets, func(l *location) bool { return l.Partition.Contains(key) })
	if i < 0 {
		return nil
	}
	return t.tablets[i]
}

// pickLeader returns the server to which a write goes: the leader that is known, or a replica that
// may be it. NoServer: all were tried, and the master must be asked again
// (MetaCacheServerPicker::PickLeader).
func (l *location) pickLeader() wire.ServerID {
	bad := func(id wire.ServerID) bool {
		return slices.Contains(l.failed, id) || slices.Contains(l.follows, id)
	}
	if l.Leader != wire.NoServer && !bad(l.Leader) {
		return l.Leader
	}
	for _, id := range l.Replicas {
		if !bad(id) {
			l.Leader = id
			return id
		}
	}
	return wire.NoServer
}

// pickAny returns the closest replica, as the locations tell, to which a scan goes: of equal ones
// the same for one client, as long as that serves (KuduClient::Data::SelectTServer).
func (c *Client) pickAny(l *location) wire.ServerID {
	closest, picked := -1, wire.NoServer
	for i := range l.Replicas {
		i = (i + int(c.node.ID())) % len(l.Replicas)
		if n := c.common(l.Locations[i]); n > closest && !slices.Contains(l.failed, l.Replicas[i]) {
			closest, picked = n, l.Replicas[i]
		}
	}
	return picked
}

// common tells how much of its location the client has in common with another.
func (c *Client) common(other string) int {
	switch {
	case c.location == "" || other == "":
		return 0
	case c.v.LocationMatch == variant.MatchPath:
		return placement.Depth(c.location, other)
	case c.location == other:
		return 1
	}
	return 0
}
