package sim

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// The fault model of the disk. A file holds bytes. A write goes to the cache of the machine at
// once: it survives the end of the program, it is read back, and it cannot fail there. What reaches
// the platter, and what goes wrong on the way, shows at the next Sync of the file.
//
//   - Loss of power takes the cache. Of the writes to a file that no completed Sync covers, none,
//     all, the oldest, or any may have reached the platter, in any order, and one of them in part
//     (torn); where a later one did and an earlier did not, there are zeros. A change of a file's
//     length is journalled: nothing that was written after it is there if it is not.
//   - Creating, renaming and removing files changes the directory, which has its own Sync. Without
//     it such changes are lost with the power, from some one on.
//   - A Sync may be slow, or fail: then any of the writes it covers may be there or be gone, from
//     the cache too, and the error is reported once.
//   - A full disk takes the writes that fit; the Sync that covers the rest fails and they are gone.
//   - Bit rot changes bytes on the platter. A misdirected write lands elsewhere, over what was
//     there, and is missing where it belongs. Nobody reports either: a reader finds out by
//     checksums.

// Errors of Sync and SyncDir.
var (
	// ErrIO tells that some of what was to be synced may be lost.
	ErrIO = errors.New("input/output error")
	// ErrNoSpace tells that the disk is full; what did not fit is lost.
	ErrNoSpace = errors.New("no space left on device")
)

// DiskConfig describes the disks of a world.
type DiskConfig struct {
	// Sync is how long a sync takes. Default 0.3 to 3 ms, one in a hundred up to 60 ms.
	Sync Latency
}

func (c DiskConfig) orDefault() DiskConfig {
	if c.Sync == (Latency{}) {
		c.Sync = Latency{Min: 300 * time.Microsecond, Max: 3 * time.Millisecond,
			TailPPM: 10_000, TailMax: 60 * time.Millisecond}
	}
	return c
}

var (
	streamSync  = NewStream("sim/sync")
	streamPower = NewStream("sim/power")
)

// Disk is the disk of a node.
type Disk struct {
	node    *Node
	cfg     DiskConfig
	now     map[string]*File // the directory as programs see it
	durable map[string]*File // the directory as it would be after a loss of power
	changes []dirChange      // from durable to now
	settled int              // how many changes before those became durable
	faults  []*DiskDisturbance
	armed   []*armedSync
	wiped   int // how many disks this one has replaced
}

// dirChange binds a name to a file, or to none.
type dirChange struct {
	name string
	file *File
}

// File is an open file. It stays valid when it is renamed.
type File struct {
	disk    *Disk
	name    string
	label   string      // of a process that syncs it
	data    []byte      // as programs read it
	platter []byte      // as it would be found after a loss of power
	writes  []fileWrite // in the cache only, oldest first
	settled int         // how many writes before those reached the platter
	// parted: not shared. A file that was only ever appended to, as logs are, has its bytes once:
	// platter is the beginning of data, writes are the rest of it, and neither changes in place.
	parted bool
}

// fileWrite puts data at an offset, or cuts the file off there.
type fileWrite struct {
	off  int
	data []byte
	cut  bool
}

// onto returns the bytes with the write carried out. What lies between is zero.
func (w fileWrite) onto(b []byte) []byte {
	switch {
	case w.cut:
		return b[:min(w.off, len(b))]
	case len(w.data) == 0:
		return b
	}
	if missing := w.off + len(w.data) - len(b); missing > 0 {
		b = append(b, make([]byte, missing)...)
	}
	copy(b[w.off:], w.data)
	return b
}

func newDisk(n *Node, cfg DiskConfig) *Disk {
	return &Disk{node: n, cfg: cfg, now: map[string]*File{}, durable: map[string]*File{}}
}

// Open returns the file of that name, or nil if there is none.
func (d *Disk) Open(name string) *File { return d.now[name] }

// Create makes an empty file, in place of an older one of that name.
func (d *Disk) Create(name string) *File {
	d.node.mustLive("creating a file")
	f := &File{disk: d}
	f.call(name)
	d.bind(name, f)
	return f
}

