// Package variant declares, in one place, all that can be switched about the system: defects
// (real bugs and known hazards of Kudu), defences (what the ideal system has beyond Kudu's
// protocol), profiles (named sets of these that stand for a version) and options (choices that
// are no bugs). Code asks a Variants; nothing else in the model decides what is on.
//
//tabletop:deterministic
package variant

// Switch is one defect or defence.
type Switch uint8

// Defects, those of the masters first. A defect whose code is empty is the absence of the
// defences that it needs off.
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

	// TermBumpWithoutStepDown lets a leader begin the next term without giving up the last one
	// (5d82368da).
	TermBumpWithoutStepDown
	// NoTruncateOnStatusAbort keeps in the cache of the log what a status-only request aborted,
	// and the next leader sends it (1eb24183a).
	NoTruncateOnStatusAbort
	// KUDU1338 keeps a pending configuration whose entry was aborted.
	KUDU1338
	// KUDU872 lets a leader change the configuration before it has committed anything itself.
	KUDU872
	// KUDU1469 lets a follower that had every entry of a request say that it received none.
	KUDU1469
	// KUDU1586 never sends an entry that is larger than a batch may be.
	KUDU1586
	// ReplyAfterUnlock lets the answer to a leader carry a later term than it is for (87278941b).
	ReplyAfterUnlock

	// KUDU562 lets a candidate depose a leader that lives.
	KUDU562
	// KUDU1365 spends a term on every election, without asking first whether it could be won.
	KUDU1365
	// KUDU2947 votes against a leader that lives if its entries take long to reach the disk.
	KUDU2947
	// KUDU1057 lets a replica stand just after its vote took long to reach the disk.
	KUDU1057
	// KUDU744 makes candidates wait equally long before their next try.
	KUDU744
	// KUDU2155 begins elections while the last one is still on.
	KUDU2155
	// EvenSplitNotLost takes an evenly split vote for undecided once all have voted (e8187c01c).
	EvenSplitNotLost

	// KUDU2048 evicts a follower that failed whatever the state of the others.
	KUDU2048
	// KUDU2230 takes the leader for not viable, and so evicts nobody.
	KUDU2230
	// EvictLeader chooses the leader for eviction (4d44c9fe7).
	EvictLeader
	// NoFailedNonVoterEviction keeps non-voters that failed (2a6de8ea4).
	NoFailedNonVoterEviction
	// AddWithoutMajority adds replicas where the change cannot commit (63025ef6d).
	AddWithoutMajority
	// KUDU2443 evicts again and again what was added for a leader to be replaced.
	KUDU2443
	// KUDU2020 takes a replica that is being copied for one that is silent.
	KUDU2020
	// KUDU1613 takes an answer of another server in its place for one of the replica.
	KUDU1613
	// KUDU1407 takes a replica that failed to open for one that lives.
	KUDU1407
	// KUDU2069 never looks again at what failed during maintenance.
	KUDU2069

	// KUDU1129 gives replicas up whatever configuration they have reached meanwhile.
	KUDU1129
	// L3 looks at the committed configuration only before it gives a replica up.
	L3
	// KUDU933 leaves evicted replicas where they are.
	KUDU933
	// KUDU2138 leaves evicted replicas where they are if they failed.
	KUDU2138
	// KUDU1023 judges the leader that offers a copy by the term that a tombstone has seen.
	KUDU1023
	// AddMasterNoRetry gives up joining the masters when they cannot take it right now (5e895c642).
	AddMasterNoRetry
	// KUDU3762 makes a new master serve a master tablet of its own, which is empty.
	KUDU3762

	// KUDU765 loads the catalog before what was inherited is applied, for whatever term it is then.
	KUDU765
	// NoLeaderLock lets requests, tasks and the load of the catalog run side by side (d1d3cfe77).
	NoLeaderLock
	// FatalOnLostLeadership ends a master that is deposed while it loads its catalog (6b6593a0c).
	FatalOnLostLeadership
	// KUDU1927 lets a master say that it leads before it is ready to.
	KUDU1927
	// DeleteUnknownTablets deletes replicas of tablets that the master does not know (42b65b039).
	DeleteUnknownTablets
	// NoDeleteOnReplace leaves the replicas of a replaced tablet where they are (c5d748198).
	NoDeleteOnReplace
	// KUDU849 forgets, with each full report, what the replica map has of the server.
	KUDU849
	// KUDU1069 forgets the leader of a term when somebody reports a newer configuration.
	KUDU1069
	// KUDU2147 takes a leader that is not known for one that is.
	KUDU2147
	// KUDU2335 lets a leader step down in its term, and takes its next report for a leader's.
	KUDU2335
	// KUDU679 writes the end of an alter in the thread that carries the answers of other masters.
	KUDU679
	// KUDU86 refuses a registration that is repeated.
	KUDU86
	// KUDU1125 writes every reported tablet by itself, changed or not.
	KUDU1125
	// KUDU1062 soon gives up telling a server to give up a replica.
	KUDU1062
	// KUDU3344 forgets dropped tables, and their replicas on servers that are away.
	KUDU3344
	// TombstoneNotIdempotent answers that a tombstone cannot be made one (bf1f244fb).
	TombstoneNotIdempotent
	// KUDU2114 tells a server to give up what it reports as a tombstone.
	KUDU2114
	// KUDU2320 tries again at once when the target is not registered.
	KUDU2320
	// KUDU2992 runs as many tasks for one thing as reports ask for it.
	KUDU2992
	// KUDU3341 goes on telling the server that has taken another's place.
	KUDU3341
	// L5 takes one kind of deletion for another.
	L5
	// KUDU3638 reports all tombstones with every heartbeat, once it has begun to.
	KUDU3638
	// BackoffOffByOne lets one more heartbeat fail before a tablet server slows down (935fa9236).
	BackoffOffByOne
	// KUDU2684 heartbeats twice to a master that is listed twice.
	KUDU2684
	// KUDU1034 lets a client go on with a tablet server that does not answer.
	KUDU1034
	// KUDU1054 lets a client go on with a tablet server that has no such tablet.
	KUDU1054
	// KUDU2463 has a replica show no rows until the first entry after its start.
	KUDU2463
	// ReplayDropsRowErrors tells a retry that all rows were written if the answer was not in the log
	// any more when the replica was opened (4df9f5969).
	ReplayDropsRowErrors
	// LookupFailureStopsBatch sends nothing of a write if the tablet of one row is not found
	// (c449576bb).
	LookupFailureStopsBatch
	// DropAbortsDeletions aborts, when a table is dropped, the deletions for its dropped ranges.
	DropAbortsDeletions
	// SafeTime lets a leader vouch for a snapshot of which its successor does not know.
	SafeTime
	// AlteringWithZeroTablets opens alters of tables without tablets; nobody ends them (7b1e17991).
	AlteringWithZeroTablets
	// AlterDoneByVersion ends an alter although tablets that it has added do not run.
	AlterDoneByVersion
	// SoftDeleteHidesCreation takes the tablets of a soft-deleted table for created.
	SoftDeleteHidesCreation
	// ExpiryByWallClock compares the wall clocks of two masters to see whether a reserve is over.
	ExpiryByWallClock

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

	{TermBumpWithoutStepDown, "5d82368da", "an election begins the next term of a sitting leader",
		"B40", []Switch{KUDU2155}},
	{NoTruncateOnStatusAbort, "1eb24183a", "what was aborted is sent by the next leader",
		"B42", nil},
	{KUDU1338, "KUDU-1338", "a pending configuration survives the abort of its entry", "B43", nil},
	{KUDU872, "KUDU-872", "a leader changes the configuration before it has committed anything",
		"B44", nil},
	{KUDU1469, "KUDU-1469", "a request of which all was known does not count as received",
		"A4", nil},
	{KUDU1586, "KUDU-1586", "an entry larger than a batch is never sent", "A4", nil},
	{ReplyAfterUnlock, "87278941b", "the answer to a leader carries a later term", "A14", nil},

	{KUDU562, "KUDU-562", "votes are not withheld while a leader lives", "B48", nil},
	{KUDU1365, "KUDU-1365", "every election spends a term", "B48", nil},
	{KUDU2947, "KUDU-2947", "votes are not withheld while a leader's entries are written",
		"B48", nil},
	{KUDU1057, "KUDU-1057", "the failure detector runs on while a vote is written", "B48", nil},
	{KUDU744, "KUDU-744", "candidates back off in step", "B48", nil},
	{KUDU2155, "KUDU-2155", "elections are begun while one is on", "B48", nil},
	{EvenSplitNotLost, "e8187c01c", "an evenly split vote is not lost, and ends the process", "A14",
		nil},

	{KUDU2048, "KUDU-2048", "a follower is evicted that the others cannot spare", "B46", nil},
	{KUDU2230, "KUDU-2230", "the leader does not count as viable and evicts nobody", "B46", nil},
	{EvictLeader, "4d44c9fe7", "the leader itself is chosen for eviction", "B47", nil},
	{NoFailedNonVoterEviction, "2a6de8ea4", "non-voters that failed are never evicted", "B47", nil},
	{AddWithoutMajority, "63025ef6d", "a replica is added though the change cannot commit", "B47",
		nil},
	{KUDU2443, "KUDU-2443", "what was added for the leader to be replaced is evicted again", "B47",
		nil},
	{KUDU2020, "KUDU-2020", "a replica counts as silent while it is copied", "A9", nil},
	{KUDU1613, "KUDU-1613", "an answer of another server in its place counts as contact",
		"A10", nil},
	{KUDU1407, "KUDU-1407", "a replica that cannot be opened is not replaced", "B34", nil},
	{KUDU2069, "KUDU-2069", "what failed during maintenance is never looked at again", "B27", nil},

	{KUDU1129, "KUDU-1129", "a replica is given up whatever configuration it has reached",
		"B34", nil},
	{L3, "L3", "a replica is given up though a later configuration is in its log", "L3", nil},
	{KUDU933, "KUDU-933", "evicted replicas are never given up", "B34", nil},
	{KUDU2138, "KUDU-2138", "evicted replicas that failed are never given up", "B34", nil},
	{KUDU1023, "KUDU-1023", "a copy over a tombstone is judged by the term it has seen", "A3", nil},
	{AddMasterNoRetry, "5e895c642", "a master that cannot be added at the moment never is", "B38",
		nil},
	{KUDU3762, "KUDU-3762", "a new master answers from an empty tablet instead of copying one",
		"B38", nil},

	{KUDU765, "KUDU-765", "the catalog is loaded before what was inherited is applied", "B03", nil},
	{NoLeaderLock, "d1d3cfe77", "the catalog is loaded while requests and tasks run", "B07", nil},
	{FatalOnLostLeadership, "6b6593a0c", "losing leadership while loading ends the process", "B22",
		nil},
	{KUDU1927, "KUDU-1927", "a master says that it leads before it is ready to", "A6", nil},
	{DeleteUnknownTablets, "42b65b039", "a deposed master has tablets deleted that are new to it",
		"B06", nil},
	{NoDeleteOnReplace, "c5d748198", "replicas of a replaced tablet are never deleted", "B16",
		[]Switch{ReportLeftovers}},
	{KUDU849, "KUDU-849", "a full report wipes a server's locations, and an alter skips it", "B18",
		[]Switch{KUDU1353}},
	{KUDU1069, "KUDU-1069", "a report without a leader makes the master forget it", "B20", nil},
	{KUDU2147, "KUDU-2147", "no leader counts as a leader, and the real one is not learned",
		"B20", nil},
	{KUDU2335, "KUDU-2335", "the report of a leader that stepped down counts as a leader's",
		"B21", nil},
	{KUDU679, "KUDU-679", "the end of an alter is written by the thread that must carry it",
		"B25", nil},
	{KUDU86, "KUDU-86", "a registration whose answer was lost is refused for ever", "B32", nil},
	{KUDU1125, "KUDU-1125", "a report costs one write for every tablet", "B32", nil},
	{KUDU1062, "KUDU-1062", "a deletion is given up while its server is away", "B33",
		[]Switch{ReportLeftovers}},
	{KUDU3344, "KUDU-3344", "what was dropped is forgotten while a server that has it is away",
		"B33", nil},
	{TombstoneNotIdempotent, "bf1f244fb", "a tombstone is asked for again and again", "B35", nil},
	{KUDU2114, "KUDU-2114", "each report of a tombstone has it deleted again", "B35", nil},
	{KUDU2320, "KUDU-2320", "a task whose server is not known is tried again without a wait", "B35",
		nil},
	{KUDU2992, "KUDU-2992", "each report adds another task for the same deletion", "B35", nil},
	{KUDU3341, "KUDU-3341", "a deletion is repeated though another server answers", "B35", nil},
	{L5, "L5", "a tombstone that is on its way keeps a deletion from being sent", "L5",
		[]Switch{ReportLeftovers}},
	{KUDU3638, "KUDU-3638", "every heartbeat reports all tombstones", "B37", nil},
	{BackoffOffByOne, "935fa9236", "a heartbeat that fails is repeated once too often", "A20", nil},
	{KUDU2684, "KUDU-2684", "a master that is listed twice gets every report twice", "A20", nil},
	{KUDU1034, "KUDU-1034", "a client goes on with a tablet server that does not answer", "A7", nil},
	{KUDU1054, "KUDU-1054", "a client goes on with a tablet server that has no such tablet", "A7",
		nil},
	{KUDU2463, "KUDU-2463", "a replica shows no rows until the first entry after its start", "A12",
		nil},
	{ReplayDropsRowErrors, "4df9f5969", "a retry is told that a row was written which was refused",
		"B50", nil},
	{LookupFailureStopsBatch, "c449576bb", "a write of which one row has no tablet never ends", "A16",
		nil},
	{DropAbortsDeletions, "drop-aborts-deletions",
		"dropping a table aborts the deletion of what its dropped ranges left",
		"drop-aborts-deletions", nil},
	{SafeTime, "safe-time", "a leader vouches for a snapshot that its successor does not know of",
		"safe-time", nil},
	{AlteringWithZeroTablets, "7b1e17991", "an alter that no tablet will acknowledge is never done",
		"B28", nil},
	{AlterDoneByVersion, "alter-done-by-version", "an alter is done before its new tablets run",
		"alter-done-by-version", nil},
	{SoftDeleteHidesCreation, "soft-delete-hides-creation",
		"a tablet that is being created when its table is soft-deleted never is",
		"soft-delete-hides-creation", nil},
	{ExpiryByWallClock, "expiry-by-wall-clock",
		"a soft-deleted table expires early if a master's clock is ahead", "expiry-by-wall-clock",
		nil},
}

