package catalog

import (
	"errors"
	"slices"
	"time"

	"tabletop/model/wire"
	"tabletop/sim"
)

// ErrDamaged tells that a payload is not a batch.
var ErrDamaged = errors.New("damaged batch")

// Encode returns the batch as the payload of a log entry.
func (b *Batch) Encode() []byte {
	var e wire.Encoder
	e.Request(b.Cause)
	e.Int(len(b.Tables))
	for _, t := range b.Tables {
		encodeTable(&e, t)
	}
	e.Int(len(b.Tablets))
	for _, t := range b.Tablets {
		encodeTablet(&e, t)
	}
	e.Int(len(b.Results))
	for _, r := range b.Results {
		e.Request(r.Request)
		e.Int(int(r.Code))
		e.String(r.Msg)
		e.Uint64(uint64(r.Table))
		e.Int(int(r.Version))
	}
	e.Servers(b.TServers)
	e.Int(len(b.Maintenance))
	for _, m := range b.Maintenance {
		e.Int(int(m.Server))
		e.Bool(m.On)
	}
	e.Int(len(b.Purged))
	for _, id := range b.Purged {
		e.Uint64(uint64(id))
	}
	return e.Bytes()
}

// Decode parses a payload. It returns ErrDamaged if it is none.
func Decode(payload []byte) (*Batch, error) {
	d := wire.NewDecoder(payload)
	b := &Batch{Cause: d.Request()}
	for range d.Count() {
		b.Tables = append(b.Tables, decodeTable(d))
	}
	for range d.Count() {
		b.Tablets = append(b.Tablets, decodeTablet(d))
	}
	for range d.Count() {
		b.Results = append(b.Results, &Result{Request: d.Request(), Code: wire.Code(d.Int()),
			Msg: d.String(), Table: wire.TableID(d.Uint64()), Version: int64(d.Int())})
	}
	b.TServers = d.Servers()
	for range d.Count() {
		b.Maintenance = append(b.Maintenance,
			Maintenance{Server: wire.ServerID(d.Int()), On: d.Bool()})
	}
	for range d.Count() {
		b.Purged = append(b.Purged, wire.TableID(d.Uint64()))
	}
	if !d.Done() {
		return nil, ErrDamaged
	}
	return b, nil
}

// Encode returns the whole master tablet as the batch that makes it from an empty one, its rows in
// the order of their keys.
func (s *Store) Encode() []byte {
	b := &Batch{TServers: sim.Keys(s.TServers)}
	for _, id := range sim.Keys(s.Tables) {
		b.Tables = append(b.Tables, s.Tables[id])
	}
	for _, id := range sim.Keys(s.Tablets) {
		b.Tablets = append(b.Tablets, s.Tablets[id])
	}
	for _, id := range sim.Keys(s.Results) {
		b.Results = append(b.Results, s.Results[id])
	}
	for _, id := range sim.Keys(s.Maintenance) {
		b.Maintenance = append(b.Maintenance, Maintenance{Server: id, On: true})
	}
	return b.Encode()
}

// DecodeStore parses what Encode of a Store returned. The error is ErrDamaged.
func DecodeStore(state []byte) (*Store, error) {
	b, err := Decode(state)
	if err != nil {
		return nil, err
	}
	s := NewStore()
	s.Apply(b)
	return s, nil
}

func encodeTable(e *wire.Encoder, t *Table) {
	e.Uint64(uint64(t.ID))
	e.String(t.Name)
	e.Int(int(t.State))
	e.Int(t.Replicas)
	e.Strings(t.Locations)
	e.PartitionSchema(t.Partitions)
	e.Int(int(t.Version))
	e.Schema(t.Schema)
	e.Int(int(t.AppliedVersion))
	e.Int(int(t.Reserve))
	e.Int(int(t.DeletedAt))
	same := slices.Equal(t.Applied, t.Schema) // so that the end of an alter needs no more room
	e.Bool(same)
	if !same {
		e.Schema(t.Applied)
	}
}

func decodeTable(d *wire.Decoder) *Table {
	t := &Table{ID: wire.TableID(d.Uint64()), Name: d.String(), State: TableState(d.Int()),
		Replicas: d.Int(), Locations: d.Strings(), Partitions: d.PartitionSchema(),
		Version: int64(d.Int()),
		Schema:  d.Schema(), AppliedVersion: int64(d.Int()),
		Reserve: time.Duration(d.Int()), DeletedAt: time.Duration(d.Int())}
	if t.Applied = t.Schema; !d.Bool() {
		t.Applied = d.Schema()
	}
	return t
}

func encodeTablet(e *wire.Encoder, t *Tablet) {
	e.Uint64(uint64(t.ID))
	e.Uint64(uint64(t.Table))
	e.Partition(t.Partition)
	if t.Dimension == "" {
		e.Int(int(t.State))
	} else { // a state below zero tells that a label follows
		e.Int(-int(t.State))
		e.String(string(t.Dimension))
	}
	e.Int(int(t.Consensus.Term))
	e.Int(int(t.Consensus.Leader))
	e.Config(t.Consensus.Config)
}

func decodeTablet(d *wire.Decoder) *Tablet {
	t := &Tablet{ID: wire.TabletID(d.Uint64()), Table: wire.TableID(d.Uint64()),
		Partition: d.Partition()}
	state := d.Int()
	if state < 0 {
		state, t.Dimension = -state, wire.Dimension(d.String())
	}
	t.State = TabletState(state)
	t.Consensus = wire.ConsensusState{Term: int64(d.Int()), Leader: wire.ServerID(d.Int()),
		Config: d.Config()}
	return t
}
