package wire

import "tabletop/sim"

// Kinds of messages with which people administer a cluster.
var (
	KindChangeTServerState = sim.NewKind("ChangeTServerState")
	KindAddMaster          = sim.NewKind("AddMaster")
	KindRemoveMaster       = sim.NewKind("RemoveMaster")
)

// AddMasterRequest asks the leader master to make a server a master. It is answered by a
// TabletResponse when the change is committed; the new master votes once it has caught up.
type AddMasterRequest struct{ Master ServerID }

// Kind implements sim.Message.
func (*AddMasterRequest) Kind() *sim.Kind { return KindAddMaster }

// Fold implements sim.Message.
func (m *AddMasterRequest) Fold(d *sim.Digest) { d.Int(int64(m.Master)) }

// Size implements sim.Message.
func (*AddMasterRequest) Size() int { return 48 }

// RemoveMasterRequest asks the leader master to do without another master. It is answered by a
// TabletResponse when that is committed.
type RemoveMasterRequest struct{ Master ServerID }

// Kind implements sim.Message.
func (*RemoveMasterRequest) Kind() *sim.Kind { return KindRemoveMaster }

// Fold implements sim.Message.
func (m *RemoveMasterRequest) Fold(d *sim.Digest) { d.Int(int64(m.Master)) }

// Size implements sim.Message.
func (*RemoveMasterRequest) Size() int { return 48 }

// ChangeTServerStateRequest announces work on a tablet server to the leader master, or its end.
// It is answered by a TabletResponse.
type ChangeTServerStateRequest struct {
	Server      ServerID
	Maintenance bool
}

// Kind implements sim.Message.
func (*ChangeTServerStateRequest) Kind() *sim.Kind { return KindChangeTServerState }

// Fold implements sim.Message.
func (m *ChangeTServerStateRequest) Fold(d *sim.Digest) {
	d.Int(int64(m.Server))
	d.Bool(m.Maintenance)
}

// Size implements sim.Message.
func (*ChangeTServerStateRequest) Size() int { return 48 }
