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

	// KUDU495 writes a table and its tablets one after the other.
	KUDU495
	// PublishBeforeReplicate shows a table that is being created before it is (6e7a04aa5).
	PublishBeforeReplicate
	// NoNameRecheck takes a table for the one of a name though it lost that during the wait for its
	// lock (9583cad6e).
	NoNameRecheck
	// AlterAckFromRPC takes every answer to an alter for the schema being there (fb41e96d2).
	AlterAckFromRPC
	// ReplaceBeforeCommit shows the replacement of a tablet before it is written (59ff89dbc).
	ReplaceBeforeCommit
	// KUDU3452 gives no tablet its replicas while there is one that cannot have them.
	KUDU3452
	// KUDU1138 gives replicas to tablet servers that are presumed dead.
	KUDU1138
	// KUDU3016 writes entries of the master tablet that are too large to be sent.
	KUDU3016
	// KUDU450 never lets go of the lock of a tablet that is still being created.
	KUDU450
	// SilentMaster makes a client go on with a leader master that does not answer.
	SilentMaster

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
	// VictimCounted counts the voter that is to go among those who are to carry its eviction.
	VictimCounted
	// MajorityBehind changes the configuration, and lets go of the log, though the new majority
	// then depends on a voter that lacks what was let go.
	MajorityBehind
	// StepDownByDriver leaves it to whoever moves a replica that leads to make it step down
	// (c667e360f).
	StepDownByDriver
	// MoveLimitForAll lets the master move as many replicas at a time as all servers together may
	// bear, be it on one (79812b258).
	MoveLimitForAll
	// KUDU2688 makes the tool mend violations of the placement policy that cannot be mended.
	KUDU2688
	// KUDU3113 has the master ask for moves where nobody is.
	KUDU3113
	// KUDU3487 makes the tool ask a leader to step down that has nobody to take over.
	KUDU3487
	// OneBlocksAll makes the master rebalance nothing while one tablet does not run.
	OneBlocksAll
	// LastLocationOnly makes the master forget all planned moves but those within one location.
	LastLocationOnly
	// KUDU2020 takes a replica that is being copied for one that is silent.
	KUDU2020
	// KUDU2367 takes a replica that cannot catch up any more for one that is merely silent.
	KUDU2367
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
	// L7 keeps the answers to lookups, also those that were overtaken.
	L7
	// L8 shows none of the chunks of a write if one of them fails.
	L8
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
	// ReplayDropsRowErrors has a replica that is opened tell retries that all rows were written, if
	// the answer is not in its log any more (4df9f5969).
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
	// KUDU3008 lets one of two locations have all replicas of a tablet.
	KUDU3008
	// LocationCached asks for the location of a machine once in the life of a master.
	LocationCached

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
