package checker

import (
	"fmt"
	"slices"

	"tabletop/model/client"
	"tabletop/model/master"
	"tabletop/model/tserver"
	"tabletop/model/wire"
	"tabletop/sim"
)

// rowsJudge follows the logs of the tablets as they are applied, each entry once, by whoever
// applies it first, and holds to them what clients were told of rows.
type rowsJudge struct {
	j       *Judges
	looked  *int
	tablets map[wire.TabletID]*rowLog
	owners  map[wire.TabletID]wire.TableID
	calls   []*rowCall
	open    map[wire.RequestID]*rowCall // writes that have not returned
	begun   map[int]client.OpEvent      // operations that have not ended
	ended   []rowsOp
}

// rowLog is what the log of one tablet has made of its rows.
type rowLog struct {
	index  int64
	time   wire.Timestamp
	rows   map[int64][]rowWrite // by key, oldest first
	writes map[wire.RequestID]*rowsApplied
}

// rowWrite is one change of a row.
type rowWrite struct {
	time   wire.Timestamp
	value  int64
	erased bool
}

// rowsApplied is what became of a request.
type rowsApplied struct {
	time  wire.Timestamp
	codes []wire.Code
}

// rowCall is what a client asked of a tablet, and when it was told what.
type rowCall struct {
	client.RowCall
	returned sim.Time // Never: it has not
}

// rowsOp is a whole operation on rows that has ended.
type rowsOp struct {
	client.OpEvent
	at sim.Time
}

func watchRows(j *Judges) *rowsJudge {
	r := &rowsJudge{j: j, looked: j.counter(Rows), tablets: map[wire.TabletID]*rowLog{},
		owners: map[wire.TabletID]wire.TableID{}, open: map[wire.RequestID]*rowCall{},
		begun: map[int]client.OpEvent{}}
	w := j.c.World
	master.Applied.Subscribe(w, func(e master.AppliedEvent) {
		for _, t := range e.Batch.Tablets {
			r.owners[t.ID] = t.Table
		}
	})
	tserver.RowsApplied.Subscribe(w, r.applied)
	client.RowsCalled.Subscribe(w, func(e client.RowCall) {
		c := &rowCall{e, sim.Never}
		r.open[e.Request] = c
		r.calls = append(r.calls, c)
	})
	client.RowsReturned.Subscribe(w, r.returned)
	client.Called.Subscribe(w, func(e client.OpEvent) {
		if e.Op.OnRows() {
			r.begun[e.Op.ID] = e
		}
	})
	client.Answered.Subscribe(w, func(e client.OpEvent) {
		if e.Op.OnRows() {
			delete(r.begun, e.Op.ID)
			r.ended = append(r.ended, rowsOp{e, w.Now()})
		}
	})
	return r
}

func (r *rowsJudge) log(id wire.TabletID) *rowLog {
	if r.tablets[id] == nil {
		r.tablets[id] = &rowLog{rows: map[int64][]rowWrite{},
			writes: map[wire.RequestID]*rowsApplied{}}
	}
	return r.tablets[id]
}

func (r *rowsJudge) report(reason, format string, args ...any) {
	r.j.report(Violation{Oracle: Rows, Object: "tablet", Reason: reason,
		Detail: fmt.Sprintf(format, args...)})
}

// applied takes an entry: a request comes once, timestamps only grow, and what becomes of each row
// follows from the rows before.
func (r *rowsJudge) applied(e tserver.RowsEvent) {
	l := r.log(e.Tablet)
	if e.Op.Index <= l.index {
		return
	}
	*r.looked++
	l.index = e.Op.Index
	if e.Write.Time <= l.time {
		r.report("time-goes-back", "%v writes at %d, and what was before it at %d", e,
			e.Write.Time, l.time)
	}
	l.time = max(l.time, e.Write.Time)
	if len(e.Write.Ops) == 0 {
		return
	}
	if l.writes[e.Write.Request] != nil {
		r.j.report(Violation{Oracle: ExactlyOnce, Object: "rows", Reason: "executed-twice",
			Detail: e.String()})
	}
	var codes []wire.Code
	for _, o := range e.Write.Ops {
		codes = append(codes, l.change(e.Write.Time, o))
	}
	if !slices.Equal(codes, e.Codes) {
		r.report("wrong-result", "%v should give %v", e, codes)
	}
	l.writes[e.Write.Request] = &rowsApplied{e.Write.Time, codes}
}

// change is the plain reading of what an operation does to a row.
func (l *rowLog) change(t wire.Timestamp, o wire.RowOp) wire.Code {
	had := l.at(o.Key, 1<<63-1)
	switch {
	case o.Kind == wire.InsertRow && had != nil:
		return wire.RowAlreadyPresent
	case o.Kind == wire.EraseRow && had == nil:
		return wire.RowNotFound
	}
	l.rows[o.Key] = append(l.rows[o.Key], rowWrite{t, o.Value, o.Kind == wire.EraseRow})
	return wire.OK
}

