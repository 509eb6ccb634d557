package variant

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fix is a solution to be tried: of KUDU-1353 on top of kudu-0.7, or of L1 on top of kudu-head.
type Fix string

// The solutions that the ticket lists, and a narrower form of the third that was adopted.
const (
	NoFix Fix = "none"
	// FixFullReport: a server sends a full report whenever it turns to a new leader master.
	FixFullReport Fix = "full-report"
	// FixHardState: the tablet's leader is taken from the persisted configuration.
	FixHardState Fix = "hard-state"
	// FixHeartbeatAll: servers heartbeat to all masters, and each keeps the replica map from
	// the reports, across changes of leadership.
	FixHeartbeatAll Fix = "heartbeat-all"
	// FixHeartbeatAllNarrow: servers heartbeat to all masters, but followers only register
	// them and ignore the reports. This is what Kudu adopted for KUDU-1358.
	FixHeartbeatAllNarrow Fix = "heartbeat-all-narrow"
	// FixPersistTServers: tablet servers are rows of the master tablet; on load the replica map
	// is rebuilt from them and the persisted configurations.
	FixPersistTServers Fix = "persist-tservers"
)

// The solutions of L1.
const (
	// FixLeaderTerm: the answer to a heartbeat carries the term in which the master is ready to
	// lead, and a server sends a full report for every such term.
	FixLeaderTerm Fix = "leader-term"
	// FixAskAfterLoad: a master that has loaded its catalog asks every server for a full report.
	FixAskAfterLoad Fix = "ask-after-load"
)

// Fixes lists all solutions, NoFix first.
var Fixes = []Fix{NoFix, FixFullReport, FixHardState, FixHeartbeatAll, FixHeartbeatAllNarrow,
	FixPersistTServers, FixLeaderTerm, FixAskAfterLoad}

// The schemes of replica management (raft_prepare_replacement_before_eviction).
const (
	Replace343 = "3-4-3"
	Replace323 = "3-2-3"
)

// How a server is chosen within a location (enable_range_replica_placement).
const (
	PlaceByRange    = "range"       // the least loaded by range, then by table, then in all
	PlaceTwoChoices = "two-choices" // the better of two that are drawn
)

// How locations are compared.
const (
	MatchPath  = "path"  // the more of the path is common, the closer
	MatchWhole = "whole" // equal or not
)

// The cores of Raft.
const (
	KuduConsensus = "kudu" // model/raft
	EtcdConsensus = "etcd" // go.etcd.io/raft, see scenarios/etcdraft
)

// Options are choices that are no bugs. Durations are virtual.
type Options struct {
	Masters                int
	SpareMasters           int
	AllowEvenMasters       bool
	TServers               int
	Clients                int
	PreElection            bool
	MasterFailureDetection bool
	WaitsEndWithTerm       bool
	Fix                    Fix
	Net, Disk              string
	Consensus              string
	RestartDelay           time.Duration
	ExpiryInterval         time.Duration
	// FollowerUnavailable is how long a replica is silent before it counts as failed.
	FollowerUnavailable time.Duration
	// CreationTimeout is how long the creation of a tablet may take before another takes its place.
	CreationTimeout time.Duration
	// RPCTimeout is how long a leader waits for a peer's answer.
	RPCTimeout     time.Duration
	Replacement    string
	LogSegmentSize int // bytes
	// MaxLogSegments are kept of a tablet's log while some replica lacks what they hold. One that
	// lacks more is lost. The masters, whom nobody replaces, keep 80.
	MaxLogSegments int
	MaxBatch       int // bytes
	MaxMessage     int // bytes
	DataBlocks     int // of each replica
	CheckTServers  bool
	Sync           string
	// MaxMoves is how many replicas a rebalancing tool moves from and to one server at a time.
	MaxMoves int
	// MaxRunTime is how long a rebalancing tool runs at most; 0: as long as it takes.
	MaxRunTime time.Duration
	// EmptyIgnored makes a rebalancing tool ignore servers in maintenance, which it would not begin
	// with otherwise, and empty them first.
	EmptyIgnored          bool
	AutoRebalance         bool
	AutoRebalanceInterval time.Duration
	// AutoLeaderRebalance has the leader master even out who leads the tablets.
	AutoLeaderRebalance     bool
	LeaderRebalanceInterval time.Duration
	// ClockError is by how much the clocks of two tablet servers may differ.
	ClockError time.Duration
	// Locations is a Mapping as text.
	Locations string
	// Placement is how a server is chosen within a location.
	Placement string
	// LocationMatch is how a client compares its location with those of replicas.
	LocationMatch string
}

