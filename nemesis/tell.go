package nemesis

import (
	"slices"
	"strings"
)

// told says in words what becomes of the target.
var told = map[Kind]string{
	Elect: "is made a candidate", StepDown: "steps down, if it leads",
	DeposeAt: "is to step down", Kill: "is killed",
	PowerOff: "loses its power", Pause: "is paused", Slow: "becomes slow",
	KillAt: "is to be killed", KillWait: "is to be killed", KillSync: "is to be killed",
	Partition: "is cut off", CutAt: "is to be cut off", Split: "are split",
	Flap: "is cut off again and again", Clog: "is clogged up", Swizzle: "is clogged link by link",
	Lossy: "loses segments", Damage: "gets damaged segments", Reorder: "gets late segments",
	Redeliver: "gets requests twice", SlowLink: "gets slow links", Bandwidth: "gets narrow links",
	SlowDisk: "gets a slow disk", FailSync: "fails to sync", FullDisk: "has a full disk",
	BitRot: "has a bit of its disk flipped", Misdirect: "writes to wrong places",
	FailWrite: "is refused its writes", Wipe: "gets an empty disk",
	Drift: "has a clock that drifts", ClockJump: "has its clock set",
	Transfer: "hands over, if it leads", Quiesce: "leads nothing any more",
	Maintenance:  "goes into maintenance",
	ChangeConfig: "has the members of a tablet changed", DeleteReplica: "gives up a replica",
	Lose: "is lost for good", AddMaster: "becomes a master", RemoveMaster: "is a master no more",
}

// Tell says in words what the fault does.
func (f Fault) Tell() string {
	text, known := told[f.Kind]
	if !known {
		text = "suffers " + string(f.Kind)
	}
	words := strings.Fields(f.String())[4:]
	words = slices.DeleteFunc(words, func(w string) bool { return strings.HasPrefix(w, "for=") })
	text = f.Target + " " + text
	if len(words) > 0 {
		text += " (" + strings.Join(words, " ") + ")"
	}
	if f.For > 0 {
		text += ", for " + f.For.String()
	}
	return text
}
