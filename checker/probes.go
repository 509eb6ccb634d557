package checker

// Probe is a named state that storms must reach now and then: if none does, what depends on it was
// not tested, however green the runs are.
type Probe struct{ Name, Title string }

// The probes.
const (
	sameMasterAgain     = "same-master-again"
	twoBelieve          = "two-believe-they-lead"
	missedAReign        = "missed-a-reign"
	allMastersDown      = "all-masters-down"
	loadInterrupted     = "load-interrupted"
	lostBeforeReply     = "lost-before-reply"
	committedByNext     = "committed-by-next"
	entriesOverwritten  = "entries-overwritten"
	retryFindsAnswer    = "retry-finds-answer"
	retryMeetsItself    = "retry-meets-itself"
	alterInherited      = "alter-inherited"
	creationInherited   = "creation-inherited"
	masterJoined        = "master-joined"
	alterOnAlter        = "alter-on-alter"
	droppedWhileCreated = "dropped-while-created"
	tabletReplaced      = "tablet-replaced"
	tableRecalled       = "table-recalled"
	tableExpired        = "table-expired"
	copyInterrupted     = "copy-interrupted"
	evictedWhileCopied  = "evicted-while-copied"
	replicaReplaced     = "replica-replaced"
	replicaFailed       = "replica-failed"
	coreHealed          = "core-healed"
	leaderMoved         = "leader-moved"
)

// Probes lists all probes.
var Probes = []Probe{
	{sameMasterAgain, "a master is elected again, and its program has not ended meanwhile"},
	{twoBelieve, "a master is elected while another believes that it leads"},
	{missedAReign, "a server is down or paused from before an election of the masters until " +
		"after the next"},
	{allMastersDown, "no master's program runs"},
	{loadInterrupted, "an elected master loses the leadership, or ends, before it is ready"},
	{lostBeforeReply, "a master loses the leadership, or ends, after a DDL is committed and " +
		"before its client is answered"},
	{committedByNext, "an entry of the master tablet is committed in a later term than its own"},
	{entriesOverwritten, "a master gives up entries that were not committed"},
	{retryFindsAnswer, "a request comes in again when its answer is recorded"},
	{retryMeetsItself, "a request comes in again at the master where it is still under way"},
	{alterInherited, "a new leader master finds an alter that is open"},
	{creationInherited, "a new leader master finds a tablet that is to be created"},
	{masterJoined, "a new master has copied the master tablet"},
	{alterOnAlter, "a table is altered before its last alter has ended"},
	{droppedWhileCreated, "a table is dropped before all its tablets run"},
	{tabletReplaced, "a tablet takes too long to be created and gives way to another"},
	{tableRecalled, "a soft-deleted table is recalled"},
	{tableExpired, "a soft-deleted table is dropped for good, since its time is over"},
	{copyInterrupted, "a copy of a replica fails, or its server ends meanwhile"},
	{evictedWhileCopied, "a server that copies a replica is evicted"},
	{replicaReplaced, "a voter of a tablet is evicted"},
	{replicaFailed, "a replica cannot be opened, for good"},
	{coreHealed, "a majority of the masters is healed and must suffice, while the rest is not"},
	{leaderMoved, "a tablet's leader takes on to hand over to another, as a master wants it that " +
		"evens out the leaders"},
}

// probes counts how often a run has reached each.
type probes map[string]int

func (p probes) reached(name string) { p[name]++ }

// Reached returns how often the run has reached each probe; none that it has not.
func (j *Judges) Reached() map[string]int { return j.probes }

func watchProbes(j *Judges) probes {
	p := probes{}
	watchReigns(j, p)
	watchRequests(j, p)
	watchTables(j, p)
	watchReplicas(j, p)
	watchLeaders(j, p)
	return p
}
