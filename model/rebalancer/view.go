// Package rebalancer carries out what package rebalance plans, in a live cluster: it describes the
// cluster to the planner, and turns each move into a change of a tablet's configuration, which
// marks the replica that is to go and adds the one that is to come. The masters do the rest: a
// replica that is promoted makes another one too many, and the marked one is evicted. Tool is the
// program that people run from outside; the leader master rebalances by itself with the same parts.
//
//tabletop:deterministic
package rebalancer

import (
	"fmt"
	"slices"

	"tabletop/model/ksck"
	"tabletop/model/rebalance"
	"tabletop/model/wire"
)

// View is a cluster as the planner sees it, and who is who in it.
type View struct {
	rebalance.Cluster
	servers []wire.ServerID
	tablets []Tablet
}

// Tablet is a tablet of a View.
type Tablet struct {
	ID    wire.TabletID
	State wire.ConsensusState // as its leader has it, if it is known
}

// Describe makes the view of some servers and all live tables. A tablet is as healthy as status
// says. One whose configuration is under way to another, for whatever reason, is not to be moved,
// and its replicas count as they will be: two who rebalance at a time would otherwise undo each
// other's moves for ever. Replicas on servers that are not among those given do not count.
func Describe(servers []wire.TServerDescription, tables []wire.TableDescription,
	status func(wire.TabletID) ksck.Status) View {
	v := View{}
	for _, s := range servers {
		v.servers = append(v.servers, s.ID)
		v.Servers = append(v.Servers, rebalance.Server{Location: s.Location,
			Ignored: s.Maintenance})
	}
	for i, t := range tables {
		v.Tables = append(v.Tables, rebalance.Table{ReplicationFactor: t.Replicas,
			Locations: t.Locations})
		for _, d := range t.Tablets {
			tablet := rebalance.Tablet{Table: i, Range: d.Partition.Range.String(),
				Leader: v.indexOf(d.State.Leader), Moving: !settled(d, t.Replicas),
				Health: healthOf(status(d.ID))}
			for _, m := range d.State.Config.Members {
				s, stays := v.indexOf(m.ID), !m.Replace && (!m.NonVoter || m.Promote)
				if stays && s != rebalance.None {
					tablet.Replicas = append(tablet.Replicas, s)
				}
			}
			v.Tablets = append(v.Tablets, tablet)
			v.tablets = append(v.tablets, Tablet{d.ID, d.State})
		}
	}
	return v
}

func (v *View) indexOf(id wire.ServerID) int {
	return slices.Index(v.servers, id) // rebalance.None if it is not there
}

// settled reports whether a tablet has just the replicas that its table wants, and no change of
// them is under way.
func settled(d wire.TabletDescription, factor int) bool {
	if d.State.Pending || len(d.State.Config.Members) != factor {
		return false
	}
	return !slices.ContainsFunc(d.State.Config.Members, func(m wire.Member) bool {
		return m.NonVoter || m.Promote || m.Replace
	})
}

func healthOf(s ksck.Status) rebalance.Health {
	switch s {
	case ksck.Healthy:
		return rebalance.Healthy
	case ksck.Recovering:
		return rebalance.Recovering
	}
	return rebalance.Unhealthy
}

// Move is a replica on its way from one server to another.
type Move struct {
	Tablet wire.TabletID
	From   wire.ServerID
	// To is the destination; NoServer: the leader master chooses one, as for a replica that failed.
	To    wire.ServerID
	Index int64 // of the committed configuration that it changes
	Phase rebalance.Phase
	// Leader is where to ask about it.
	Leader wire.ServerID
}

func (m Move) String() string {
	if m.To == wire.NoServer {
		return fmt.Sprintf("%v away from %d", m.Tablet, m.From)
	}
	return fmt.Sprintf("%v from %d to %d", m.Tablet, m.From, m.To)
}

// Moves translates what was planned. The policy fixer leaves the destination to the master.
func (v *View) Moves(planned []rebalance.Move) []Move {
	var list []Move
	for _, p := range planned {
		t := v.tablets[p.Tablet]
		m := Move{Tablet: t.ID, From: v.servers[p.From], To: wire.NoServer,
			Index: t.State.Config.Index, Phase: p.Phase, Leader: t.State.Leader}
		if p.To != rebalance.None {
			m.To = v.servers[p.To]
		}
		list = append(list, m)
	}
	return list
}

// Request is the change of the configuration that begins the move (ScheduleReplicaMove,
// SetReplace).
func (m Move) Request(leader wire.ServerID) *wire.ChangeConfigRequest {
	changes := []wire.PeerChange{{Kind: wire.ModifyPeer,
		Member: wire.Member{ID: m.From, Replace: true}}}
	if m.To != wire.NoServer {
		changes = append(changes, wire.PeerChange{Kind: wire.AddPeer,
			Member: wire.Member{ID: m.To, NonVoter: true, Promote: true}})
	}
	return &wire.ChangeConfigRequest{Dest: leader, Tablet: m.Tablet, CAS: m.Index, Changes: changes}
}

// Progress is how far a move has come.
type Progress uint8

// The states of a move. The first is the zero value.
const (
	UnderWay Progress = iota
	// StepDownNeeded: the replica that is to go leads, and another has come in its place.
	StepDownNeeded
	Completed
	Failed // the replica that was to come is no member, or the one to go is to stay
)

func (p Progress) String() string {
	return [...]string{"under way", "waits for the leader to step down", "completed",
		"failed"}[p]
}

// Judge says how far the move has come, by what the tablet's leader says of the configuration
// (CheckCompleteMove, CheckCompleteReplace).
func (m Move) Judge(s wire.ConsensusState) Progress {
	from, stays := s.Config.Find(m.From)
	to, came := s.Config.Find(m.To)
	switch {
	case s.Config.Index <= m.Index:
		return UnderWay
	case m.To != wire.NoServer && !came:
		return Failed
	case !stays && (m.To == wire.NoServer || !to.NonVoter):
		return Completed
	case !stays:
		return UnderWay
	case !from.Replace:
		return Failed
	case s.Leader == m.From && onlyVoters(s.Config) && (m.To == wire.NoServer || !to.NonVoter):
		return StepDownNeeded
	}
	return UnderWay
}

func onlyVoters(c wire.RaftConfig) bool { return len(c.Voters()) == len(c.Members) }

// tablet returns the place of a tablet in the view; negative: it is not there.
func (v *View) tablet(id wire.TabletID) int {
	return slices.IndexFunc(v.tablets, func(t Tablet) bool { return t.ID == id })
}

// leader returns the leader of a tablet in the view.
func (v *View) leader(id wire.TabletID) wire.ServerID {
	return v.tablets[v.tablet(id)].State.Leader
}

// apply makes a move that is under way count as done.
func (v *View) apply(tablet int, m Move) {
	rebalance.Move{Tablet: tablet, From: v.indexOf(m.From), To: v.indexOf(m.To)}.Apply(&v.Cluster)
}