// Rename gives a file another name, in place of an older file of that name.
func (d *Disk) Rename(from, to string) {
	d.node.mustLive("renaming a file")
	f := d.now[from]
	f.call(to)
	d.bind(to, f)
	d.bind(from, nil)
}

// Remove takes a file out of the directory.
func (d *Disk) Remove(name string) {
	d.node.mustLive("removing a file")
	d.bind(name, nil)
}

func (d *Disk) bind(name string, f *File) {
	d.changes = append(d.changes, dirChange{name, f})
	apply(d.now, name, f)
}

func apply(dir map[string]*File, name string, f *File) {
	if f == nil {
		delete(dir, name)
	} else {
		dir[name] = f
	}
}

// List returns the names of all files, sorted.
func (d *Disk) List() []string { return Keys(d.now) }

// Under returns the names of all files that begin with the prefix, sorted.
func (d *Disk) Under(prefix string) []string {
	var names []string
	//tabletop:allow map-range: the names are sorted at once; most of a large directory is passed by
	for name := range d.now {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// call gives the file a name.
func (f *File) call(name string) {
	if f.name != name {
		f.name, f.label = name, "sync "+name
	}
}

// SyncDir blocks until all changes to the directory so far are durable. After an error they may be
// or not; the next SyncDir covers them again.
func (d *Disk) SyncDir(p *Proc) error {
	upTo := d.settled + len(d.changes)
	if err := d.wait(p, "sync directory"); err != nil {
		return d.failed("", err)
	}
	for ; d.settled < upTo; d.settled++ {
		apply(d.durable, d.changes[0].name, d.changes[0].file)
		d.changes = d.changes[1:]
	}
	d.synced(p, "")
	return nil
}

// Durable returns what the file of that name would surely hold after a loss of power, and
// whether it would be there. The bytes must not be changed.
func (d *Disk) Durable(name string) ([]byte, bool) {
	f := d.durable[name]
	if f == nil {
		return nil, false
	}
	return f.platter, true
}

// Len returns the length of the file in bytes.
func (f *File) Len() int { return len(f.data) }

// Bytes returns the contents of the file. They must not be changed.
func (f *File) Bytes() []byte { return f.data }

// Append writes b at the end of the file.
func (f *File) Append(b []byte) {
	if f.parted {
		f.WriteAt(b, len(f.data))
		return
	}
	f.disk.node.mustLive("a write")
	off := len(f.data)
	if cap(f.data)-off < len(b) {
		f.data = slices.Grow(f.data, off+len(b))
	}
	f.data = append(f.data, b...)
	f.writes = append(f.writes, fileWrite{off: off, data: f.data[off:]})
}

// WriteAt writes b at the given offset.
func (f *File) WriteAt(b []byte, off int) {
	f.write(fileWrite{off: off, data: slices.Clone(b)})
}

// Truncate cuts the file off at the given length.
func (f *File) Truncate(length int) { f.write(fileWrite{off: length, cut: true}) }

func (f *File) write(w fileWrite) {
	f.disk.node.mustLive("a write")
	f.part()
	f.writes = append(f.writes, w)
	f.data = w.onto(f.data)
}

// part gives data an array of its own, because it or the platter is going to change in place.
func (f *File) part() {
	if !f.parted {
		f.data, f.platter, f.parted = slices.Clone(f.data), slices.Clip(f.platter), true
	}
}

// reach lets a write reach the platter.
func (f *File) reach(w fileWrite) {
	if f.parted {
		f.platter = w.onto(f.platter)
	} else {
		f.platter = f.data[:w.off+len(w.data)]
	}
}

// Sync blocks until what was written so far is durable, or fails with ErrIO or ErrNoSpace.
func (f *File) Sync(p *Proc) error {
	upTo := f.settled + len(f.writes)
	err := f.disk.wait(p, f.label)
	covered := f.take(upTo - f.settled)
	if err == nil {
		err = f.disk.makeRoom(f, covered)
	}
	if err != nil {
		f.lose(covered)
		return f.disk.failed(f.name, err)
	}
	astray := false
	for _, w := range covered {
		if f.disk.misdirect(f, w) {
			astray = true
		} else {
			f.reach(w)
		}
	}
	if astray {
		f.reread()
	}
	f.reuse(covered)
	f.disk.synced(p, f.name)
	return nil
}

// take takes the oldest writes out of the cache.
func (f *File) take(count int) []fileWrite {
	if count <= 0 { // another Sync, which began later, has covered them
		return nil
	}
	taken := f.writes[:count]
	f.writes = f.writes[count:]
	f.settled += count
	return taken
}

// reuse takes back what take returned.
func (f *File) reuse(taken []fileWrite) {
	if len(taken) == 0 {
		return
	}
	count := len(taken) + len(f.writes)
	f.writes = append(taken[:0], f.writes...)
	clear(f.writes[len(f.writes):min(count, cap(f.writes))])
}

// lose lets any of the writes reach the platter and forgets the others.
func (f *File) lose(writes []fileWrite) {
	f.part()
	r := Rand{state: f.disk.node.Draw(streamPower, 2)}
	f.keep(writes, &r)
	f.reread()
}

// reread drops what the cache holds of the platter.
func (f *File) reread() {
	if len(f.writes) == 0 {
		f.data, f.parted = f.platter, false
		return
	}
	f.data = slices.Clone(f.platter)
	for _, w := range f.writes {
		f.data = w.onto(f.data)
	}
}

// losePower leaves the disk as it is found when the machine comes back.
func (d *Disk) losePower() {
	kept := int(Below(d.node.Draw(streamPower, 0), uint64(len(d.changes)+1)))
	for _, c := range d.changes[:kept] {
		apply(d.durable, c.name, c.file)
	}
	d.changes = nil
	d.now = map[string]*File{}
	for _, name := range Keys(d.durable) {
		f := d.durable[name]
		d.now[name] = f
		f.call(name)
		word := d.node.Draw(streamPower, 1)
		f.losePower(&Rand{state: word})
	}
}

// losePower lets none, all, the oldest, or any of the writes in the cache reach the platter.
func (f *File) losePower(r *Rand) {
	f.part()
	writes := f.take(len(f.writes))
	switch kept := r.Intn(len(writes) + 1); r.Intn(4) {
	case 0:
	case 1:
		for _, w := range writes {
			f.platter = w.onto(f.platter)
		}
	case 2:
		for _, w := range writes[:kept] {
			f.platter = w.onto(f.platter)
		}
		if kept < len(writes) {
			f.platter = writes[kept].torn(r).onto(f.platter)
		}
	case 3:
		f.keep(writes, r)
	}
	f.reread()
}

// keep lets any of the writes reach the platter, in any order, some of them torn.
func (f *File) keep(writes []fileWrite, r *Rand) {
	var reached []fileWrite
	for _, w := range writes {
		switch kept := r.Intn(5); {
		case w.cut && kept < 2: // and nothing behind it
			f.arrive(reached, r)
			return
		case w.cut:
			f.arrive(reached, r)
			reached = nil
			f.platter = w.onto(f.platter)
		case kept == 2:
			reached = append(reached, w.torn(r))
		case kept > 2:
			reached = append(reached, w)
		}
	}
	f.arrive(reached, r)
}

// arrive carries writes out in any order.
func (f *File) arrive(writes []fileWrite, r *Rand) {
	for left := len(writes); left > 0; left-- {
		i := r.Intn(left)
		f.platter = writes[i].onto(f.platter)
		writes[i] = writes[left-1]
	}
}

// torn returns the first bytes of a write.
func (w fileWrite) torn(r *Rand) fileWrite {
	if w.cut {
		return fileWrite{} // it happens or not
	}
	w.data = w.data[:r.Intn(len(w.data)+1)]
	return w
}
