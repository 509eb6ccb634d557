// Package checker judges a cluster. Judges watch events at the instant they happen and read the
// model; they never schedule, draw or write. A judge that finds a promise broken reports a
// Violation with evidence; a judge also counts how often it looked, since one that never did
// proves nothing.
//
// Judges of every event: Raft safety, durability before visibility, caches against the master
// tablet, that itself, names and single execution, availability, completion. Judges of a finished
// run: linearizability of the DDL history, and convergence, which says what a cluster still waits
// for.
//
//tabletop:deterministic
package checker

import (
	"fmt"
	"slices"

	"tabletop/model"
	"tabletop/model/wire"
	"tabletop/sim"
)

// Violation is a promise that was broken.
type Violation struct {
	Oracle string // the judge's name
	Object string // the kind of object: table, tablet, master-tablet, request, ...
	Reason string // the class of reason
	At     sim.Time
	Detail string // evidence, for people
}

// Signature groups violations of one kind across seeds.
func (v Violation) Signature() string { return v.Oracle + "/" + v.Object + "/" + v.Reason }

func (v Violation) String() string {
	return fmt.Sprintf("%s at %v: %s", v.Signature(), v.At, v.Detail)
}

// The judges' names.
const (
	ElectionSafety       = "election-safety"
	LogMatching          = "log-matching"
	LeaderCompleteness   = "leader-completeness"
	StateMachineSafety   = "state-machine-safety"
	Configuration        = "configuration"
	DurableBeforeVisible = "durable-before-visible"
	CacheEqualsTablet    = "cache-equals-master-tablet"
	UniqueName           = "unique-name"
	CatalogIntegrity     = "catalog-integrity"
	ExactlyOnce          = "exactly-once"
	Availability         = "availability"
	Linearizability      = "linearizability"
	Liveness             = "liveness"
	Done                 = "done"
	LeaderStability      = "leader-stability"
	ReplicaManagement    = "replica-management"
	Placement            = "placement"
	Replicable           = "replicable"
	Quiescence           = "quiescence"
	Ksck                 = "ksck"
	Rebalancing          = "rebalancing"
	Rows                 = "rows"
	NoCrash              = "no-crash"
	Leadership           = "leadership"
)

// Oracle is what a judge holds the system to.
type Oracle struct {
	Name, Title string
	// Final: after such a violation the rest of the run proves nothing, so it ends there.
	Final bool
}

// Oracles lists all judges.
var Oracles = []Oracle{
	{ElectionSafety, "at most one leader in a term", true},
	{LogMatching, "entries of one position are equal, and so is what precedes them", true},
	{LeaderCompleteness, "a leader has every entry that was committed before its term", true},
	{StateMachineSafety, "all replicas apply the same entries in the same order", true},
	{Configuration, "the last configuration in a log counts, none comes back, no member is given " +
		"up", true},
	{DurableBeforeVisible, "no vote, acknowledgement or answer before what it promises is synced",
		true},
	{CacheEqualsTablet, "a ready leader's cache equals the applied master tablet", true},
	{UniqueName, "at most one live table has a name", true},
	{CatalogIntegrity, "a table has just the tablets of its partitions, and none once gone", true},
	{ExactlyOnce, "a request takes effect at most once, and never after it was refused", false},
	{Availability, "a CreateTable is not refused for want of servers that live, and clients find " +
		"the leader", false},
	{Linearizability, "the DDL history is linearizable to its specification", false},
	{Liveness, "after healing every DDL ends and nothing is left half done", false},
	{Done, "a create or an alter is done only when the tablets are", false},
	{LeaderStability, "a leader that a majority hears goes on leading", false},
	{ReplicaManagement, "leaders tell the truth of their peers, and change what can be committed",
		false},
	{Placement, "new replicas come to servers that live, each to another, spread over locations",
		false},
	{Replicable, "every entry of a log fits into a message", false},
	{Rebalancing, "replicas are moved few at a time, and the cluster is balanced when that is said",
		false},
	{Ksck, "at rest ksck finds the cluster healthy", false},
	{Quiescence, "nothing is done again and again", true},
	{Rows, "acknowledged writes stay, reads are as strong as their mode says", false},
	{Leadership, "a request is carried out by the leader it was sent to, who was ready to", false},
	{NoCrash, "no panic, no livelock, no fatal check", true},
}

