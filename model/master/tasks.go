package master

import (
	"fmt"
	"slices"
	"time"

	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

var streamBackoff = sim.NewStream("master/task-backoff")

// task is a call to a tablet server that is repeated until it succeeds, its deadline passes, or
// it is aborted. It lives in the memory of this process only (RetryingTSRpcTask).
type task struct {
	info     TaskInfo
	table    *tableInfo // whose removal or reload aborts it
	deadline sim.Time
	target   func() wire.ServerID               // found anew for every attempt; NoServer: not known
	request  func(to wire.ServerID) sim.Message // made anew for every attempt
	aborted  bool
	// unique makes it a duplicate of one that looks the same (TableInfo::ContainsTask); so are
	// those that a report asks for, since the next report asks for them again.
	unique  bool
	deletes bool // it asks for a replica to be given up, one way or the other
	wake    sim.Cond
	// settles tells whether an answer ends the task.
	settles func(wire.Code) bool
	// done takes note of the answer that ends the task; nil: it says nothing new.
	done func(*sim.Proc, wire.Code)
	// obsolete tells that the task is of no use any more; nil: never.
	obsolete func() bool
}

// Names of tasks.
const (
	CreateReplica    = "CreateReplica"
	DeleteReplica    = "DeleteReplica"    // for good
	TombstoneReplica = "TombstoneReplica" // it was evicted
)

// How tasks end without an answer of their target.
const (
	Aborted        = "aborted"
	Obsolete       = "obsolete"
	DeadlinePassed = "deadline passed"
)

// TaskInfo describes a task to observers.
type TaskInfo struct {
	Name   string // CreateReplica, DeleteReplica, AlterTable, ...
	Table  wire.TableID
	Tablet wire.TabletID
	Config int64         // index of the configuration that it is about, if it changes that
	Victim wire.ServerID // who is to leave that configuration
	Target wire.ServerID // of the latest attempt; NoServer: not known
	Wait   string        // what it waits for, for people
	Began  sim.Time      // by the master's clock
	Tries  int
}

// launch runs the task.
func (m *Master) launch(t *task) {
	t.info.Table, t.info.Target = t.table.row.ID, t.target()
	t.info.Began = m.node.Now()
	if t.unique && !m.v.On(variant.KUDU2992) && slices.ContainsFunc(t.table.tasks,
		func(o *task) bool { return m.alike(t, o) }) {
		return
	}
	t.table.tasks = append(t.table.tasks, t)
	TaskStarted.Publish(m.node.World(), TaskEvent{m, t.info, ""})
	m.node.Go(t.info.Name, func(p *sim.Proc) {
		result := m.run(p, t)
		t.table.tasks = slices.DeleteFunc(t.table.tasks, func(o *task) bool { return o == t })
		TaskEnded.Publish(m.node.World(), TaskEvent{m, t.info, result})
	})
}

// alike reports whether two tasks are for the same thing. Kudu compares their descriptions, which
// do not tell a deletion for good from one that leaves a tombstone (23e07e3a9), nor who is to be
// evicted.
func (m *Master) alike(t, o *task) bool {
	sameKind := o.info.Name == t.info.Name || m.v.On(variant.L5) && o.deletes && t.deletes
	return sameKind && o.info.Tablet == t.info.Tablet && o.info.Config == t.info.Config &&
		o.info.Victim == t.info.Victim && o.target() == t.target()
}

// run makes attempts until one settles the task, and says how it ended.
func (m *Master) run(p *sim.Proc, t *task) string {
	for {
		if t.aborted {
			return Aborted
		}
		if t.obsolete != nil && t.obsolete() {
			return Obsolete
		}
		if p.Now() >= t.deadline {
			return DeadlinePassed
		}
		t.info.Tries++
		result, ended := m.tryOnce(p, t)
		if ended {
			return result
		}
		t.info.Wait = result
		t.wake.WaitUntil(p, "next attempt: "+result, p.Now().Add(m.backoff(p, t)))
	}
}

// tryOnce makes one attempt. A target that is not known now ends the task under the defect
// KUDU-1991 and is an attempt like any other without it (d0ffa4ac6).
func (m *Master) tryOnce(p *sim.Proc, t *task) (result string, ended bool) {
	t.info.Target = t.target()
	if t.info.Target == wire.NoServer || m.ts.descriptors[t.info.Target] == nil {
		if t.info.Target == wire.NoServer {
			result = "no leader known for " + t.info.Tablet.String()
		} else {
			result = m.name(t.info.Target) + " is not registered"
		}
		return result, m.v.On(variant.KUDU1991)
	}
	p.At(PointTask)
	req := t.request(t.info.Target)
	if req == nil {
		return "no tablet server is free", false
	}
	resp, err := p.Call(t.info.Target.Node(), req, min(t.deadline, p.Now().Add(tsRPCTimeout)))
	if err != nil {
		return err.Error(), false
	}
	code := resp.(*wire.TabletResponse).Status.Code
	ended = t.settles(code)
	if ended && t.done != nil {
		t.done(p, code)
	}
	return code.String(), ended
}

// backoff returns the wait after an attempt: 16, 32, ... 32768 ms, then a minute; and up to
// 49 ms more (RescheduleWithBackoffDelay).
func (m *Master) backoff(p *sim.Proc, t *task) time.Duration {
	d := time.Minute
	if t.info.Tries <= 12 {
		d = time.Millisecond << (t.info.Tries + 3)
	}
	if m.v.On(variant.KUDU2320) && m.ts.descriptors[t.info.Target] == nil {
		return time.Millisecond
	}
	d += m.node.Uniform(streamBackoff, 0, 49*time.Millisecond)
	return min(d, max(t.deadline.Sub(p.Now()), time.Millisecond))
}

// abort makes the task end without another attempt. A call on its way still takes effect.
func (t *task) abort() {
	t.aborted = true
	t.wake.Broadcast()
}

func (t *tableInfo) abortTasks() {
	for _, task := range t.tasks {
		task.abort()
	}
}

// abortTasks aborts the tasks of one tablet; nobody answers for it any more.
func (t *tabletInfo) abortTasks() {
	for _, task := range t.table.tasks {
		if task.info.Tablet == t.row.ID {
			task.abort()
		}
	}
}

// endTasks aborts every task and returns when all have ended (TableInfo::WaitTasksCompletion).
func (c *catalogManager) endTasks(p *sim.Proc) {
	ids := sim.Keys(c.tables)
	for _, id := range ids {
		c.tables[id].abortTasks()
	}
	for _, id := range ids {
		for wait := 5 * time.Millisecond; len(c.tables[id].tasks) > 0; wait = wait * 5 / 4 {
			p.Sleep("tasks of an earlier leadership", min(wait, 10*time.Second))
		}
	}
}

func settledBy(codes ...wire.Code) func(wire.Code) bool {
	return func(c wire.Code) bool { return slices.Contains(codes, c) }
}

// createReplica tells a chosen server to make its replica (AsyncCreateReplica).
func (m *Master) createReplica(tablet *tabletInfo, server wire.ServerID) {
	table, row := tablet.table.row, tablet.row
	m.launch(&task{
		info:     TaskInfo{Name: CreateReplica, Tablet: row.ID},
		table:    tablet.table,
		deadline: m.node.Now().Add(m.v.CreationTimeout),
		target:   func() wire.ServerID { return server },
		request: func(to wire.ServerID) sim.Message {
			return &wire.CreateTabletRequest{Dest: to, Table: table.ID, Tablet: row.ID,
				Partition: row.Partition, Dimension: row.Dimension, Version: table.Version,
				Schema: table.Schema, Config: row.Consensus.Config}
		},
		settles: settledBy(wire.OK, wire.TabletAlreadyExists,
			wire.WrongServerUUID),
	})
}

// deleteReplica tells a server to delete a replica for good (AsyncDeleteReplica). The catalog
// has recorded that the tablet is gone, so this is safe from whichever master it comes.
func (m *Master) deleteReplica(tablet *tabletInfo, server wire.ServerID) {
	m.giveUpReplica(DeleteReplica, tablet, server, false, wire.NoCAS)
}

// deleteUnknown tells a server to delete a replica whose tablet this master has never heard of.
// Nobody can abort that.
func (m *Master) deleteUnknown(id wire.TabletID, server wire.ServerID) {
	nobody := &tableInfo{row: &catalog.Table{}}
	m.deleteReplica(&tabletInfo{row: &catalog.Tablet{ID: id}, table: nobody}, server)
}

// tombstoneReplica tells a server that is no member of the configuration of that index to give its
// replica up. One that has heard of a later configuration does not: it may be a member there.
func (m *Master) tombstoneReplica(tablet *tabletInfo, server wire.ServerID, index int64) {
	if m.v.On(variant.KUDU1129) {
		index = wire.NoCAS
	}
	m.giveUpReplica(TombstoneReplica, tablet, server, true, index)
}

func (m *Master) giveUpReplica(name string, tablet *tabletInfo, server wire.ServerID,
	tombstone bool, cas int64) {
	id, patience := tablet.row.ID, unresponsiveTSTimeout
	if m.v.On(variant.KUDU1062) {
		patience = tsRPCTimeout
	}
	settling := []wire.Code{wire.OK, wire.TabletNotFound, wire.CASFailed}
	if !m.v.On(variant.KUDU3341) {
		settling = append(settling, wire.WrongServerUUID)
	}
	if m.v.On(variant.L5) {
		settling = append(settling, wire.AlreadyInProgress)
	}
	m.launch(&task{
		info:     TaskInfo{Name: name, Tablet: id},
		table:    tablet.table,
		unique:   true,
		deletes:  true,
		deadline: m.node.Now().Add(patience),
		target:   func() wire.ServerID { return server },
		request: func(to wire.ServerID) sim.Message {
			req := &wire.DeleteTabletRequest{Dest: to, Tablet: id, Tombstone: tombstone, CAS: cas}
			if v := tablet.vouched; v.Index == cas {
				req.Since = v.Term
			}
			return req
		},
		settles: settledBy(settling...),
	})
}

// unreachable lists the tablets that an alter about to be written passes over: none. With KUDU-849
// those of which no leader is known.
func (m *Master) unreachable(t *tableInfo) []*tabletInfo {
	if !m.v.On(variant.KUDU849) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(t.tablets), func(t *tabletInfo) bool {
		return m.leaderOf(t.row) != wire.NoServer
	})
}

