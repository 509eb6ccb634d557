package scenarios

import (
	"time"

	"tabletop/model/client"
	"tabletop/model/wire"
)

// What a storm does to the rows of its tables.

// A storm's rows have few keys, so that operations meet, and some in each range.
const (
	keys     = 8
	keysStep = 40
)

// allKeys lists the keys of a storm's rows.
func allKeys() []int64 {
	var all []int64
	for i := range keys {
		all = append(all, int64(i*keysStep))
	}
	return all
}

// traffic gives the writers bursts of operations on the rows of one table, during the storm and a
// little after it.
func (d *drawing) traffic() {
	first, count := d.clients, d.writers
	if count == 0 {
		first, count = 0, 1
	}
	pace := d.r.Duration(2*time.Second, 6*time.Second)
	onRows := map[string]int{}
	reads := []int{100_000, 400_000, 900_000}[d.r.Intn(3)]
	for at := d.begin; at < d.end+4*time.Second; at += d.r.Duration(pace/5, 2*pace) {
		name := d.names[d.r.Intn(len(d.names))]
		for range count * (1 + d.r.Intn(5)) {
			when := (at + d.r.Duration(0, 200*time.Millisecond)).Round(time.Millisecond)
			who, op := first+1+d.r.Intn(count), d.rowOp(name, reads)
			if onRows[name]++; onRows[name] <= mostOnRows {
				d.put(when, who, op)
			}
		}
	}
}

// rowOp draws an operation on the rows of a table; so many of a million are scans.
func (d *drawing) rowOp(name string, reads int) client.Op {
	if d.r.Chance(reads) {
		return client.Op{Kind: client.Scan, Name: name, RowOp: client.RowOp{
			Mode: []wire.ReadMode{wire.ReadLatest, wire.ReadLatest, wire.ReadAtSnapshot,
				wire.ReadYourWrites}[d.r.Intn(4)], AnyReplica: d.r.Chance(400_000)}}
	}
	op := client.Op{Kind: []client.Kind{client.Insert, client.Insert, client.Upsert, client.Upsert,
		client.Erase}[d.r.Intn(5)], Name: name}
	first := d.r.Intn(keys)
	for i := range 1 + d.r.Intn(3) {
		op.Keys = append(op.Keys, int64((first+i)%keys*keysStep))
	}
	return op
}
