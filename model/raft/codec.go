package raft

import (
	"encoding/binary"
	"hash/crc32"

	"tabletop/model/wire"
)

// The log on disk is a sequence of records: length and CRC-32 of the body, four bytes each, then
// the body. A body is either a replicated entry, which also cuts off every older entry at its
// index and beyond, or the news that entries up to an index are committed. Both say how long the
// durable part of the log was when they were written. The log is only ever appended to. Where it
// does not parse there is either a torn tail, which was never acknowledged, or damage to what was:
// the latter if a later record says that this place was durable.

const (
	recordReplicate = 'R'
	recordCommit    = 'C'
	recordHeader    = 8
)

func appendReplicate(b []byte, e wire.Entry, synced int) []byte {
	return appendRecord(b, func(b []byte) []byte {
		b = append(b, recordReplicate, byte(e.Type))
		b = binary.AppendVarint(b, int64(synced))
		b = binary.AppendVarint(b, e.Term)
		b = binary.AppendVarint(b, e.Index)
		return append(b, e.Payload...)
	})
}

func appendCommit(b []byte, index int64, synced int) []byte {
	return appendRecord(b, func(b []byte) []byte {
		b = append(b, recordCommit)
		b = binary.AppendVarint(b, int64(synced))
		return binary.AppendVarint(b, index)
	})
}

func appendRecord(b []byte, body func([]byte) []byte) []byte {
	start := len(b)
	b = append(b, make([]byte, recordHeader)...)
	b = body(b)
	content := b[start+recordHeader:]
	binary.LittleEndian.PutUint32(b[start:], uint32(len(content)))
	binary.LittleEndian.PutUint32(b[start+4:], crc32.ChecksumIEEE(content))
	return b
}

// Record is one record of a log on disk.
type Record struct {
	Entry  wire.Entry // unless Commit
	Commit bool
	Index  int64 // up to which entries are committed
	End    int   // offset of the byte behind the record
	Synced int   // bytes of the log that were durable when it was written
}

// ReadRecord parses the record at the given offset of a log. It reports false where the log
// ends or is torn.
func ReadRecord(log []byte, at int) (Record, bool) {
	if len(log)-at < recordHeader {
		return Record{}, false
	}
	size := int(binary.LittleEndian.Uint32(log[at:]))
	sum := binary.LittleEndian.Uint32(log[at+4:])
	if size < 2 || size > len(log)-at-recordHeader {
		return Record{}, false
	}
	body := log[at+recordHeader : at+recordHeader+size]
	if crc32.ChecksumIEEE(body) != sum {
		return Record{}, false
	}
	r := Record{End: at + recordHeader + size}
	next := func() int64 {
		v, n := binary.Varint(body)
		body = body[max(n, 0):]
		return v
	}
	if body[0] == recordCommit {
		body = body[1:]
		r.Commit, r.Synced, r.Index = true, int(next()), next()
		return r, true
	}
	r.Entry.Type = wire.EntryType(body[1])
	body = body[2:]
	r.Synced = int(next())
	r.Entry.Term, r.Entry.Index = next(), next()
	r.Entry.Payload = body
	return r, true
}

// damaged reports whether the log, which does not parse at that offset, was durable there once:
// some record behind it says so.
func damaged(log []byte, at int) bool {
	for i := at + 1; i+recordHeader < len(log); i++ {
		if r, ok := ReadRecord(log, i); ok && r.Synced > at {
			return true
		}
	}
	return false
}
