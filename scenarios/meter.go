package scenarios

import (
	"slices"
	"time"

	"tabletop/model"
	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// meter counts what a run costs and how much of a test it is.
type meter struct {
	masterLeaders int // elections of the master tablet that were won
	tablesCreated int
	cost          Cost
	lastWrite     int64
	alterCalled   map[int]sim.Time // by operation
	alterTimes    []time.Duration  // from call to done
}

// Cost is what a cluster spent up to an instant.
type Cost struct {
	Virtual        time.Duration `json:"virtual_ns"`
	MasterWrites   int           `json:"master_writes"`
	Messages       uint64        `json:"messages"`
	HeartbeatBytes int           `json:"heartbeat_bytes"`
}

// soFar returns the cost up to now.
func (m *meter) soFar(w *sim.World) Cost {
	cost := m.cost
	cost.Virtual, cost.Messages = time.Duration(w.Now()), w.Stats().Messages
	return cost
}

func startMeter(c *model.Cluster) *meter {
	m := &meter{alterCalled: map[int]sim.Time{}}
	raft.Elected.Subscribe(c.World, func(e raft.ReplicaEvent) {
		if e.Replica.Tablet() == wire.SysCatalog {
			m.masterLeaders++
		}
	})
	master.Applied.Subscribe(c.World, func(e master.AppliedEvent) {
		if e.Op.Index > m.lastWrite {
			m.lastWrite = e.Op.Index
			m.cost.MasterWrites++
		}
	})
	sim.Sent.Subscribe(c.World, func(e *sim.Envelope) {
		if k := e.Msg.Kind(); k == wire.KindTSHeartbeat || k == wire.KindTSHeartbeatResponse {
			m.cost.HeartbeatBytes += e.Size()
		}
	})
	client.Called.Subscribe(c.World, func(e client.OpEvent) {
		if e.Op.Kind == client.Alter {
			m.alterCalled[e.Op.ID] = c.World.Now()
		}
	})
	client.Answered.Subscribe(c.World, func(e client.OpEvent) {
		if e.Op.Kind == client.Create && e.Outcome.Status.OK() {
			m.tablesCreated++
		}
	})
	client.Done.Subscribe(c.World, func(e client.OpEvent) {
		if e.Op.Kind == client.Alter && e.Outcome.Status.OK() {
			m.alterTimes = append(m.alterTimes, c.World.Now().Sub(m.alterCalled[e.Op.ID]))
		}
	})
	return m
}

// median returns the middle of the values, the lower of two; 0 if there are none.
func median[T int | int64 | time.Duration](values []T) T { return percentile(values, 50) }

// percentile returns the smallest value that at least p percent of the values do not exceed; 0 if
// there are none.
func percentile[T int | int64 | time.Duration](values []T, p int) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}
