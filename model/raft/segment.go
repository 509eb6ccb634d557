package raft

import (
	"errors"
	"fmt"
	"slices"

	"tabletop/model/wire"
	"tabletop/sim"
)

// ErrCorrupt tells that the disk has lost something that it held for durable. The replica is of no
// use: what it promised, it does not know.
var ErrCorrupt = errors.New("corrupt")

// SegmentFiles returns what the names of the segments of a log begin with, in the folder of a
// replica.
func SegmentFiles(dir string) string { return dir + "/wal-" }

// SegmentFile returns the name of the segment of that number, from 1, in the folder of a replica.
func SegmentFile(dir string, number int64) string {
	return fmt.Sprintf("%s%09d", SegmentFiles(dir), number)
}

// segment is one file of a log (ReadableLogSegment). Only the last one is written to.
type segment struct {
	number int64     // from 1, without gaps
	name   string    // of the file
	sum    uint32    // of the name
	base   int       // offset in the log of its first byte
	prev   wire.OpID // the entry before its first
	file   *sim.File
	last   int64 // the highest index of its entries; 0: it has none
	listed bool  // its name is durable
}

// newSegment begins a segment, in the cache of the disk.
func newSegment(disk *sim.Disk, dir string, s segment, synced int) *segment {
	s.name = SegmentFile(dir, s.number)
	s.sum = sumOfName(s.name)
	s.file = disk.Create(s.name)
	s.file.Append(segmentRecord(&s, synced))
	return &s
}

// end returns the offset in the log of the byte behind the segment.
func (s *segment) end() int { return s.base + s.file.Len() }

// openLog reads the log from disk, segment by segment, cuts off a torn tail, and returns it with
// the index up to which it knows entries to be committed. A tail may be torn wherever neither a
// record nor the metadata, which vouches for so many bytes, says that it was durable, also in an
// older segment if the power was lost before that was synced.
// The error is ErrCorrupt. What it cuts off comes back if the power is lost before the next sync
// of the log and of the directory; nothing may be written until then.
//
// It begins where older segments were let go, whose effect is in the state that was flushed.
func openLog(n *sim.Node, dir string, opts LogOptions, flushed wire.OpID,
	vouched int) (*walog, int64, error) {
	l := &walog{disk: n.Disk(), dir: dir, opts: opts}
	var committed int64
	names := l.disk.Under(SegmentFiles(dir))
	for i, name := range names {
		s := &segment{number: 1, name: name, sum: sumOfName(name), file: l.disk.Open(name),
			listed: true}
		if i > 0 {
			s.number = l.segs[i-1].number + 1
		} else if _, err := fmt.Sscanf(name, SegmentFiles(dir)+"%d", &s.number); err != nil {
			return nil, 0, fmt.Errorf("%w: %s is no segment", ErrCorrupt, name)
		}
		if name != SegmentFile(dir, s.number) {
			return nil, 0, fmt.Errorf("%w: %s is missing", ErrCorrupt, SegmentFile(dir, s.number))
		}
		intact, err := l.read(s, &committed)
		if err != nil {
			return nil, 0, err
		}
		if intact == 0 || intact < s.file.Len() {
			if err := l.cutOff(names[i:], intact, vouched); err != nil {
				return nil, 0, err
			}
			break
		}
	}
	if len(l.segs) == 0 {
		return nil, 0, fmt.Errorf("%w: there is no log in %s", ErrCorrupt, dir)
	}
	if l.segs[0].prev.Index > flushed.Index {
		return nil, 0, l.corrupt(l.segs[0], 0, "comes first, and what precedes it is not flushed")
	}
	if l.at(flushed.Index) != flushed {
		return nil, 0, fmt.Errorf("%w: the log in %s lacks %v, which is flushed", ErrCorrupt, dir,
			flushed)
	}
	return l, min(committed, l.lastIndex()), nil
}

