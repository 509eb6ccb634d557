package tablet

import (
	"fmt"
	"time"

	"tabletop/model/fs"
	"tabletop/model/raft"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Copy makes a folder a replica like that of the source, and returns its superblock. The folder
// may hold a tombstone, whose superblock is old; what the tombstone promised it keeps, and it
// votes until its log is whole again. Until everything is durable the superblock says COPYING.
// Follows TabletCopyClient. After an error the caller leaves a tombstone (see Tombstone).
func Copy(p *sim.Proc, id wire.TabletID, dir string, old fs.Superblock, tombstone raft.Consensus,
	source wire.ServerID) (fs.Superblock, error) {
	m, err := call(p, source, &wire.BeginCopySessionRequest{Dest: source, Tablet: id})
	if err != nil {
		return old, err
	}
	begun := m.(*wire.BeginCopySessionResponse)
	if !begun.Status.OK() {
		return old, fmt.Errorf("source: %v", begun.Status)
	}
	sb := fs.Superblock{Tablet: id, Table: begun.Table, Partition: begun.Partition,
		Version: begun.Version, Schema: begun.Schema, Data: wire.DataCopying,
		Dimension: begun.Dimension, LastLogged: old.LastLogged}
	sb.Write(p, dir)
	// A creation that was cut short leaves files without a superblock, which nobody looked at.
	// Where a tombstone votes there are none but what it writes.
	if tombstone == nil && len(fs.Leftovers(p.Node(), dir, raft.MetaName)) > 0 {
		fs.Clear(p, dir, raft.MetaName)
	}
	if err := fetchBlocks(p, id, source, begun.Blocks); err != nil {
		return sb, err
	}
	if err := fetch(p, id, dir, source, begun.Files); err != nil {
		return sb, err
	}
	if tombstone != nil {
		tombstone.Shutdown(p)
	}
	raft.AdoptMeta(p, dir, begun.Term, begun.Config)
	sb.Data, sb.LastLogged = wire.DataReady, wire.OpID{}
	sb.Write(p, dir)
	call(p, source, &wire.EndCopySessionRequest{Dest: source, Tablet: id})
	return sb, nil
}

var streamBlock = sim.NewStream("tablet/block")

// fetchBlocks takes as long as it takes to bring the blocks of a session to disk.
func fetchBlocks(p *sim.Proc, id wire.TabletID, source wire.ServerID, blocks int) error {
	for i := range blocks {
		m, err := call(p, source, &wire.FetchDataRequest{Dest: source, Tablet: id, Block: i + 1})
		if err != nil {
			return err
		}
		if s := m.(*wire.FetchDataResponse).Status; !s.OK() {
			return fmt.Errorf("source: %v", s)
		}
		p.Sleep("block of data", p.Node().Uniform(streamBlock, 300*time.Millisecond,
			700*time.Millisecond))
	}
	return nil
}

// fetch brings the files of a session to disk.
func fetch(p *sim.Proc, id wire.TabletID, dir string, source wire.ServerID,
	files []wire.CopiedFile) error {
	disk := p.Node().Disk()
	for _, want := range files {
		f := disk.Create(dir + "/" + want.Name)
		for f.Len() < want.Size {
			m, err := call(p, source, &wire.FetchDataRequest{Dest: source, Tablet: id,
				File: want.Name, Offset: f.Len()})
			if err != nil {
				return err
			}
			piece := m.(*wire.FetchDataResponse)
			if !piece.Status.OK() || len(piece.Data) == 0 {
				return fmt.Errorf("source: %v", piece.Status)
			}
			f.Append(piece.Data)
		}
		p.Must(f.Sync(p))
	}
	p.Must(disk.SyncDir(p))
	return nil
}

func call(p *sim.Proc, to wire.ServerID, req sim.Message) (sim.Message, error) {
	return p.Call(to.Node(), req, p.Now().Add(rpcTimeout))
}

// Tombstone gives a replica up but for what it promised: its term, its vote, and where its log
// ended. A crash on the way leaves the superblock that says what is still to be removed.
func Tombstone(p *sim.Proc, dir string, sb fs.Superblock) fs.Superblock {
	sb.Data = wire.DataTombstoned
	sb.Write(p, dir)
	fs.Clear(p, dir, raft.MetaName)
	return sb
}

// Buried reports whether a folder, with the superblock that was read, is a tombstone of which
// nothing is left to be removed.
func Buried(n *sim.Node, dir string, sb fs.Superblock) bool {
	return sb.Data == wire.DataTombstoned && len(fs.Leftovers(n, dir, raft.MetaName)) == 0
}
