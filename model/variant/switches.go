// Package variant declares, in one place, all that can be switched about the system: defects
// (real bugs and known hazards of Kudu), defences (what the ideal system has beyond Kudu's
// protocol), profiles (named sets of these that stand for a version) and options (choices that
// are no bugs). Code asks a Variants; nothing else in the model decides what is on.
//
//tabletop:deterministic
package variant

// Switch is one defect or defence.
type Switch uint8

// Defects. A defect whose code is empty is the absence of the defences that it needs off.
const (
	// KUDU1353 routes work for a tablet by a replica map that is filled by reports only and
	// starts empty after every load of the catalog.
	KUDU1353 Switch = iota
	// KUDU1374 has tablet servers send nothing special to a new leader master.
	KUDU1374
	// KUDU1358 has tablet servers heartbeat to the leader master only, and followers refuse.
	KUDU1358
	// KUDU1991 drops a task whose target cannot be resolved at the moment.
	KUDU1991
	// KUDU1537 lets a retried DDL meet its own effect.
	KUDU1537
	// KUDU1188 answers reads from local state, without a lease and without asking a quorum.
	KUDU1188
	// L1 lets a tablet server detect a new leader by comparing booleans, so that it can miss a
	// whole reign.
	L1
	// L12 ends a new leader master that cannot catch up in time.
	L12
	// KUDU2472 refuses CreateTable while a restarted leader master has heard of few servers.
	KUDU2472
	// KUDU2195 leaves it to the operating system when logs and consensus metadata reach the disk.
	KUDU2195
	// StartStamp tells the starts of a tablet server apart by its wall clock.
	StartStamp
	// KUDU3486 never tells of a tombstone that is left of a dropped table.
	KUDU3486

	// FullReportByTerm: a tablet server sends a full report for every term of a leader master.
	FullReportByTerm
	// ResumeIntentions: a new leader master takes up the alters that its catalog says are open.
	ResumeIntentions
	// ExactlyOnceDDL: the result of a request is replicated with its effect.
	ExactlyOnceDDL
	// ConfirmedReads: an answer leaves a master after a quorum has confirmed its leadership.
	ConfirmedReads
	// AbdicateWhenBehind: a new leader master that cannot catch up in time steps down.
	AbdicateWhenBehind
	// WaitForTServers: a CreateTable waits while fewer servers are known than it needs.
	WaitForTServers
	// MonotonicStartStamp: the stamp of a tablet server's start never goes back.
	MonotonicStartStamp
	// ReportLeftovers: a tablet server tells again and again of what nobody may need any more.
	ReportLeftovers

	switchCount
)

// Defect describes a real bug or a known hazard.
type Defect struct {
	Switch Switch
	ID     string
	Title  string
	Entry  string // where docs/bugs.md tells more
	// Needs is the fewest other switches that must be off (defences) or on (defects) with it,
	// because they would mask it. KUDU-2195 needs none.
	Needs []Switch
}

// Defence describes what the ideal system has beyond Kudu's protocol.
type Defence struct {
	Switch Switch
	ID     string
	Title  string
}

// Defects lists all defects.
var Defects = []Defect{
	{KUDU1353, "KUDU-1353", "replica locations are soft state that a new leader does not rebuild",
		"B01", []Switch{KUDU1374}},
	{KUDU1374, "KUDU-1374", "work triggered by a report is lost when the leader master changes",
		"B02", []Switch{FullReportByTerm, ResumeIntentions}},
	{KUDU1358, "KUDU-1358", "a new leader master knows no tablet servers and refuses CreateTable",
		"B05", []Switch{WaitForTServers}},
	{KUDU1991, "KUDU-1991", "a task is dropped when its target is not known at the moment",
		"B10", []Switch{FullReportByTerm, ResumeIntentions}},
	{KUDU1537, "KUDU-1537", "a retried DDL reports its own first attempt's effect as an error",
		"B04", []Switch{ExactlyOnceDDL}},
	{KUDU1188, "KUDU-1188", "a deposed leader master serves reads from old state",
		"L6", []Switch{ConfirmedReads}},
	{L1, "L1", "a tablet server can miss a whole reign between two heartbeats",
		"L1", []Switch{FullReportByTerm, ResumeIntentions}},
	{L12, "L12", "a new leader master that cannot catch up within 30 s ends its own process",
		"L12", []Switch{AbdicateWhenBehind}},
	{KUDU2472, "KUDU-2472", "a restarted leader master refuses CreateTable until servers report",
		"B05", []Switch{WaitForTServers}},
	{KUDU2195, "KUDU-2195", "logs, terms and votes are not synced: a loss of power takes them",
		"A13", nil},
	{StartStamp, "start-stamp", "a tablet server whose clock was set back counts as an old start",
		"start-stamp", []Switch{MonotonicStartStamp}},
	{KUDU3486, "KUDU-3486", "tombstones of evicted replicas outlive their table",
		"B37", []Switch{ReportLeftovers}},
}

// Defences lists all defences.
var Defences = []Defence{
	{FullReportByTerm, "full-report-by-term",
		"a tablet server sends a full report for every term of a leader master"},
	{ResumeIntentions, "resume-intentions",
		"a new leader master takes up the alters that its catalog says are open"},
	{ExactlyOnceDDL, "exactly-once-ddl",
		"the result of a request is replicated with its effect, and found by a retry"},
	{ConfirmedReads, "confirmed-reads",
		"an answer from the catalog waits for a quorum to confirm the leader"},
	{AbdicateWhenBehind, "abdicate-when-behind",
		"a new leader master that cannot catch up in time steps down instead of exiting"},
	{WaitForTServers, "wait-for-tservers",
		"CreateTable waits within its deadline for enough tablet servers to be known"},
	{MonotonicStartStamp, "monotonic-start-stamp",
		"the stamp of a tablet server's start is kept on its disk and never goes back"},
	{ReportLeftovers, "report-leftovers",
		"a tablet server reports tombstones, and replicas without a leader, once a minute"},
}

// Profile is a named set of defects that stands for a version of the system.
type Profile struct {
	ID      string
	Title   string
	Defects []Switch
	Options []string // NAME=VALUE
}

// Profiles lists all profiles; the first is the default.
var Profiles = []Profile{
	{ID: "ideal", Title: "every known hazard closed"},
	{ID: "kudu-0.7", Title: "Kudu before the fixes of 2016",
		Defects: []Switch{KUDU1353, KUDU1374, KUDU1358, KUDU1991, KUDU1537, KUDU1188, L12,
			StartStamp, KUDU3486},
		Options: []string{"pre-election=false", "waits-end-with-term=false"}},
	{ID: "kudu-1.0", Title: "Kudu with what was adopted against KUDU-1353",
		Defects: []Switch{KUDU1991, KUDU1537, KUDU1188, L1, L12, KUDU2472, StartStamp, KUDU3486},
		Options: []string{"pre-election=false", "waits-end-with-term=false"}},
	{ID: "kudu-head", Title: "Kudu of today, with its open hazards",
		Defects: []Switch{KUDU1537, KUDU1188, L1, L12, KUDU2472, StartStamp, KUDU3486},
		Options: []string{"waits-end-with-term=false"}},
}