// Option describes one of the Options.
type Option struct {
	Name, Title string
	Values      []string // allowed; empty: see get's default for the form
	set         func(*Options, string) error
	get         func(Options) string
}

// Default returns the value the option has unless it is set.
func (o Option) Default() string { return o.get(defaultOptions) }

var defaultOptions = Options{Masters: 3, TServers: 3, Clients: 3, PreElection: true,
	MasterFailureDetection: true, WaitsEndWithTerm: true, Fix: NoFix, Net: "lan", Disk: "ssd",
	RestartDelay: 2 * time.Second, ExpiryInterval: 60 * time.Second,
	FollowerUnavailable: 300 * time.Second, CreationTimeout: 30 * time.Second,
	RPCTimeout: 30 * time.Second, Replacement: Replace343, LogSegmentSize: 8 << 20,
	MaxLogSegments: 80,
	MaxBatch:       1 << 20, MaxMessage: 50 << 20, Consensus: KuduConsensus, CheckTServers: true,
	Placement: PlaceByRange, LocationMatch: MatchPath,
	MaxMoves: 5, AutoRebalanceInterval: 30 * time.Second,
	LeaderRebalanceInterval: 3600 * time.Second,
	Sync:                    "always", ClockError: 10 * time.Millisecond}

// OptionList lists all options.
var OptionList = []Option{
	number("masters", "how many masters; odd unless allow-even-masters", 1, 7,
		func(o *Options) *int { return &o.Masters }),
	number("spare-masters", "how many machines wait to become masters; see the fault add-master",
		0, 6, func(o *Options) *int { return &o.SpareMasters }),
	boolean("allow-even-masters", "accept an even number of masters",
		func(o *Options) *bool { return &o.AllowEvenMasters }),
	number("tservers", "how many tablet servers", 1, 100,
		func(o *Options) *int { return &o.TServers }),
	number("clients", "how many clients", 1, 20, func(o *Options) *int { return &o.Clients }),
	boolean("pre-election", "ask before spending a term on an election",
		func(o *Options) *bool { return &o.PreElection }),
	boolean("master-failure-detection", "masters stand for election by themselves",
		func(o *Options) *bool { return &o.MasterFailureDetection }),
	boolean("waits-end-with-term",
		"a master's request stops waiting for its entry when the term ends",
		func(o *Options) *bool { return &o.WaitsEndWithTerm }),
	choice("fix", "solution to try: of KUDU-1353 on top of kudu-0.7, the last two of L1 on top of "+
		"kudu-head", names(Fixes),
		func(o *Options) *string { return (*string)(&o.Fix) }),
	choice("net", "latency of the network", []string{"lan", "wan", "jitter"},
		func(o *Options) *string { return &o.Net }),
	choice("disk", "latency of a sync", []string{"ssd", "hdd", "stalls"},
		func(o *Options) *string { return &o.Disk }),
	choice("consensus", "core of Raft under the master tablet",
		[]string{KuduConsensus, EtcdConsensus},
		func(o *Options) *string { return &o.Consensus }),
	duration("restart-delay", "after which a master that ended itself is restarted", 0,
		func(o *Options) *time.Duration { return &o.RestartDelay }),
	duration("expiry-interval", "how often a leader master looks for soft-deleted tables to drop",
		time.Second,
		func(o *Options) *time.Duration { return &o.ExpiryInterval }),
	duration("follower-unavailable",
		"after which a replica that its leader does not hear counts as failed", 0,
		func(o *Options) *time.Duration { return &o.FollowerUnavailable }),
	duration("tablet-creation-timeout",
		"after which a tablet that is not created is replaced by another", 0,
		func(o *Options) *time.Duration { return &o.CreationTimeout }),
	duration("consensus-rpc-timeout", "how long a leader waits for a peer's answer", 0,
		func(o *Options) *time.Duration { return &o.RPCTimeout }),
	choice("replica-management",
		"3-4-3: a replacement is added before a failed replica is evicted; 3-2-3: after",
		[]string{Replace343, Replace323}, func(o *Options) *string { return &o.Replacement }),
	size("log-segment-size", "of how many bytes a log begins its next segment", 256,
		func(o *Options) *int { return &o.LogSegmentSize }),
	number("max-log-segments", "how many of them a tablet keeps for a replica that lacks them", 1,
		1000, func(o *Options) *int { return &o.MaxLogSegments }),
	size("max-batch", "how many bytes of entries a leader sends at once, one entry at least", 16,
		func(o *Options) *int { return &o.MaxBatch }),
	size("max-message", "how many bytes an entry may have to be sent at all", 128,
		func(o *Options) *int { return &o.MaxMessage }),
	number("data-blocks",
		"how many blocks of data a tablet has, each of which takes a copy some 500 ms",
		0, 10_000, func(o *Options) *int { return &o.DataBlocks }),
	boolean("check-tserver-count", "a CreateTable that wants more replicas than there are tablet "+
		"servers is refused, or waits; otherwise its tablets do",
		func(o *Options) *bool { return &o.CheckTServers }),
	number("max-moves-per-server", "how many replicas the rebalancing tool moves from and to one "+
		"tablet server at a time", 1, 100, func(o *Options) *int { return &o.MaxMoves }),
	duration("max-run-time", "how long the rebalancing tool runs at most; 0: to its end", 0,
		func(o *Options) *time.Duration { return &o.MaxRunTime }),
	boolean("move-replicas-from-ignored-tservers", "the rebalancing tool ignores tablet servers "+
		"in maintenance, and empties them first",
		func(o *Options) *bool { return &o.EmptyIgnored }),
	boolean("auto-rebalancing", "the leader master rebalances by itself, under 3-4-3",
		func(o *Options) *bool { return &o.AutoRebalance }),
	duration("auto-rebalancing-interval", "how often it looks whether it must", time.Second,
		func(o *Options) *time.Duration { return &o.AutoRebalanceInterval }),
	boolean("auto-leader-rebalancing", "the leader master evens out how many tablets each server "+
		"leads", func(o *Options) *bool { return &o.AutoLeaderRebalance }),
	duration("auto-leader-rebalancing-interval", "how often it looks whether it must", time.Second,
		func(o *Options) *time.Duration { return &o.LeaderRebalanceInterval }),
	choice("sync", "who brings logs and consensus metadata to the disk: the program before it "+
		"promises anything, or the operating system", []string{"always", "os"},
		func(o *Options) *string { return &o.Sync }),
	duration("clock-error", "by how much tablet servers' clocks differ at most, besides faults", 0,
		func(o *Options) *time.Duration { return &o.ClockError }),
	{Name: "locations", Title: "where tablet servers and clients are, as ts-1:/dc-0/rack-1," +
		"ts-2:/a; ts-1@master-2:/b is what only master-2 is told; ts-1: without more fails",
		set: func(o *Options, v string) error {
			if _, err := ParseMapping(v); err != nil {
				return fmt.Errorf("option locations: %w", err)
			}
			o.Locations = v
			return nil
		},
		get: func(o Options) string { return o.Locations }},
	choice("placement", "the server for a replica within a location: the least loaded, by range "+
		"first, or the better of two that are drawn", []string{PlaceByRange, PlaceTwoChoices},
		func(o *Options) *string { return &o.Placement }),
	choice("location-match", "which replica is closest to a client: by the depth of the common "+
		"path, or only one of the same location", []string{MatchPath, MatchWhole},
		func(o *Options) *string { return &o.LocationMatch }),
}