// Bare lists the defects without code of their own: they are the absence of the defences that they
// need off.
var Bare = []Switch{KUDU1537, KUDU1188, L1, L12, KUDU2472, StartStamp, KUDU3486}

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
		"the stamp of a tablet server's start never goes back: its disk and the masters know it"},
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
			StartStamp, KUDU3486, NoTruncateOnStatusAbort, KUDU1338, KUDU1469, KUDU1586, KUDU1365,
			KUDU2947, KUDU2155, KUDU2048, KUDU2020, KUDU1613, KUDU1407, L3, KUDU2138,
			KUDU1034, KUDU2463, ReplayDropsRowErrors, SafeTime,
			NoLeaderLock, DeleteUnknownTablets, KUDU2335, KUDU3341},
		Options: []string{"waits-end-with-term=false"}},
	{ID: "kudu-1.0", Title: "Kudu with what was adopted against KUDU-1353",
		Defects: []Switch{KUDU1991, KUDU1537, KUDU1188, L1, L12, KUDU2472, StartStamp, KUDU3486,
			NoTruncateOnStatusAbort, KUDU1365, KUDU2947, KUDU2155, KUDU2048, KUDU2020, KUDU1613,
			KUDU1407, L3, KUDU2138, KUDU2335, KUDU3341,
			KUDU1034, KUDU2463, ReplayDropsRowErrors, SafeTime, DropAbortsDeletions},
		Options: []string{"waits-end-with-term=false"}},
	{ID: "kudu-head", Title: "Kudu of today, with its open hazards",
		Defects: []Switch{KUDU1537, KUDU1188, L1, L12, KUDU2472, StartStamp, KUDU3486,
			L3, L5, ExpiryByWallClock, SafeTime, DropAbortsDeletions},
		Options: []string{"waits-end-with-term=false"}},
}
