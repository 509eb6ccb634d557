package master

import (
	"fmt"

	"tabletop/model/catalog"
	"tabletop/model/replicas"
	"tabletop/model/wire"
	"tabletop/sim"
)

// What masters tell observers.
var (
	// LeaderReady tells that a leader has loaded its catalog and serves.
	LeaderReady = sim.NewTopic[LeaderEvent]("leader-ready")
	// Applied tells that a replica of the master tablet applied a batch.
	Applied = sim.NewTopic[AppliedEvent]("catalog-applied")
	// Published tells that a leader made a batch visible in its caches.
	Published = sim.NewTopic[PublishedEvent]("catalog-published")
	// Joined tells that a new master has copied the master tablet.
	Joined = sim.NewTopic[TServerEvent]("master-joined")
	// Registered tells that a tablet server registered with a master.
	Registered = sim.NewTopic[TServerEvent]("tserver-registered")
	// Reported tells that a master has taken a tablet report.
	Reported = sim.NewTopic[ReportEvent]("report-processed")
	// ReplicasPlaced tells at the instant of the choice which servers a leader has chosen.
	ReplicasPlaced = sim.NewTopic[PlacementEvent]("replicas-placed")
	// ReplicasDecided tells that a leader wants a tablet's configuration changed, and why.
	ReplicasDecided = sim.NewTopic[DecisionEvent]("replicas-decided")
	// Began tells that a leader has let a DDL request in.
	Began = sim.NewTopic[RequestEvent]("ddl-began")
	// TaskStarted tells that a master wants something of a tablet server.
	TaskStarted = sim.NewTopic[TaskEvent]("task-started")
	// TaskEnded tells how that ended.
	TaskEnded = sim.NewTopic[TaskEvent]("task-ended")
)

// LeaderEvent tells what became of a leadership.
type LeaderEvent struct {
	Master *Master
	Term   int64
}

// Fold implements sim.Event.
func (e LeaderEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Master.node.ID()))
	d.Int(e.Term)
}

func (e LeaderEvent) String() string {
	return fmt.Sprintf("%s term %d", e.Master.node.Name(), e.Term)
}

// AppliedEvent tells what became of the master tablet at one replica.
type AppliedEvent struct {
	Master *Master
	Op     wire.OpID
	Batch  *catalog.Batch
}

// Fold implements sim.Event. The contents of the batch are in the log entry's event.
func (e AppliedEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Master.node.ID()))
	d.Int(e.Op.Index)
}

func (e AppliedEvent) String() string {
	return fmt.Sprintf("%s %v: %v", e.Master.node.Name(), e.Op, describe(e.Batch))
}

// PublishedEvent tells what became of the caches of a leader.
type PublishedEvent struct {
	Master *Master
	Batch  *catalog.Batch
}

// Fold implements sim.Event.
func (e PublishedEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Master.node.ID()))
	d.Uint64(uint64(len(e.Batch.Tables)<<32 + len(e.Batch.Tablets)))
}

func (e PublishedEvent) String() string {
	return fmt.Sprintf("%s: %v", e.Master.node.Name(), describe(e.Batch))
}

func describe(b *catalog.Batch) string {
	text := ""
	for _, t := range b.Tables {
		text += fmt.Sprintf("%v %s %v v%d; ", t.ID, t.Name, t.State, t.Version)
	}
	for _, t := range b.Tablets {
		text += fmt.Sprintf("%v %v leader %d term %d; ", t.ID, t.State, t.Consensus.Leader,
			t.Consensus.Term)
	}
	for _, r := range b.Results {
		text += fmt.Sprintf("result of %v: %v; ", r.Request, r.Code)
	}
	return text
}

// TServerEvent tells what a master knows of a tablet server.
type TServerEvent struct {
	Master  *Master
	TServer wire.ServerID
}

// Fold implements sim.Event.
func (e TServerEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Master.node.ID())<<32 | uint64(e.TServer))
}

func (e TServerEvent) String() string {
	return fmt.Sprintf("%s: %s", e.Master.node.Name(), e.Master.name(e.TServer))
}

// ReportEvent tells of a tablet report that a leader, or a follower that keeps reports, took.
type ReportEvent struct {
	TServerEvent
	Full    bool
	Tablets []wire.ReportedTablet
}

// Fold implements sim.Event.
func (e ReportEvent) Fold(d *sim.Digest) {
	e.TServerEvent.Fold(d)
	d.Bool(e.Full)
	d.Uint64(uint64(len(e.Tablets)))
}

func (e ReportEvent) String() string {
	kind := "incremental"
	if e.Full {
		kind = "full"
	}
	return fmt.Sprintf("%v: %s, %d tablets", e.TServerEvent, kind, len(e.Tablets))
}

// DecisionEvent tells what a master decided about the replicas of a tablet, and from what.
type DecisionEvent struct {
	Master   *Master
	Tablet   wire.TabletID
	State    replicas.State
	Decision replicas.Decision
}

// Fold implements sim.Event.
func (e DecisionEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Master.node.ID()))
	d.Uint64(uint64(e.Tablet))
	d.Uint64(uint64(e.Decision.Action)<<32 | uint64(uint32(e.Decision.Server)))
}

func (e DecisionEvent) String() string {
	return fmt.Sprintf("%s: %v of %v, %v %v", e.Master.node.Name(), e.Decision, e.Tablet,
		e.State.Config, e.State.Health)
}

// RequestEvent tells of an attempt at a request, and in which term it came in.
type RequestEvent struct {
	Master  *Master
	Request wire.RequestID
	Term    int64
}

// Fold implements sim.Event.
func (e RequestEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Master.node.ID()))
	d.Int(e.Request.Seq)
	d.Int(e.Term)
}

func (e RequestEvent) String() string {
	return fmt.Sprintf("%s: request %v, term %d", e.Master.node.Name(), e.Request, e.Term)
}

// TaskEvent tells what became of a task.
type TaskEvent struct {
	Master *Master
	Task   TaskInfo
	Result string // of TaskEnded
}

// Fold implements sim.Event.
func (e TaskEvent) Fold(d *sim.Digest) {
	d.Uint64(uint64(e.Master.node.ID()))
	d.Uint64(uint64(e.Task.Tablet))
	d.String(e.Task.Name)
	d.String(e.Result)
}

func (e TaskEvent) String() string {
	text := fmt.Sprintf("%s: %s of %v", e.Master.node.Name(), e.Task.Name, e.Task.Tablet)
	if e.Result != "" {
		text += ": " + e.Result
	}
	return text
}