func names(fixes []Fix) []string {
	var all []string
	for _, f := range fixes {
		all = append(all, string(f))
	}
	return all
}

func number(name, title string, lo, hi int, field func(*Options) *int) Option {
	return Option{Name: name, Title: title,
		set: func(o *Options, v string) error {
			n, err := strconv.Atoi(v)
			if err != nil || n < lo || n > hi {
				return fmt.Errorf("option %s=%s: want a number from %d to %d", name, v, lo, hi)
			}
			*field(o) = n
			return nil
		},
		get: func(o Options) string { return strconv.Itoa(*field(&o)) }}
}

func boolean(name, title string, field func(*Options) *bool) Option {
	return Option{Name: name, Title: title, Values: []string{"true", "false"},
		set: func(o *Options, v string) error {
			if v != "true" && v != "false" {
				return fmt.Errorf("option %s=%s: want true or false", name, v)
			}
			*field(o) = v == "true"
			return nil
		},
		get: func(o Options) string { return strconv.FormatBool(*field(&o)) }}
}

func choice(name, title string, values []string, field func(*Options) *string) Option {
	return Option{Name: name, Title: title, Values: values,
		set: func(o *Options, v string) error {
			if !slices.Contains(values, v) {
				return fmt.Errorf("option %s=%s: want one of %s", name, v,
					strings.Join(values, ", "))
			}
			*field(o) = v
			return nil
		},
		get: func(o Options) string { return *field(&o) }}
}

