package nemesis

import "strings"

// Kind is what a fault does.
type Kind string

// The kinds of faults.
const (
	Elect    Kind = "elect"
	StepDown Kind = "step-down"
	DeposeAt Kind = "depose-at"

	Kill     Kind = "kill"
	PowerOff Kind = "power-off"
	Pause    Kind = "pause"
	Slow     Kind = "slow"
	KillAt   Kind = "kill-at"
	KillWait Kind = "kill-wait"
	KillSync Kind = "kill-sync"

	Partition Kind = "partition"
	CutAt     Kind = "cut-at"
	Split     Kind = "split"
	Flap      Kind = "flap"
	Clog      Kind = "clog"
	Swizzle   Kind = "swizzle"
	Lossy     Kind = "lossy"
	Damage    Kind = "damage"
	Reorder   Kind = "reorder"
	Redeliver Kind = "redeliver"
	SlowLink  Kind = "slow-link"
	Bandwidth Kind = "bandwidth"

	SlowDisk  Kind = "slow-disk"
	FailSync  Kind = "fail-sync"
	FullDisk  Kind = "full-disk"
	BitRot    Kind = "bit-rot"
	Misdirect Kind = "misdirect"
	FailWrite Kind = "fail-write"
	Wipe      Kind = "wipe"

	Drift     Kind = "drift"
	ClockJump Kind = "clock-jump"

	Transfer      Kind = "transfer"
	Quiesce       Kind = "quiesce"
	Maintenance   Kind = "maintenance"
	ChangeConfig  Kind = "change-config"
	DeleteReplica Kind = "delete-replica"
	Lose          Kind = "lose"
	AddMaster     Kind = "add-master"
	RemoveMaster  Kind = "remove-master"
	Relocate      Kind = "relocate"
	Rebalance     Kind = "rebalance"
)

// KindInfo describes a kind of fault.
type KindInfo struct {
	Kind  Kind
	Title string   // for people
	Needs []string // the words that a line of it must have
	May   []string // the words that it may have
	// Group tells that the target may be several nodes, which are struck at one instant.
	Group bool
	// Rack tells that the target may be location:LOCATION, all tablet servers there.
	Rack bool
	// Apart tells that Draw leaves it to DrawRacks, Rebalances or Ambushes, which have draws of
	// their own.
	Apart bool
	// Kills tells that the target's program ends.
	Kills bool
	// Only is the side that the target must be of; empty: any.
	Only string
	// Loses tells that what a disk held for durable may be lost, so that no majority of the disks
	// of one tablet may be struck.
	Loses bool
}

var (
	lasting = []string{"for"}
	links   = []string{"from", "dir", "for"}
)

