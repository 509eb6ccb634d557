package raft

import (
	"encoding/binary"
	"hash/crc32"

	"tabletop/model/wire"
)

// The log on disk is a sequence of records: length and checksum of the body, four bytes each,
// then the body. The checksum covers the name of the file and the offset in it too, so that no
// record counts where it does not belong. The log is kept in segments, files that follow on one
// another; an offset counts the bytes from the beginning of the first segment there ever was. A
// body is one of three: the header of a segment, which says where in the log it begins and which
// entry precedes it, and cuts off what comes after that one; a replicated entry, which also cuts
// off every older entry at its index and beyond; or the news that entries up to an index are
// committed. All say how long the durable part of the log was when they were written. The log is
// only ever appended to. Where it does not parse there is either a torn tail, which was never
// acknowledged, or damage to what was: the latter if a later record, in whichever segment, or the
// metadata says that this place was durable.

// RecordKind says what a record is.
type RecordKind byte

// The kinds of records.
const (
	RecordSegment   RecordKind = 'S'
	RecordReplicate RecordKind = 'R'
	RecordCommit    RecordKind = 'C'
)

// recordHeader is the length of what precedes the body of a record.
const recordHeader = 8

func segmentRecord(s *segment, synced int) []byte {
	return record(nil, s.sum, s.file.Len(), func(b []byte) []byte {
		b = append(b, byte(RecordSegment))
		b = binary.AppendVarint(b, int64(synced))
		b = binary.AppendVarint(b, s.number)
		b = binary.AppendVarint(b, int64(s.base))
		b = binary.AppendVarint(b, s.prev.Term)
		return binary.AppendVarint(b, s.prev.Index)
	})
}

func replicateRecord(room []byte, s *segment, e wire.Entry, synced int) []byte {
	return record(room, s.sum, s.file.Len(), func(b []byte) []byte {
		b = append(b, byte(RecordReplicate))
		b = binary.AppendVarint(b, int64(synced))
		b = append(b, byte(e.Type))
		b = binary.AppendVarint(b, e.Term)
		b = binary.AppendVarint(b, e.Index)
		return append(b, e.Payload...)
	})
}

func commitRecord(room []byte, s *segment, index int64, synced int) []byte {
	return record(room, s.sum, s.file.Len(), func(b []byte) []byte {
		b = append(b, byte(RecordCommit))
		b = binary.AppendVarint(b, int64(synced))
		return binary.AppendVarint(b, index)
	})
}

// record returns the record for a place in a file of that sum of its name. It may use the room
// given.
func record(room []byte, sum uint32, at int, body func([]byte) []byte) []byte {
	b := body(append(room[:0], make([]byte, recordHeader)...))
	content := b[recordHeader:]
	binary.LittleEndian.PutUint32(b, uint32(len(content)))
	binary.LittleEndian.PutUint32(b[4:], checksum(sum, at, content))
	return b
}

// checksum differs for equal contents at two places of a file.
func checksum(sum uint32, at int, content []byte) uint32 {
	return crc32.Update(sum^uint32(at), crc32.IEEETable, content)
}

// sumOfName is the checksum of the name, without a copy of it.
func sumOfName(file string) uint32 {
	sum := ^uint32(0)
	for i := range len(file) {
		sum = crc32.IEEETable[byte(sum)^file[i]] ^ sum>>8
	}
	return ^sum
}

// Record is one record of a log on disk.
type Record struct {
	Kind   RecordKind
	Synced int // bytes of the log that were durable when it was written
	End    int // offset in the file of the byte behind the record

	Entry    wire.Entry // of RecordReplicate
	Index    int64      // of RecordCommit: up to which entries are committed
	Number   int64      // of RecordSegment: of the segment, from 1
	Base     int        // of RecordSegment: offset of its first byte
	Previous wire.OpID  // of RecordSegment: the entry before its first
}

// ReadRecord parses the record at the given offset of a segment of that name. It reports false
// where the segment ends or is torn.
func ReadRecord(name string, file []byte, at int) (Record, bool) {
	if len(file)-at < recordHeader {
		return Record{}, false
	}
	size := int(binary.LittleEndian.Uint32(file[at:]))
	sum := binary.LittleEndian.Uint32(file[at+4:])
	if size < 2 || size > len(file)-at-recordHeader {
		return Record{}, false
	}
	body := file[at+recordHeader : at+recordHeader+size]
	if checksum(sumOfName(name), at, body) != sum {
		return Record{}, false
	}
	r := Record{Kind: RecordKind(body[0]), End: at + recordHeader + size}
	body = body[1:]
	next := func() int64 {
		v, n := binary.Varint(body)
		body = body[max(n, 0):]
		return v
	}
	r.Synced = int(next())
	switch r.Kind {
	case RecordSegment:
		r.Number, r.Base = next(), int(next())
		r.Previous = wire.OpID{Term: next(), Index: next()}
	case RecordCommit:
		r.Index = next()
	case RecordReplicate:
		if len(body) == 0 {
			return Record{}, false
		}
		r.Entry.Type = wire.EntryType(body[0])
		body = body[1:]
		r.Entry.Term, r.Entry.Index = next(), next()
		r.Entry.Payload = body
	default:
		return Record{}, false
	}
	return r, true
}

// notedDurable reports whether some record of the file at or behind a place says that the log was
// durable at the given offset.
func notedDurable(name string, file []byte, from, offset int) bool {
	for i := from; i+recordHeader < len(file); i++ {
		if r, ok := ReadRecord(name, file, i); ok && r.Synced > offset {
			return true
		}
	}
	return false
}