// read takes in the records of the next segment. What cuts off the log before its first entry
// replaced entries of a segment that was let go, and so was itself flushed: the log begins behind
// it.
//
// It returns how much of the segment is intact: 0 if not
// even its header follows on the log so far.
func (l *walog) read(s *segment, committed *int64) (intact int, err error) {
	h, ok := ReadRecord(s.name, s.file.Bytes(), 0)
	if !ok || h.Kind != RecordSegment || h.Number != s.number ||
		len(l.segs) > 0 && h.Base > l.end() {
		return 0, nil
	}
	s.base, s.prev = h.Base, h.Previous
	switch {
	case len(l.segs) == 0:
		l.base = s.prev
	case s.prev.Index < l.base.Index && s.base == l.end():
		l.base, l.entries = s.prev, nil
	case s.prev != l.at(s.prev.Index) || s.base != l.end():
		return 0, l.corrupt(s, 0, "does not follow on the segment before")
	default:
		l.truncate(s.prev.Index + 1)
	}
	l.segs = append(l.segs, s)
	for at := h.End; ; {
		r, ok := ReadRecord(s.name, s.file.Bytes(), at)
		if !ok {
			return at, nil
		}
		l.noting = max(l.noting, r.Synced)
		switch {
		case r.Kind == RecordCommit:
			*committed = max(*committed, r.Index)
		case r.Kind == RecordSegment || r.Entry.Index > l.lastIndex()+1 || r.Entry.Index < 1:
			return 0, l.corrupt(s, at, "has an entry out of order")
		case r.Entry.Index <= l.base.Index:
			l.base, l.entries = r.Entry.OpID, nil
			s.last = max(s.last, r.Entry.Index)
		default:
			l.truncate(r.Entry.Index)
			r.Entry.Payload = slices.Clone(r.Entry.Payload) // the disk may change under it
			l.entries = append(l.entries, logged{r.Entry, s.base + r.End})
			s.last = max(s.last, r.Entry.Index)
		}
		at = r.End
	}
}

// cutOff ends the log where it does not parse any more: so many bytes into the first of the
// segments that are left. The error tells that this place was durable once, as later records say or
// the metadata, which vouches for so many bytes.
func (l *walog) cutOff(left []string, intact, vouched int) error {
	place, from := 0, intact
	if len(l.segs) > 0 {
		last := l.segs[len(l.segs)-1]
		place = last.end()
		if intact > 0 {
			place = last.base + intact
		}
	}
	damaged := place < vouched
	for _, name := range left {
		damaged = damaged || notedDurable(name, l.disk.Open(name).Bytes(), from, place)
		from = 0
	}
	if damaged {
		return fmt.Errorf("%w: %s is damaged at byte %d of the log", ErrCorrupt, left[0], place)
	}
	if intact > 0 {
		l.segs[len(l.segs)-1].file.Truncate(intact)
		left = left[1:]
	}
	if len(l.segs) == 0 {
		return nil
	}
	for i := len(left) - 1; i >= 0; i-- { // the last one first, so that there is never a gap
		l.disk.Remove(left[i])
	}
	return nil
}

func (l *walog) corrupt(s *segment, at int, what string) error {
	return fmt.Errorf("%w: %s %s at byte %d", ErrCorrupt, s.name, what, at)
}

// Verify reads the log and the flushed state of a replica that is open. Whatever does not parse was
// damaged, since nothing of it can be torn. The error is ErrCorrupt.
func Verify(n *sim.Node, dir string) error {
	for _, name := range n.Disk().Under(SegmentFiles(dir)) {
		file := n.Disk().Open(name).Bytes()
		for at := 0; at < len(file); {
			r, ok := ReadRecord(name, file, at)
			if !ok {
				return fmt.Errorf("%w: %s is damaged at byte %d", ErrCorrupt, name, at)
			}
			at = r.End
		}
	}
	_, err := openFlushed(n, dir)
	return err
}
