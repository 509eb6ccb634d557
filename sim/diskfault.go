package sim

import (
	"slices"
	"strings"
	"time"
)

// DiskFault says what is wrong with a disk. Of a zero field nothing is.
type DiskFault struct {
	// Slow is added to every sync.
	Slow Latency
	// Of a million syncs, how many fail.
	Fail int
	// Of a million writes, how many land elsewhere on the disk when they are synced.
	Misdirect int
	// Full leaves no room for more than what the disk holds when the fault begins.
	Full bool
}

// DiskEffects counts what a fault of a disk has done.
type DiskEffects struct {
	Delayed     int // syncs
	Failed      int // syncs
	Refused     int // syncs of what did not fit
	Misdirected int // writes
}

// Total adds all of them up.
func (e DiskEffects) Total() int { return e.Delayed + e.Failed + e.Refused + e.Misdirected }

// DiskDisturbance is a fault of a disk, from Disturb until End.
type DiskDisturbance struct {
	Effects DiskEffects

	disk     *Disk
	fault    DiskFault
	capacity int
}

// Disturb makes the disk faulty from now on.
func (d *Disk) Disturb(f DiskFault) *DiskDisturbance {
	x := &DiskDisturbance{disk: d, fault: f, capacity: d.used()}
	d.faults = append(d.faults, x)
	d.node.disturb(false, true)
	return x
}

// End takes the fault away.
func (x *DiskDisturbance) End() {
	x.disk.faults = slices.DeleteFunc(x.disk.faults,
		func(o *DiskDisturbance) bool { return o == x })
	x.disk.node.disturb(true, false)
}

// used counts the bytes on the platter.
func (d *Disk) used() int {
	total := 0
	for _, name := range Keys(d.now) {
		total += len(d.now[name].platter)
	}
	return total
}

var streamDiskFault = NewStream("sim/disk-fault")

// wait is how long a sync takes, and whether it fails.
func (d *Disk) wait(p *Proc, label string) error {
	took := d.cfg.Sync.Draw(d.node.Draw(streamSync, 0))
	var err error
	for _, x := range d.faults {
		r := Rand{state: d.node.Draw(streamDiskFault, 0)}
		if x.fault.Slow != (Latency{}) {
			took += x.fault.Slow.Draw(r.Uint64())
			x.Effects.Delayed++
		}
		if r.Chance(x.fault.Fail) {
			x.Effects.Failed++
			err = ErrIO
		}
	}
	p.Sleep(label, took)
	d.passSync(p, true)
	return err
}

// makeRoom returns ErrNoSpace if the writes make the disk larger than it may be.
func (d *Disk) makeRoom(f *File, writes []fileWrite) error {
	for _, x := range d.faults {
		if !x.fault.Full {
			continue
		}
		size := len(f.platter)
		for _, w := range writes {
			size = max(size, w.off+len(w.data))
		}
		if d.used()+size-len(f.platter) > x.capacity {
			x.Effects.Refused++
			return ErrNoSpace
		}
	}
	return nil
}

// misdirect lets a write land elsewhere, if a fault says so, and reports whether it did.
func (d *Disk) misdirect(f *File, w fileWrite) bool {
	for _, x := range d.faults {
		if x.fault.Misdirect == 0 || w.cut || len(w.data) == 0 {
			continue
		}
		r := Rand{state: d.node.Draw(streamDiskFault, 1)}
		if !r.Chance(x.fault.Misdirect) {
			continue
		}
		x.Effects.Misdirected++
		f.part()
		hole := fileWrite{off: w.off, data: make([]byte, len(w.data))}
		if w.off >= len(f.platter) {
			f.platter = hole.onto(f.platter)
		}
		victim := d.anyFile(&r, "")
		if room := len(victim.platter); room > 0 {
			at := r.Intn(room)
			victim.part()
			lost := fileWrite{off: at, data: w.data[:min(len(w.data), room-at)]}
			victim.platter = lost.onto(victim.platter)
			victim.reread()
			d.damaged(victim)
		}
		f.part()
		d.damaged(f)
		return true
	}
	return false
}

// anyFile draws a file with bytes on the platter whose name begins so, if there is one.
func (d *Disk) anyFile(r *Rand, prefix string) *File {
	var files []*File
	for _, name := range Keys(d.durable) {
		if f := d.durable[name]; len(f.platter) > 0 && strings.HasPrefix(name, prefix) {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return &File{disk: d}
	}
	return files[r.Intn(len(files))]
}

// Rot flips a bit on the platter, where the word says, in a file whose name begins so, and returns
// the file that it hit; empty if the disk holds nothing of the kind.
func (d *Disk) Rot(prefix string, word uint64) (file string) {
	r := Rand{state: word}
	f := d.anyFile(&r, prefix)
	if len(f.platter) == 0 {
		return ""
	}
	f.part()
	f.platter[r.Intn(len(f.platter))] ^= 1 << r.Intn(8)
	f.reread()
	d.damaged(f)
	return f.name
}

func (d *Disk) damaged(f *File) {
	DiskDamaged.Publish(d.node.world, SyncEvent{Node: d.node, File: f.name})
}

// Wipe puts a new, empty disk in the place of this one. The program must not run.
func (d *Disk) Wipe() {
	if d.node.alive {
		panic("sim: the disk of " + d.node.name + " is wiped while its program runs")
	}
	d.now, d.durable, d.changes = map[string]*File{}, map[string]*File{}, nil
	d.wiped++
	DiskDamaged.Publish(d.node.world, SyncEvent{Node: d.node})
}

// Wiped returns how many disks this one has replaced.
func (d *Disk) Wiped() int { return d.wiped }

// armedSync is something to be done at one of the coming syncs.
type armedSync struct {
	left   int
	before bool
	do     func()
}

// ArmSync does something at the k-th sync from now, of a file or the directory: just before it
// takes effect, or just after, when its caller does not know yet. The function may end the node;
// then the caller goes no further. The returned function takes it back.
func (d *Disk) ArmSync(k int, before bool, do func()) (disarm func()) {
	a := &armedSync{k, before, do}
	d.armed = append(d.armed, a)
	return func() {
		d.armed = slices.DeleteFunc(d.armed, func(o *armedSync) bool { return o == a })
	}
}

func (d *Disk) passSync(p *Proc, before bool) {
	for _, a := range slices.Clone(d.armed) {
		if a.before != before {
			continue
		}
		if a.left--; a.left == 0 {
			d.armed = slices.DeleteFunc(d.armed, func(o *armedSync) bool { return o == a })
			a.do()
			p.afterStrike()
		}
	}
}

func (d *Disk) synced(p *Proc, file string) {
	Synced.Publish(d.node.world, SyncEvent{Node: d.node, File: file})
	d.passSync(p, false)
}

func (d *Disk) failed(file string, err error) error {
	SyncFailed.Publish(d.node.world, SyncEvent{Node: d.node, File: file, Err: err.Error()})
	return err
}

// Slowness is a convenient distribution for DiskFault.Slow and LinkFault.Slow: around d.
func Slowness(d time.Duration) Latency { return Latency{Min: d / 2, Max: d * 3 / 2} }