// at returns the write that a row is of at a time; nil: there is no such row.
func (l *rowLog) at(key int64, t wire.Timestamp) *rowWrite {
	for i := len(l.rows[key]) - 1; i >= 0; i-- {
		if w := &l.rows[key][i]; w.time <= t {
			if w.erased {
				return nil
			}
			return w
		}
	}
	return nil
}

// returned takes what a client was told. What it was told of a write is in the log by then.
func (r *rowsJudge) returned(e client.RowCall) {
	*r.looked++
	now := r.j.c.World.Now()
	if owner := r.owners[e.Tablet]; owner != e.Table {
		r.report("another-table", "%v was meant for %v and went to %v", e, e.Table, owner)
	}
	r.latestSchema(e)
	if !e.Op.Writes() {
		if e.Status.OK() {
			r.calls = append(r.calls, &rowCall{e, now})
			r.ownWrites(e)
		}
		return
	}
	c := r.open[e.Request]
	delete(r.open, e.Request)
	c.RowCall = e
	if e.Unknown {
		return
	}
	c.returned = now
	applied := r.log(e.Tablet).writes[e.Request]
	switch {
	case !e.Status.OK():
	case applied == nil:
		r.report("acknowledged-not-written", "%v: no entry of the tablet's log is of request %v", e,
			e.Request)
	case !slices.Equal(applied.codes, e.Codes) || applied.time != e.Time:
		r.j.report(Violation{Oracle: ExactlyOnce, Object: "rows", Reason: "another-answer",
			Detail: fmt.Sprintf("%v, though it gave %v", e, applied.codes)})
	}
}

// latestSchema checks that a tablet's leader knows the columns that clients are shown. Followers
// may be behind.
func (r *rowsJudge) latestSchema(e client.RowCall) {
	row := r.j.effects.known[e.Table]
	if e.Status.Code == wire.UnknownColumn && !e.Op.AnyReplica && row.Version == e.Version {
		r.report("visible-column-unknown", "%v, though the client knows the latest schema of %s", e,
			row.Name)
	}
}

// ownWrites checks that a snapshot which is to have all that its reader has seen is not older.
func (r *rowsJudge) ownWrites(e client.RowCall) {
	if e.Op.Mode == wire.ReadYourWrites && e.Time < e.Observed {
		r.report("own-writes-not-shown", "%v at %d, though the client had seen %d", e, e.Time,
			e.Observed)
	}
}

// finish judges what can be told at the end only: that what scans showed is what the log holds for
// their time, whatever was written since, and that the rows of each key are linearizable.
func (r *rowsJudge) finish() (inconclusive bool) {
	for _, c := range r.calls {
		if !c.Op.Writes() {
			r.judgeScan(c)
		}
	}
	return r.judgeKeys()
}

func (r *rowsJudge) judgeScan(c *rowCall) {
	*r.looked++
	l := r.log(c.Tablet)
	shown := map[int64]int64{}
	for _, row := range c.Rows {
		shown[row.Key] = row.Value
	}
	for _, key := range sim.Keys(l.rows) {
		w := l.at(key, c.Time)
		value, has := shown[key]
		if has == (w != nil) && (!has || value == w.value) {
			delete(shown, key)
			continue
		}
		r.report("not-as-of-its-time", "%v: at %d row %d was %v", c.RowCall, c.Time, key, w)
		return
	}
	if len(shown) > 0 {
		r.report("never-written", "%v: nobody wrote %v", c.RowCall, shown)
	}
}

func (w *rowWrite) String() string {
	if w == nil {
		return "not there"
	}
	return fmt.Sprintf("%d (written at %d)", w.value, w.time)
}

// strong reports whether a scan is to see all that was acknowledged before it began.
func strong(op client.Op) bool {
	return op.Kind == client.Scan && op.Mode == wire.ReadLatest && !op.AnyReplica
}

// outstanding lists the operations on rows that no client has given up or had answered.
func (r *rowsJudge) outstanding() []Unfinished {
	var list []Unfinished
	for _, id := range sim.Keys(r.begun) {
		list = append(list, Unfinished{"rows", "outstanding",
			fmt.Sprintf("op-%d has not ended: %v", id, r.begun[id])})
	}
	return list
}

// definite answers tell what is so, or that what the client knows of the table is out of date.
var definite = []wire.Code{wire.OK, wire.RowAlreadyPresent, wire.RowNotFound, wire.NotCovered,
	wire.TableNotFound, wire.TabletNotFound, wire.UnknownColumn}

// reportUnanswered reports operations on rows since an instant that a cluster at rest did not
// answer.
func (r *rowsJudge) reportUnanswered(since sim.Time) {
	for _, o := range r.ended {
		code := o.Outcome.Status.Code
		store := r.j.c.Catalog()
		excused := slices.Contains(definite, code) ||
			store != nil && !r.j.ableTable(store, o.Outcome.Table)
		if o.at >= since && !excused {
			r.j.report(Violation{Oracle: Availability, Object: "rows", Reason: "unanswered-at-rest",
				Detail: fmt.Sprint(o.OpEvent)})
		}
	}
}