// alterTablets tells the leader of every tablet of the table, but some, the latest schema.
func (m *Master) alterTablets(t *tableInfo, but []*tabletInfo) {
	for _, tablet := range t.tablets {
		if !slices.Contains(but, tablet) {
			m.alterTablet(tablet, false)
		}
	}
}

// alterTablet ships the schema that is the latest when it is sent, so that late duplicates are
// harmless (AsyncAlterTable). Reports tell how far the tablet has come; with the defect fb41e96d2
// any answer that ends the task does too, though it may be that there is no such tablet.
func (m *Master) alterTablet(tablet *tabletInfo, unique bool) {
	sent := int64(-1)
	t := &task{
		info:     TaskInfo{Name: "AlterTable", Tablet: tablet.row.ID},
		table:    tablet.table,
		unique:   unique,
		deadline: m.node.Now().Add(unresponsiveTSTimeout),
		target:   func() wire.ServerID { return m.leaderOf(tablet.row) },
		request: func(to wire.ServerID) sim.Message {
			table := tablet.table.row
			sent = table.Version
			return &wire.AlterSchemaRequest{Dest: to, Tablet: tablet.row.ID, Version: table.Version,
				Schema: table.Schema}
		},
		settles: settledBy(wire.OK, wire.TabletNotFound, wire.MismatchedSchema,
			wire.TabletHasANewerSchema),
	}
	if m.v.On(variant.KUDU679) || m.v.On(variant.AlterAckFromRPC) {
		t.done = func(p *sim.Proc, code wire.Code) {
			if code == wire.OK || m.v.On(variant.AlterAckFromRPC) {
				m.altered(p, tablet, sent)
			}
		}
	}
	m.launch(t)
}

// altered takes note, when an answer to an alter comes in, that a tablet has a version of the
// schema. With KUDU-679 it does so in the thread that the other masters' answers to what it writes
// come in too.
func (m *Master) altered(p *sim.Proc, tablet *tabletInfo, version int64) {
	term, ok := m.enter()
	if !ok {
		return
	}
	defer m.leave()
	if m.v.On(variant.KUDU679) {
		m.reactor.Lock(p, "the thread that takes answers")
		defer m.reactor.Unlock()
	}
	m.noteSchemaVersion(p, term, tablet, version)
}

func (m *Master) name(id wire.ServerID) string {
	if id == wire.NoServer {
		return "nobody"
	}
	return m.node.World().Node(id.Node()).Name()
}

func (i TaskInfo) String() string {
	return fmt.Sprintf("%s of %v: %s", i.Name, i.Tablet, i.Wait)
}