func duration(name, title string, least time.Duration,
	field func(*Options) *time.Duration) Option {
	return Option{Name: name, Title: title,
		set: func(o *Options, v string) error {
			d, err := time.ParseDuration(v)
			if err != nil || d < least {
				return fmt.Errorf("option %s=%s: want a duration from %v, such as 2s", name, v,
					least)
			}
			*field(o) = d
			return nil
		},
		get: func(o Options) string { return field(&o).String() }}
}

// units are the words for powers of two, the greatest first.
var units = []struct {
	name string
	size int
}{{"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}

func size(name, title string, least int, field func(*Options) *int) Option {
	return Option{Name: name, Title: title,
		set: func(o *Options, v string) error {
			for _, u := range units {
				digits, ok := strings.CutSuffix(v, u.name)
				if n, err := strconv.Atoi(digits); ok && err == nil && n <= 1<<30/u.size &&
					n*u.size >= least {
					*field(o) = n * u.size
					return nil
				}
			}
			return fmt.Errorf("option %s=%s: want a size from %d to 1024MiB, such as 4KiB", name,
				v, least)
		},
		get: func(o Options) string {
			n := *field(&o)
			for _, u := range units {
				if n%u.size == 0 {
					return strconv.Itoa(n/u.size) + u.name
				}
			}
			return strconv.Itoa(n)
		}}
}

func (o *Options) set(assignment string) error {
	name, value, found := strings.Cut(assignment, "=")
	if !found {
		return fmt.Errorf("option %q: want NAME=VALUE", assignment)
	}
	for _, opt := range OptionList {
		if opt.Name == name {
			return opt.set(o, value)
		}
	}
	return fmt.Errorf("unknown option %q", name)
}

func (o Options) check() error {
	if o.Masters%2 == 0 && !o.AllowEvenMasters {
		return fmt.Errorf("option masters=%d: an even number of masters tolerates no more "+
			"failures than one less; set allow-even-masters=true to try it", o.Masters)
	}
	return o.checkLocations()
}
