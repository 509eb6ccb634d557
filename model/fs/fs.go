// Package fs is the layout of a server's disk beside its logs: the file that says which server it
// is, and the superblocks that say which replicas it holds, and in which state (FsManager,
// TabletMetadata). A file is replaced as a whole, durably, or stays as it was.
//
//tabletop:deterministic
package fs

import (
	"strings"

	"tabletop/model/wire"
	"tabletop/sim"
)

// Replace puts a file of that content in the place of the one of that name, if any. It is durable
// when Replace returns. A disk that cannot do it ends the program.
func Replace(p *sim.Proc, name string, content []byte) {
	disk := p.Node().Disk()
	f := disk.Create(name + ".tmp")
	f.Append(content)
	p.Must(f.Sync(p))
	disk.Rename(name+".tmp", name)
	p.Must(disk.SyncDir(p))
}

// Instance is who a server is (NodeInstancePB).
type Instance struct {
	ID wire.ServerID
	// Stamp tells this start of the server from earlier ones (instance_seqno).
	Stamp int64
}

const instanceFile = "instance"

// epoch is the wall clock when the world begins, in microseconds since 1970.
const epoch = 1_700_000_000_000_000

// Identify reads who the server is, and the wall clock for a stamp of its start. With monotonic it
// is above the last one, whatever the clock says. The first disk of a node makes the server that
// everybody expects there, a later one another server.
func Identify(n *sim.Node, monotonic bool) Instance {
	i := Instance{Stamp: epoch + n.Wall().Microseconds()}
	if f := n.Disk().Open(instanceFile); f != nil {
		if content, intact := wire.Unseal(f.Bytes()); intact {
			d := wire.NewDecoder(content)
			i.ID = wire.ServerID(d.Int())
			if last := int64(d.Int()); monotonic {
				i.Stamp = max(i.Stamp, last+1)
			}
			return i
		}
	}
	i.ID = wire.ServerOn(n.ID(), n.Disk().Wiped())
	return i
}

// Keep makes sure that the next start knows who it is.
func (i Instance) Keep(p *sim.Proc) {
	var e wire.Encoder
	e.Int(int(i.ID))
	e.Int(int(i.Stamp))
	Replace(p, instanceFile, wire.Seal(e.Bytes()))
}

// Superblock says which replica a folder holds (TabletSuperBlockPB). A folder without one is the
// leftover of an unfinished creation or deletion.
type Superblock struct {
	Tablet  wire.TabletID
	Table   wire.TableID
	Version int64 // of Schema, with which the replica began
	Schema  wire.Schema
	Data    wire.DataState
	// Partition is which rows of the table the tablet holds.
	Partition wire.Partition
	// Dimension is the label of the tablet; empty: it has none.
	Dimension wire.Dimension
	// LastLogged is where the log of a tombstone, or of one that is copied over, ended; zero: not
	// known, so that it cannot vote.
	LastLogged wire.OpID
}

const superblock = "/superblock"

// Write makes the superblock that of a folder.
func (s Superblock) Write(p *sim.Proc, dir string) {
	var e wire.Encoder
	e.Uint64(uint64(s.Tablet))
	e.Uint64(uint64(s.Table))
	e.Int(int(s.Version))
	e.Schema(s.Schema)
	e.Int(int(s.Data))
	e.Int(int(s.LastLogged.Term))
	e.Int(int(s.LastLogged.Index))
	e.Partition(s.Partition)
	if s.Dimension != "" {
		e.String(string(s.Dimension))
	}
	Replace(p, dir+superblock, wire.Seal(e.Bytes()))
}

// ReadSuperblock returns the superblock of a folder, or false if there is none or it is damaged.
func ReadSuperblock(n *sim.Node, dir string) (Superblock, bool) {
	f := n.Disk().Open(dir + superblock)
	if f == nil {
		return Superblock{}, false
	}
	content, intact := wire.Unseal(f.Bytes())
	d := wire.NewDecoder(content)
	s := Superblock{Tablet: wire.TabletID(d.Uint64()), Table: wire.TableID(d.Uint64()),
		Version: int64(d.Int()), Schema: d.Schema(), Data: wire.DataState(d.Int()),
		LastLogged: wire.OpID{Term: int64(d.Int()), Index: int64(d.Int())},
		Partition:  d.Partition()}
	if intact && !d.Done() {
		s.Dimension = wire.Dimension(d.String())
	}
	return s, intact && d.Done()
}

// Folders lists the folders that have a superblock, in order.
func Folders(n *sim.Node) []string {
	var dirs []string
	for _, name := range n.Disk().List() {
		if dir, is := strings.CutSuffix(name, superblock); is {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// Delete removes a folder: the superblock first, so that what a crash leaves is a leftover.
func Delete(p *sim.Proc, dir string) {
	disk := p.Node().Disk()
	disk.Remove(dir + superblock)
	p.Must(disk.SyncDir(p))
	Clear(p, dir)
}

// Clear removes what is in a folder but its superblock and the files of the given names.
func Clear(p *sim.Proc, dir string, keep ...string) {
	disk := p.Node().Disk()
	for _, name := range Leftovers(p.Node(), dir, keep...) {
		disk.Remove(dir + "/" + name)
	}
	p.Must(disk.SyncDir(p))
}

// Leftovers lists what Clear would remove.
func Leftovers(n *sim.Node, dir string, keep ...string) []string {
	return Files(n, dir, append(keep, superblock[1:])...)
}

// Files lists what is in a folder, without the files of the given names.
func Files(n *sim.Node, dir string, without ...string) []string {
	var names []string
	for _, path := range n.Disk().List() {
		name, in := strings.CutPrefix(path, dir+"/")
		skip := !in
		for _, w := range without {
			skip = skip || name == w
		}
		if !skip {
			names = append(names, name)
		}
	}
	return names
}