// objectOf tells the master tablet from others.
func objectOf(tablet wire.TabletID) string {
	if tablet == wire.SysCatalog {
		return "master-tablet"
	}
	return "tablet"
}

func find(oracle string) (Oracle, bool) {
	i := slices.IndexFunc(Oracles, func(o Oracle) bool { return o.Name == oracle })
	if i < 0 {
		return Oracle{}, false
	}
	return Oracles[i], true
}

// Judges watch one run.
type Judges struct {
	c          *model.Cluster
	skip       []string
	found      []Violation
	seen       map[string]bool // signatures
	looked     map[string]*int
	names      []string
	silent     map[string]string // judges that have nothing to judge, and why
	onFinal    func()
	unfinished map[string]sim.Time // since when; see Overdue
	illegal    []Part              // of the history
	steps      int                 // of the specification, that Porcupine took
	History    *History
	fate       *fate
	raft       *raftJudge
	durability *durability
	effects    *effects
	integrity  *integrity
	cache      *cache
	rows       *rowsJudge
	probes     probes

	rebalancings *rebalancings
}

// Attach makes the judges watch a cluster that has not been booted yet. onFinal is called at a
// violation after which the run proves nothing; oracles in skip are not judged.
func Attach(c *model.Cluster, skip []string, onFinal func()) *Judges {
	j := &Judges{c: c, skip: skip, onFinal: onFinal, seen: map[string]bool{},
		looked: map[string]*int{}, silent: map[string]string{}}
	j.History = recordHistory(c.World)
	j.fate = watchFate(c)
	j.durability = watchDurability(j)
	j.raft = watchRaft(j)
	watchConfigurations(j)
	j.effects = watchEffects(j)
	j.integrity = watchIntegrity(j)
	j.cache = watchCache(j)
	watchLookups(j)
	j.rows = watchRows(j)
	watchAvailability(j)
	watchPatience(j)
	watchDone(j)
	watchMemberships(j)
	watchVotes(j)
	watchStability(j)
	watchManagement(j)
	watchLeaderships(j)
	watchReads(j)
	watchPlacements(j)
	watchReplicable(j)
	watchQuiescence(j)
	watchErrands(j)
	watchDuties(j)
	watchFullReports(j)
	j.rebalancings = watchRebalancings(j)
	watchCrashes(j)
	j.probes = watchProbes(j)
	return j
}

// CheckNames says whether all the oracles exist.
func CheckNames(oracles []string) error {
	for _, name := range oracles {
		if _, known := find(name); !known {
			return fmt.Errorf("unknown oracle %q", name)
		}
	}
	return nil
}

// counter returns where the judge of that name counts its looks.
func (j *Judges) counter(name string) *int {
	if j.looked[name] == nil {
		j.looked[name] = new(int)
		j.names = append(j.names, name)
	}
	return j.looked[name]
}

// report notes a violation. Of one signature only the first is kept.
func (j *Judges) report(v Violation) {
	if slices.Contains(j.skip, v.Oracle) || j.seen[v.Signature()] {
		return
	}
	j.seen[v.Signature()] = true
	v.At = j.c.World.Now()
	j.found = append(j.found, v)
	if o, _ := find(v.Oracle); o.Final && j.onFinal != nil {
		j.onFinal()
	}
}

// Silent returns the judges that have nothing to judge, by name, and why.
func (j *Judges) Silent() map[string]string { return j.silent }

// Violations returns what was found, in the order of time.
func (j *Judges) Violations() []Violation { return j.found }

// Looked returns how often each judge looked, in the order of their first look.
func (j *Judges) Looked() ([]string, map[string]int) {
	counts := map[string]int{}
	for _, name := range j.names {
		counts[name] = *j.looked[name]
	}
	return j.names, counts
}