// Kinds lists the kinds of faults.
var Kinds = []KindInfo{
	{Kind: Elect, May: []string{"tablet", "term"},
		Title: "make the target a candidate, even against a live leader; tablet=TABLE for a " +
			"tablet's"},
	{Kind: StepDown, May: []string{"tablet"},
		Title: "make the target, if it leads, a follower of the next term; tablet=TABLE likewise"},
	{Kind: DeposeAt, Needs: []string{"point"}, Only: "masters", Apart: true,
		Title: "make the target, a master, step down when it next passes point=NAME"},

	{Kind: Kill, May: lasting, Group: true, Rack: true, Kills: true,
		Title: "end the target's program, as kill -9; restart it after for=DURATION"},
	{Kind: PowerOff, May: lasting, Group: true, Rack: true, Kills: true,
		Title: "end it and lose what its disk had not synced; restart it after for="},
	{Kind: Pause, May: lasting, Group: true, Rack: true,
		Title: "stop the target in its tracks, as SIGSTOP, for="},
	{Kind: Slow, Needs: []string{"by"}, May: lasting,
		Title: "make every step of the target's program take by=DURATION"},
	{Kind: KillAt, Needs: []string{"point"}, May: lasting, Kills: true,
		Title: "end the target's program when it next passes point=NAME"},
	{Kind: KillWait, Needs: []string{"label"}, May: []string{"power", "for"}, Kills: true,
		Title: "end it when a process of it begins a wait whose label begins with label=WORDS, " +
			"- for spaces; power=off: and the machine"},
	{Kind: KillSync, Needs: []string{"k", "when"}, May: []string{"power", "for"}, Kills: true,
		Title: "end it just when=before or after its k-th sync, k=N; power=off likewise"},

	{Kind: Partition, May: links, Rack: true,
		Title: "cut the target off from=all, masters, tservers, clients or a node, dir=both, " +
			"in or out, for="},
	{Kind: CutAt, Needs: []string{"point"}, May: links,
		Title: "cut it off when its program next passes point=NAME"},
	{Kind: Split, Needs: []string{"shape"}, May: []string{"turn", "for"}, Group: true,
		Title: "split a group, rotated by turn=N: shape=halves, bridge (halves with one node " +
			"in both) or ring (each reaches its neighbours)"},
	{Kind: Flap, Needs: []string{"by"}, May: links,
		Title: "cut the target off and let it be again, every by=DURATION"},
	{Kind: Clog, May: links, Title: "hold what goes over the links; then it goes on in its order"},
	{Kind: Swizzle, Needs: []string{"by"}, May: links,
		Title: "clog the links one by one, every by=DURATION, and release them in another order"},
	{Kind: Lossy, Needs: []string{"ppm"}, May: links,
		Title: "lose ppm=N of a million segments, which are sent again"},
	{Kind: Damage, Needs: []string{"ppm"}, May: links,
		Title: "damage ppm=N of a million segments, which the receiver drops"},
	{Kind: Reorder, Needs: []string{"ppm", "by"}, May: links,
		Title: "make ppm=N of a million segments up to by=DURATION late"},
	{Kind: Redeliver, Needs: []string{"ppm", "by"}, May: links,
		Title: "deliver ppm=N of a million requests again, up to by=DURATION later"},
	{Kind: SlowLink, Needs: []string{"by"}, May: links,
		Title: "add about by=DURATION to the latency"},
	{Kind: Bandwidth, Needs: []string{"rate"}, May: links,
		Title: "let rate=N bytes a second pass; the rest waits in line"},

	{Kind: SlowDisk, Needs: []string{"by"}, May: lasting,
		Title: "add about by=DURATION to every sync"},
	{Kind: FailSync, Needs: []string{"ppm"}, May: lasting,
		Title: "fail ppm=N of a million syncs; what they cover may be lost"},
	{Kind: FullDisk, May: lasting, Title: "leave no more room on the disk"},
	{Kind: BitRot, May: []string{"tablet"}, Loses: true,
		Title: "flip a bit somewhere on the disk; tablet=TABLE: in its log of the first tablet"},
	{Kind: Misdirect, Needs: []string{"ppm"}, May: lasting, Loses: true,
		Title: "let ppm=N of a million writes land elsewhere on the disk"},
	{Kind: FailWrite, Needs: []string{"ppm"}, May: lasting, Only: "masters",
		Title: "refuse ppm=N of a million writes of the target, a master, to the master tablet"},
	{Kind: Wipe, May: lasting, Kills: true, Loses: true,
		Title: "end the target's program and put an empty disk in the place of its own"},

	{Kind: Drift, Needs: []string{"ppm"}, May: lasting,
		Title: "let the target's clocks run ppm=N too fast, or too slow"},
	{Kind: ClockJump, Needs: []string{"by"}, May: lasting,
		Title: "set the target's wall clock forward by=DURATION, or back"},

	{Kind: Transfer, May: []string{"tablet", "to"},
		Title: "make the target, if it leads, hand over gracefully, to=NODE or anybody; " +
			"tablet=TABLE likewise"},
	{Kind: Quiesce, May: lasting, Only: "tservers",
		Title: "let the target, a tablet server, lead nothing"},
	{Kind: Maintenance, May: lasting, Only: "tservers",
		Title: "announce work on the target, a tablet server, to the masters"},
	{Kind: ChangeConfig, Needs: []string{"tablet", "change"}, May: []string{"by"}, Only: "tservers",
		Title: "change who has replicas of a table's first tablet: change=add or remove the " +
			"target's, or replace it by another; by=DURATION after looking who has, if they " +
			"still have"},
	{Kind: DeleteReplica, Needs: []string{"tablet"}, Only: "tservers", Loses: true,
		Title: "make the target, a tablet server, give up its replica of a table's first tablet"},
	{Kind: Lose, Kills: true, Loses: true, Title: "take the target's machine away for good"},
	{Kind: AddMaster, Only: "masters",
		Title: "start the target, a spare master, which becomes a master by itself"},
	{Kind: RemoveMaster, Kills: true, Loses: true, Only: "masters",
		Title: "make the masters go on without the target, and take its machine away"},
	{Kind: Relocate, Needs: []string{"location"}, May: []string{"from", "for"}, Only: "tservers",
		Apart: true, Title: "map the target, a tablet server, to location=LOCATION, for " +
			"from=MASTER or all; location=none: the mapping fails"},
	{Kind: Rebalance, May: lasting, Only: "clients", Apart: true,
		Title: "run the rebalancing tool on the target, a client; it is interrupted after for="},
}

// suits reports whether a node is of the side that the kind strikes.
func (k *KindInfo) suits(node string) bool {
	prefix := map[string]string{"tservers": "ts-", "masters": "master-",
		"clients": "client-"}[k.Only]
	return strings.HasPrefix(node, prefix)
}

func infoOf(k Kind) *KindInfo {
	for i := range Kinds {
		if Kinds[i].Kind == k {
			return &Kinds[i]
		}
	}
	return nil
}
