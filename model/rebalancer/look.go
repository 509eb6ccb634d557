package rebalancer

import (
	"time"

	"tabletop/model/client"
	"tabletop/model/ksck"
	"tabletop/model/wire"
	"tabletop/sim"
)

// answerTimeout is how long a tool waits for one answer.
const answerTimeout = 10 * time.Second

// cluster is what a tool has seen of a cluster.
type cluster struct {
	ksck.Report
	servers []wire.TServerDescription
	tables  []wire.TableDescription
	status  map[wire.TabletID]ksck.Status
}

// look asks the leader master, and then every tablet server, how things are, and reports whether a
// leader master has answered.
func (t *Tool) look(p *sim.Proc) bool {
	leader, all, _ := client.FindLeader(p, t.masters, p.Now().Add(answerTimeout))
	t.masters = all
	if leader == wire.NoServer {
		return false
	}
	m, err := p.Call(leader.Node(), &wire.DescribeClusterRequest{}, p.Now().Add(answerTimeout))
	d, ok := m.(*wire.ClusterResponse)
	if err != nil || !ok || !d.Status.OK() {
		return false
	}
	s := ksck.Snapshot{Leader: leader, Tables: d.Tables, TServers: t.askAll(p, d.Servers)}
	t.seen = cluster{Report: ksck.Verify(s), servers: d.Servers, tables: d.Tables,
		status: map[wire.TabletID]ksck.Status{}}
	for _, table := range t.seen.Report.Tables {
		for _, tablet := range table.Tablets {
			t.seen.status[tablet.ID] = tablet.Status
		}
	}
	t.refine(s)
	return true
}

// refine takes the leaders' own word for the configurations of their tablets.
func (t *Tool) refine(s ksck.Snapshot) {
	own := map[wire.ServerID]ksck.Server{}
	for _, server := range s.TServers {
		own[server.ID] = server
	}
	for i := range t.seen.tables {
		table := &t.seen.tables[i]
		tablets := make([]wire.TabletDescription, len(table.Tablets))
		for k, d := range table.Tablets {
			r, there := own[d.State.Leader].Replicas[d.ID]
			if there && r.Running && r.State.Leader == d.State.Leader {
				d.State = r.State
			}
			tablets[k] = d
		}
		table.Tablets = tablets
	}
}

// askAll asks all tablet servers at once, and returns what they say.
func (t *Tool) askAll(p *sim.Proc, all []wire.TServerDescription) []ksck.Server {
	servers, pending := make([]ksck.Server, len(all)), len(all)
	var news sim.Cond
	for i, d := range all {
		servers[i] = ksck.Server{ID: d.ID, Name: t.name(d.ID), Location: d.Location,
			Answers: wire.NoServer}
		t.node.Go("ask a tablet server", func(p *sim.Proc) {
			if resp := listTablets(p, d.ID); resp != nil {
				servers[i].Answers = resp.Server
				servers[i].Replicas = ksck.Replicas(resp.Tablets)
			}
			pending--
			news.Broadcast()
		})
	}
	for pending > 0 {
		news.Wait(p, "all tablet servers")
	}
	return servers
}

// listTablets asks whoever is at the address of a server for its replicas; nil: nobody answers.
func listTablets(p *sim.Proc, id wire.ServerID) *wire.TabletsResponse {
	m, err := p.Call(id.Node(), &wire.ListTabletsRequest{}, p.Now().Add(answerTimeout))
	if resp, ok := m.(*wire.TabletsResponse); err == nil && ok {
		return resp
	}
	return nil
}

func (t *Tool) name(id wire.ServerID) string { return t.node.World().Node(id.Node()).Name() }

// refuses reports whether the tool does not even begin: some server that the master takes for live
// does not answer, or is in maintenance (CheckTabletServers). Those that are presumed dead, or
// displaced by another, people tell it to ignore; and perhaps those in maintenance, if the others
// are enough for every table.
func (t *Tool) refuses() bool {
	others, factor := 0, 0
	for i, s := range t.seen.servers {
		h := t.seen.TServers[i].Health
		if t.ignores(s) {
			continue
		}
		if s.Live && (h == ksck.ServerUnavailable || s.Maintenance && h == ksck.ServerHealthy) {
			return true
		}
		if s.Live {
			others++
		}
	}
	for _, table := range t.seen.tables {
		factor = max(factor, table.Replicas)
	}
	return t.v.EmptyIgnored && others < factor
}

func (t *Tool) ignores(s wire.TServerDescription) bool {
	return t.v.EmptyIgnored && s.Maintenance
}

// usable lists the servers that replicas may be moved from and to, or from only.
func (t *Tool) usable() []wire.TServerDescription {
	var list []wire.TServerDescription
	for i, s := range t.seen.servers {
		if t.ignores(s) {
			list = append(list, s)
		} else if s.Live && !s.Maintenance && t.seen.TServers[i].Health == ksck.ServerHealthy {
			list = append(list, s)
		}
	}
	return list
}
