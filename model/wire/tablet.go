package wire

import "tabletop/sim"

// Kinds of messages to a tablet's replica from masters, other replicas and people.
var (
	KindChangeConfig      = sim.NewKind("BulkChangeConfig")
	KindRunLeaderElection = sim.NewKind("RunLeaderElection")
	KindLeaderStepDown    = sim.NewKind("LeaderStepDown")
)

// ChangeConfigRequest asks a tablet's leader for changes of the configuration, all at one instant
// (BulkChangeConfigRequestPB). It is answered when they are committed.
type ChangeConfigRequest struct {
	Dest    ServerID
	Tablet  TabletID
	CAS     int64 // index of the committed configuration that is meant; NoCAS: any
	Changes []PeerChange
}

// Kind implements sim.Message.
func (*ChangeConfigRequest) Kind() *sim.Kind { return KindChangeConfig }

// Fold implements sim.Message.
func (m *ChangeConfigRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Dest))
	d.Uint64(uint64(m.Tablet))
	d.Int(m.CAS)
	for _, c := range m.Changes {
		d.Uint64(uint64(c.Kind))
		d.Int(int64(c.ID))
		d.Int(int64(c.marks()))
	}
}

// Size implements sim.Message.
func (m *ChangeConfigRequest) Size() int { return 80 + 48*len(m.Changes) }

// RunLeaderElectionRequest makes a replica stand for election now, against a live leader too.
type RunLeaderElectionRequest struct {
	Dest   ServerID
	Tablet TabletID
}

// Kind implements sim.Message.
func (*RunLeaderElectionRequest) Kind() *sim.Kind { return KindRunLeaderElection }

// Fold implements sim.Message.
func (m *RunLeaderElectionRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Dest))
	d.Uint64(uint64(m.Tablet))
}

// Size implements sim.Message.
func (*RunLeaderElectionRequest) Size() int { return 80 }

// LeaderStepDownRequest makes a tablet's leader hand its leadership over: gracefully, to a
// successor that has the whole log, or abruptly, to whoever is elected next.
type LeaderStepDownRequest struct {
	Dest      ServerID
	Tablet    TabletID
	Graceful  bool
	Successor ServerID // of a graceful one; NoServer: any
}

// Kind implements sim.Message.
func (*LeaderStepDownRequest) Kind() *sim.Kind { return KindLeaderStepDown }

// Fold implements sim.Message.
func (m *LeaderStepDownRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Dest))
	d.Uint64(uint64(m.Tablet))
	d.Bool(m.Graceful)
	d.Int(int64(m.Successor))
}

// Size implements sim.Message.
func (*LeaderStepDownRequest) Size() int { return 80 }
