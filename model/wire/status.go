package wire

import "tabletop/sim"

// Code says how a request ended. Names follow MasterErrorPB, TabletServerErrorPB and
// ConsensusErrorPB.
type Code uint8

// The codes. OK comes first so that the zero Status is success.
const (
	OK Code = iota

	// Of the masters.
	UnknownError
	InvalidSchema
	TableNotFound
	TableAlreadyPresent
	NameReserved // Kudu: ServiceUnavailable with TABLE_ALREADY_PRESENT
	CatalogManagerNotInitialized
	NotTheLeader
	ReplicationFactorTooHigh
	EvenReplicationFactor
	IllegalReplicationFactor
	MasterAlreadyPresent
	StaleRequest        // a later request of the same client has been finished
	InvalidArgument     // a range of keys that cannot be added or dropped
	RangeAlreadyPresent // Kudu: AlreadyPresent with UNKNOWN_ERROR
	TableSoftDeleted
	TooManyTablets
	EntryTooLarge     // what the request wants written at once is more than an entry may hold
	TooFewInLocations // there are fewer tablet servers where the table may be than it wants

	// Of the tablet servers.
	TabletNotFound
	TabletAlreadyExists
	TabletHasANewerSchema
	MismatchedSchema
	TabletNotRunning
	WrongServerUUID
	TabletFailed      // the replica cannot be opened, for good
	AlreadyInProgress // the server is busy with just that
	RowAlreadyPresent // of one row
	RowNotFound       // of one row
	NotCovered        // no tablet holds such a key
	UnknownColumn     // the schema that the client knows is not the tablet's
	Throttled         // the replica has not come to the timestamp that is asked for

	// Of consensus.
	InvalidTerm
	LastOpIDTooOld
	AlreadyVoted
	PrecedingEntryDidntMatch
	LeaderIsAlive
	ConsensusBusy
	CASFailed          // the configuration is not the one that was meant
	IllegalState       // not now: a change is pending, or the term has committed nothing yet
	InvalidConfig      // no such change can be made
	ServiceUnavailable // leadership is being handed over
	NotAVoter          // only voters stand for election

	// Of the client: no answer came.
	TimedOut
	NetworkError
)

var codeNames = [...]string{"OK", "UNKNOWN_ERROR", "INVALID_SCHEMA", "TABLE_NOT_FOUND",
	"TABLE_ALREADY_PRESENT", "NAME_RESERVED", "CATALOG_MANAGER_NOT_INITIALIZED",
	"NOT_THE_LEADER", "REPLICATION_FACTOR_TOO_HIGH", "EVEN_REPLICATION_FACTOR",
	"ILLEGAL_REPLICATION_FACTOR", "MASTER_ALREADY_PRESENT", "STALE_REQUEST",
	"INVALID_ARGUMENT", "RANGE_ALREADY_PRESENT", "TABLE_SOFT_DELETED",
	"TOO_MANY_TABLETS", "ENTRY_TOO_LARGE", "TOO_FEW_IN_LOCATIONS",
	"TABLET_NOT_FOUND", "TABLET_ALREADY_EXISTS",
	"TABLET_HAS_A_NEWER_SCHEMA", "MISMATCHED_SCHEMA", "TABLET_NOT_RUNNING", "WRONG_SERVER_UUID",
	"TABLET_FAILED", "ALREADY_INPROGRESS", "ROW_ALREADY_PRESENT", "ROW_NOT_FOUND",
	"NOT_COVERED", "UNKNOWN_COLUMN", "THROTTLED", "INVALID_TERM",
	"LAST_OPID_TOO_OLD", "ALREADY_VOTED", "PRECEDING_ENTRY_DIDNT_MATCH", "LEADER_IS_ALIVE",
	"CONSENSUS_BUSY", "CAS_FAILED", "ILLEGAL_STATE", "INVALID_CONFIG", "SERVICE_UNAVAILABLE",
	"NOT_A_VOTER", "TIMED_OUT", "NETWORK_ERROR"}

func (c Code) String() string { return codeNames[c] }

// Class sorts answers by what they say of the catalog.
type Class uint8

// The classes of answers.
const (
	// Effect: the request took effect once, between call and answer.
	Effect Class = iota
	// Refusal: the catalog's state at one instant between call and answer forbade it.
	Refusal
	// Environment: it depends on soft state and says nothing of the catalog.
	Environment
)

func (c Class) String() string { return [...]string{"effect", "refusal", "environment"}[c] }

// Class returns the class of answers with this code.
func (c Code) Class() Class {
	switch c {
	case OK:
		return Effect
	case InvalidSchema, TableNotFound, TableAlreadyPresent, EvenReplicationFactor,
		IllegalReplicationFactor, InvalidArgument, RangeAlreadyPresent, TableSoftDeleted,
		EntryTooLarge:
		return Refusal
	default:
		return Environment
	}
}

// Status is the outcome of a request.
type Status struct {
	Code Code
	Msg  string // for people; nothing depends on it
}

// Err returns the status of that code and message.
func Err(c Code, msg string) Status { return Status{c, msg} }

// OK reports success.
func (s Status) OK() bool { return s.Code == OK }

func (s Status) String() string {
	if s.Msg == "" {
		return s.Code.String()
	}
	return s.Code.String() + ": " + s.Msg
}

func (s Status) fold(d *sim.Digest) {
	d.Uint64(uint64(s.Code))
	d.String(s.Msg)
}

func (s Status) size() int { return 2 + len(s.Msg) }
