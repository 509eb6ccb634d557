package sim

import (
	"slices"
	"time"
)

// The fault model of the disk. A file holds bytes. Writes reach the cache of the machine at
// once: they survive the end of the program, they are read back, and they are lost with the
// power unless a Sync of the file that began after them has completed. Creating, renaming and
// removing a file changes the directory; such a change is lost with the power unless a SyncDir
// that began after it has completed. Losing power keeps a prefix, drawn from the seed, of the
// writes to each file that were not synced, and perhaps the first bytes of the next one; the
// same of the changes to the directory, without the torn piece.

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
}

// dirChange binds a name to a file, or to none.
type dirChange struct {
	name string
	file *File
}

// File is an open file. It stays valid when it is renamed.
type File struct {
	disk   *Disk
	name   string
	data   []byte
	writes []fileWrite // not synced, oldest first
	synced int         // how many writes before those became durable
}

// fileWrite can undo itself.
type fileWrite struct {
	length int    // of the file before
	off    int    // where it wrote
	old    []byte // what stood there
	size   int    // how much it wrote
}

func newDisk(n *Node, cfg DiskConfig) *Disk {
	return &Disk{node: n, cfg: cfg, now: map[string]*File{}, durable: map[string]*File{}}
}

// Open returns the file of that name, or nil if there is none.
func (d *Disk) Open(name string) *File { return d.now[name] }

// Create makes an empty file, in place of an older one of that name.
func (d *Disk) Create(name string) *File {
	d.node.mustLive("creating a file")
	f := &File{disk: d, name: name}
	d.bind(name, f)
	return f
}

// Rename gives a file another name, in place of an older file of that name.
func (d *Disk) Rename(from, to string) {
	d.node.mustLive("renaming a file")
	f := d.now[from]
	f.name = to
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

// SyncDir blocks until all changes to the directory so far are durable.
func (d *Disk) SyncDir(p *Proc) {
	upTo := d.settled + len(d.changes)
	d.wait(p, "sync directory")
	for ; d.settled < upTo; d.settled++ {
		apply(d.durable, d.changes[0].name, d.changes[0].file)
		d.changes = d.changes[1:]
	}
	Synced.Publish(d.node.world, SyncEvent{Node: d.node})
}

func (d *Disk) wait(p *Proc, label string) {
	p.Sleep(label, d.cfg.Sync.Draw(d.node.Draw(streamSync, 0)))
}

// Durable returns what the file of that name would surely hold after a loss of power, and
// whether it would be there. The bytes must not be changed.
func (d *Disk) Durable(name string) ([]byte, bool) {
	f := d.durable[name]
	if f == nil {
		return nil, false
	}
	return f.durable(), true
}

// Len returns the length of the file in bytes.
func (f *File) Len() int { return len(f.data) }

// Bytes returns the contents of the file. They must not be changed.
func (f *File) Bytes() []byte { return f.data }

// Append writes b at the end of the file.
func (f *File) Append(b []byte) {
	f.disk.node.mustLive("a write")
	f.writes = append(f.writes, fileWrite{length: len(f.data), off: len(f.data), size: len(b)})
	f.data = append(f.data, b...)
}

// Truncate cuts the file off at the given length.
func (f *File) Truncate(length int) {
	f.disk.node.mustLive("a write")
	old := slices.Clone(f.data[length:])
	f.writes = append(f.writes, fileWrite{length: len(f.data), off: length, old: old})
	f.data = f.data[:length]
}

// Sync blocks until what was written so far is durable.
func (f *File) Sync(p *Proc) {
	upTo := f.synced + len(f.writes)
	f.disk.wait(p, "sync "+f.name)
	if done := upTo - f.synced; done > 0 {
		f.writes = slices.Clone(f.writes[done:])
		f.synced = upTo
	}
	Synced.Publish(f.disk.node.world, SyncEvent{Node: f.disk.node, File: f.name})
}

// durable returns the contents without the writes that are not synced.
func (f *File) durable() []byte {
	if len(f.writes) == 0 {
		return f.data
	}
	appended := true
	for _, w := range f.writes {
		appended = appended && len(w.old) == 0
	}
	if appended {
		return f.data[:f.writes[0].length]
	}
	undone := File{data: slices.Clone(f.data), writes: f.writes}
	undone.undo(0)
	return undone.data
}

// undo takes back every write from the i-th on.
func (f *File) undo(i int) {
	for j := len(f.writes) - 1; j >= i; j-- {
		w := f.writes[j]
		f.data = append(f.data[:min(w.off, len(f.data))], w.old...)
		f.data = f.data[:w.length]
	}
	f.writes = f.writes[:i]
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
		f.name = name
		f.losePower(d.node.Draw(streamPower, 1))
	}
}

// losePower keeps some of the writes that were not synced, and perhaps a torn piece of the
// next, as the word says. What is left is what the disk holds.
func (f *File) losePower(word uint64) {
	if len(f.writes) == 0 {
		return
	}
	kept := int(Below(word, uint64(len(f.writes)+1)))
	var torn []byte
	if kept < len(f.writes) && len(f.writes[kept].old) == 0 {
		f.undo(kept + 1)
		w := f.writes[kept]
		size := int(Below(finish(word), uint64(w.size+1)))
		torn = slices.Clone(f.data[w.off : w.off+size])
	}
	f.undo(kept)
	f.data = append(f.data, torn...)
	f.writes = nil
}
