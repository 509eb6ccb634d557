// Package rows is what the log of a tablet makes: its rows with all that they were before, and the
// answers to the clients' latest requests. Everything follows from the entries and their order, so
// that the replicas of a tablet have the same.
//
//tabletop:deterministic
package rows

import (
	"slices"

	"tabletop/model/wire"
	"tabletop/sim"
)

// Write is an entry of a tablet's log that changes rows. One without operations marks a time: who
// leads later writes with later timestamps.
type Write struct {
	Request wire.RequestID
	First   int64 // see wire.WriteRequest
	Version int64
	Time    wire.Timestamp
	Ops     []wire.RowOp
}

// Encode returns the payload of the entry.
func (w Write) Encode() []byte {
	var e wire.Encoder
	e.Request(w.Request)
	e.Int(int(w.First))
	e.Int(int(w.Version))
	e.Int(int(w.Time))
	e.Int(len(w.Ops))
	for _, o := range w.Ops {
		e.Int(int(o.Kind))
		e.Int(int(o.Key))
		e.Int(int(o.Value))
	}
	return e.Bytes()
}

// DecodeWrite reads the payload of an entry.
func DecodeWrite(b []byte) Write {
	d := wire.NewDecoder(b)
	w := Write{Request: d.Request(), First: int64(d.Int()), Version: int64(d.Int()),
		Time: wire.Timestamp(d.Int())}
	w.Ops = make([]wire.RowOp, d.Count())
	for i := range w.Ops {
		w.Ops[i] = wire.RowOp{Kind: wire.RowOpKind(d.Int()), Key: int64(d.Int()),
			Value: int64(d.Int())}
	}
	return w
}

// Data is what a replica has applied.
type Data struct {
	rows    map[int64][]version // by key, oldest first
	answers map[wire.ServerID]*answers
	last    wire.Timestamp // of the latest entry
}

// version is what a row was from some time on.
type version struct {
	row    wire.Row
	erased bool
}

// answers are those to the requests of one client that it may send again.
type answers struct {
	first int64 // requests before it are finished
	kept  []Answer
}

// Answer is what became of a request.
type Answer struct {
	Seq  int64
	Rows []wire.Code
	Time wire.Timestamp
}

// New returns an empty tablet.
func New() *Data {
	return &Data{rows: map[int64][]version{}, answers: map[wire.ServerID]*answers{}}
}

// Last returns the timestamp of the latest entry. What was written up to it does not change any
// more.
func (d *Data) Last() wire.Timestamp { return d.last }

// Apply carries out an entry and returns what became of each row.
func (d *Data) Apply(w Write) []wire.Code {
	d.last = max(d.last, w.Time)
	if len(w.Ops) == 0 {
		return nil
	}
	codes := make([]wire.Code, len(w.Ops))
	for i, o := range w.Ops {
		codes[i] = d.change(w, o)
	}
	d.keep(w, codes)
	return codes
}

func (d *Data) change(w Write, o wire.RowOp) wire.Code {
	history := d.rows[o.Key]
	exists := len(history) > 0 && !history[len(history)-1].erased
	switch {
	case o.Kind == wire.InsertRow && exists:
		return wire.RowAlreadyPresent
	case o.Kind == wire.EraseRow && !exists:
		return wire.RowNotFound
	}
	d.rows[o.Key] = append(history, version{erased: o.Kind == wire.EraseRow,
		row: wire.Row{Key: o.Key, Value: o.Value, Version: w.Version, Time: w.Time}})
	return wire.OK
}

// keep remembers the answer to a request, and forgets those that the client has had
// (ResultTracker).
func (d *Data) keep(w Write, codes []wire.Code) {
	a := d.answers[w.Request.Client]
	if a == nil {
		a = &answers{}
		d.answers[w.Request.Client] = a
	}
	a.first = max(a.first, w.First)
	a.kept = slices.DeleteFunc(a.kept, func(k Answer) bool { return k.Seq < a.first })
	a.kept = append(a.kept, Answer{w.Request.Seq, codes, w.Time})
}

// AnswerTo returns what became of a request that was carried out. Stale tells that the client has
// said that it will not ask again.
func (d *Data) AnswerTo(r wire.RequestID) (answer Answer, found, stale bool) {
	a := d.answers[r.Client]
	if a == nil {
		return Answer{}, false, false
	}
	i := slices.IndexFunc(a.kept, func(k Answer) bool { return k.Seq == r.Seq })
	if i < 0 {
		return Answer{}, false, r.Seq < a.first
	}
	return a.kept[i], true, false
}

// ForgetErrors makes every answer say that all rows were written (4df9f5969).
func (d *Data) ForgetErrors() {
	for _, client := range sim.Keys(d.answers) {
		for _, k := range d.answers[client].kept {
			clear(k.Rows)
		}
	}
}

// At returns the rows as they were at a timestamp, by key.
func (d *Data) At(t wire.Timestamp) []wire.Row {
	var rows []wire.Row
	for _, key := range sim.Keys(d.rows) {
		history := d.rows[key]
		for i := len(history) - 1; i >= 0; i-- {
			if history[i].row.Time > t {
				continue
			}
			if !history[i].erased {
				rows = append(rows, history[i].row)
			}
			break
		}
	}
	return rows
}

// Latest returns the rows as they are, by key.
func (d *Data) Latest() []wire.Row { return d.At(1<<63 - 1) }

// Encode writes all of it.
func (d *Data) Encode(e *wire.Encoder) {
	e.Int(int(d.last))
	e.Int(len(d.rows))
	for _, key := range sim.Keys(d.rows) {
		e.Int(int(key))
		e.Int(len(d.rows[key]))
		for _, v := range d.rows[key] {
			e.Int(int(v.row.Value))
			e.Int(int(v.row.Version))
			e.Int(int(v.row.Time))
			e.Bool(v.erased)
		}
	}
	e.Int(len(d.answers))
	for _, client := range sim.Keys(d.answers) {
		a := d.answers[client]
		e.Int(int(client))
		e.Int(int(a.first))
		e.Int(len(a.kept))
		for _, k := range a.kept {
			e.Int(int(k.Seq))
			e.Int(int(k.Time))
			e.Int(len(k.Rows))
			for _, code := range k.Rows {
				e.Int(int(code))
			}
		}
	}
}

// Decode reads what Encode wrote.
func Decode(d *wire.Decoder) *Data {
	data := New()
	data.last = wire.Timestamp(d.Int())
	for range d.Count() {
		key := int64(d.Int())
		for range d.Count() {
			data.rows[key] = append(data.rows[key], version{row: wire.Row{Key: key,
				Value: int64(d.Int()), Version: int64(d.Int()), Time: wire.Timestamp(d.Int())},
				erased: d.Bool()})
		}
	}
	for range d.Count() {
		client := wire.ServerID(d.Int())
		a := &answers{first: int64(d.Int())}
		for range d.Count() {
			k := Answer{Seq: int64(d.Int()), Time: wire.Timestamp(d.Int())}
			for range d.Count() {
				k.Rows = append(k.Rows, wire.Code(d.Int()))
			}
			a.kept = append(a.kept, k)
		}
		data.answers[client] = a
	}
	return data
}
