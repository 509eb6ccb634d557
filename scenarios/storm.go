package scenarios

import (
	"fmt"
	"time"

	"tabletop/model/variant"
	"tabletop/nemesis"
	"tabletop/sim"
)

// GeneratorVersion changes whenever a seed gives another plan than before, or a plan another run;
// a token made by another version cannot be replayed. An error that is mended and changes one in
// thousands of runs leaves it: of those the token tells by itself that the replay goes another way.
const GeneratorVersion = 11

var (
	streamPlan      = sim.NewStream("scenarios/plan")
	streamRebalance = sim.NewStream("scenarios/rebalance")
	streamLeaders   = sim.NewStream("scenarios/leaders")
	streamLogs      = sim.NewStream("scenarios/logs")
	streamRunTime   = sim.NewStream("scenarios/run-time")
)

// stormWarmUp is when the storm begins: masters have a leader, servers have registered.
const stormWarmUp = 6 * time.Second

// stormPlan draws a random storm. Nothing in it depends on the selection but the sizes that this
// sets, so that variants can be compared under the same storms.
func stormPlan(seed uint64, s variant.Selection) Plan {
	return drawStorm("storm", seed, s, seeded(seed))
}

// disasterPlan draws a storm in which a majority of the disks may lose what they held for durable.
func disasterPlan(seed uint64, s variant.Selection) Plan {
	return drawStorm("disaster", seed, s, seeded(seed))
}

// draws gives what the choices of a stream are taken from.
type draws func(s sim.Stream, keys ...uint64) sim.Draws

// seeded takes them from a seed.
func seeded(seed uint64) draws {
	return func(s sim.Stream, keys ...uint64) sim.Draws { return sim.NewRand(seed, s, keys...) }
}

// drawStorm makes a plan whose world has that seed. All choices in it come from the given draws.
func drawStorm(scenario string, seed uint64, s variant.Selection, from draws) Plan {
	d := &drawing{from: from, r: from(streamPlan), ranged: map[string]bool{},
		onName: map[string]int{}}
	d.size()
	d.shorten()
	d.meet()
	places := from(streamPlan, 2)
	d.racks(places)
	d.resize(s)
	d.locate(places)
	d.begin = stormWarmUp
	d.end = d.begin + d.r.Duration(60*time.Second, 110*time.Second).Round(time.Millisecond)
	d.balance()
	d.balanceLeaders()
	p := Plan{Scenario: scenario, Seed: seed, Select: s, Heal: d.end}
	p.Select.Options = append(d.options(), s.Options...)
	d.workload()
	d.traffic()
	storm := nemesis.Storm{
		Begin: d.begin, End: d.end, Masters: numbered("master-", d.masters),
		TServers: numbered("ts-", d.tservers), Tables: d.names,
		Spares: numbered("master-", d.masters+d.spares)[d.masters:], Changes: d.changes(),
		Single: d.single, Unbounded: scenario == "disaster"}
	p.Faults = nemesis.Draw(from(streamPlan, 1), storm)
	if len(d.locations) > 0 {
		p.Faults = append(p.Faults, nemesis.DrawRacks(places, nemesis.Racks{Begin: d.begin,
			End: d.end, Locations: d.locations, TServers: numbered("ts-", d.tservers),
			Moves: d.moves, Last: len(p.Faults)})...)
	}
	if d.tool != nil {
		p.Faults = append(p.Faults, nemesis.Rebalances(d.tool, storm, len(p.Faults)+1)...)
	}
	p.Faults = append(p.Faults, d.failover(p.Faults)...)
	p.Faults = append(p.Faults, d.meetings(storm, p.Faults)...)
	p.Ops = d.ops
	if scenario == "storm" {
		p.Rest = d.rest()
	}
	return p
}

// shorten draws whether tablets keep so little of their logs that a replica which was away for a
// moment cannot catch up: it is lost at once, and silent soon.
func (d *drawing) shorten() {
	r := d.from(streamLogs)
	if !r.Chance(150_000) {
		return
	}
	d.segment, d.segments = []string{"512", "256"}[r.Intn(2)], "1"
	d.unavailable = 4 * time.Second
}

// balance draws who rebalances the cluster, if anybody does: people with a tool, or the leader
// master. Not where there is no other server for a replica to go to, or nobody heeds a mark.
func (d *drawing) balance() {
	r := d.from(streamRebalance)
	tool, auto := r.Chance(400_000), r.Chance(250_000)
	if d.tservers <= 3 || d.replacement != variant.Replace343 {
		return
	}
	if tool {
		d.tool = r
		d.balancing = append(d.balancing,
			fmt.Sprint("max-moves-per-server=", []int{1, 1, 1, 2}[r.Intn(4)]))
		if t := d.from(streamRunTime); t.Chance(250_000) {
			d.balancing = append(d.balancing,
				"max-run-time="+[]string{"2s", "5s", "20s"}[t.Intn(3)])
		}
	}
	if auto {
		d.balancing = append(d.balancing, "auto-rebalancing=true",
			"auto-rebalancing-interval="+[]string{"3s", "10s", "30s"}[r.Intn(3)])
	}
}

// balanceLeaders draws whether the leader master evens out who leads the tablets.
func (d *drawing) balanceLeaders() {
	if r := d.from(streamLeaders); r.Chance(200_000) {
		d.balancing = append(d.balancing, "auto-leader-rebalancing=true",
			"auto-leader-rebalancing-interval="+[]string{"3s", "10s", "30s"}[r.Intn(3)])
	}
}

var streamFailover = sim.NewStream("scenarios/failover")

// failover returns a kill of the leader master if nothing else drawn is sure to take its leadership
// away: a storm in which that stays where it was proves nothing.
func (d *drawing) failover(drawn []nemesis.Fault) []nemesis.Fault {
	last := 0
	for _, f := range drawn {
		last = max(last, f.ID)
		ends := f.Kind == nemesis.Kill || f.Kind == nemesis.PowerOff || f.Kind == nemesis.StepDown
		if ends && f.Table == "" && (f.Target == "leader-master" || f.Target == "masters" ||
			d.masters == 1 && f.Target == "master-1") {
			return nil
		}
	}
	r := d.from(streamFailover)
	return []nemesis.Fault{{ID: last + 1, Kind: nemesis.Kill, Target: "leader-master",
		At:  r.Duration(d.begin+10*time.Second, d.end-10*time.Second).Round(time.Microsecond),
		For: r.Duration(time.Second, 6*time.Second).Round(time.Microsecond)}}
}

func numbered(prefix string, n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprint(prefix, i+1))
	}
	return names
}

// unlimited is the size of the largest message of most storms.
const unlimited = "50MiB"

// drawing is a storm being drawn.
type drawing struct {
	from                       draws
	r                          sim.Draws
	masters, tservers, clients int
	reader                     int // a client that only reads; 0: none
	writers                    int // clients that write and read rows, after the others
	net, disk                  string
	spares                     int           // masters that may be added
	unavailable, timeout       time.Duration // for replicas to fail, and for calls to them
	creation                   time.Duration // for tablets to be created
	replacement                string
	expiry                     string        // how often soft-deleted tables are looked at
	segment                    string        // size of those of the logs
	segments                   string        // that tablets keep; empty: as it is by default
	batch                      string        // size of what a leader sends at once
	message                    string        // size of the largest message
	blocks                     int           // of data in a replica
	rash                       bool          // no pre-elections
	single                     bool          // some tables have one replica only
	unchecked                  bool          // tables may want more replicas than there are servers
	clocks                     time.Duration // by how much those of tablet servers differ
	locations                  []string      // of the tablet servers
	mapping                    string        // who is where
	placement                  string        // how a server is chosen; empty: as it is by default
	moves                      bool          // some are moved
	pinned                     bool          // some tables are bound to locations
	pins                       map[string][]string
	tool                       sim.Draws // draws when the cluster is rebalanced; nil: never
	balancing                  []string  // options of that
	meeting                    sim.Draws // draws faults that are made to meet something
	ambush, mute               bool      // which
	names                      []string
	ranged                     map[string]bool // tables of more than one range
	onName                     map[string]int  // operations
	begin, end                 time.Duration
	ops                        []PlannedOp
}

func (d *drawing) size() {
	d.masters = []int{1, 3, 3, 3, 3, 3, 3, 3, 5, 5}[d.r.Intn(10)]
	d.tservers = 3 + d.r.Intn(3)
	d.clients = 3 + d.r.Intn(3)
	if d.r.Chance(500_000) {
		d.clients++
		d.reader = d.clients // it learns of a new leader later than those who change something
	}
	d.writers = 1 + d.r.Intn(3)
	d.net = []string{"lan", "lan", "lan", "wan", "jitter"}[d.r.Intn(5)]
	d.disk = []string{"ssd", "ssd", "ssd", "hdd", "stalls"}[d.r.Intn(5)]
	// In a third of the storms most outages are too short for a replica to be replaced.
	d.unavailable = []time.Duration{4 * time.Second, 4 * time.Second, 6 * time.Second,
		10 * time.Second, 30 * time.Second, 300 * time.Second}[d.r.Intn(6)]
	d.timeout = []time.Duration{2 * time.Second, 30 * time.Second}[d.r.Intn(2)]
	d.creation = []time.Duration{5 * time.Second, 30 * time.Second, 30 * time.Second,
		30 * time.Second}[d.r.Intn(4)]
	d.replacement = []string{variant.Replace343, variant.Replace343,
		variant.Replace323}[d.r.Intn(3)]
	// The log of a tablet reaches some hundred bytes, that of the masters some thousand. Most
	// entries have less than two hundred.
	d.segment = []string{"8MiB", "8MiB", "8MiB", "4KiB", "2KiB", "1KiB", "512", "256"}[d.r.Intn(8)]
	d.batch = "1MiB"
	if d.r.Chance(60_000) {
		d.batch = "64"
	}
	d.message = unlimited
	if d.r.Chance(100_000) {
		d.message = []string{"256", "512", "1KiB"}[d.r.Intn(3)]
	}
	d.expiry = []string{"3s", "10s", "60s"}[d.r.Intn(3)]
	d.blocks = []int{0, 0, 4, 10, 30}[d.r.Intn(5)]
	d.rash = d.r.Chance(150_000)
	d.single = d.r.Chance(120_000)
	d.unchecked = d.r.Chance(80_000)
	d.clocks = []time.Duration{0, 10 * time.Millisecond, time.Second,
		5 * time.Second}[d.r.Intn(4)]
	if d.r.Chance(250_000) {
		d.spares = 1 + d.r.Intn(2)
	}
	for i := range 3 + d.r.Intn(3) {
		name := fmt.Sprint("t", i+1)
		d.names = append(d.names, name)
		d.ranged[name] = d.r.Chance(330_000)
	}
}

// resize takes the sizes that the selection sets, which replace those drawn. One that cannot be
// resolved is refused later.
func (d *drawing) resize(s variant.Selection) {
	s.Options = append(d.options(), s.Options...)
	v, err := s.Resolve()
	if err != nil {
		return
	}
	d.masters, d.tservers = v.Masters, v.TServers
	d.writers = min(d.writers, v.Clients-1)
	d.clients = v.Clients - d.writers
	d.spares, d.replacement = v.SpareMasters, v.Replacement
	switch {
	case d.clients == 1:
		d.reader = 0
	case d.reader > 0:
		d.reader = d.clients
	}
}

func (d *drawing) options() []string {
	options := []string{
		fmt.Sprint("masters=", d.masters), fmt.Sprint("tservers=", d.tservers),
		fmt.Sprint("clients=", d.clients+d.writers), "net=" + d.net, "disk=" + d.disk,
		fmt.Sprint("spare-masters=", d.spares), "replica-management=" + d.replacement,
		"follower-unavailable=" + d.unavailable.String(),
		"consensus-rpc-timeout=" + d.timeout.String(),
		"tablet-creation-timeout=" + d.creation.String(),
		"log-segment-size=" + d.segment, "max-batch=" + d.batch,
		"max-message=" + d.message,
		fmt.Sprint("data-blocks=", d.blocks), fmt.Sprint("pre-election=", !d.rash),
		fmt.Sprint("check-tserver-count=", !d.unchecked),
		"clock-error=" + d.clocks.String(), "expiry-interval=" + d.expiry,
	}
	if d.mapping != "" {
		options = append(options, "locations="+d.mapping)
	}
	if d.segments != "" {
		options = append(options, "max-log-segments="+d.segments)
	}
	if d.placement != "" {
		options = append(options, "placement="+d.placement)
	}
	return append(options, d.balancing...)
}

// changes lists what may be done to a tablet's configuration: under 3-2-3 nobody evicts a replica
// that is too many, or heeds a mark.
func (d *drawing) changes() []string {
	if d.replacement == variant.Replace323 {
		return []string{"remove"}
	}
	if d.tservers <= 3 {
		return []string{"add", "remove"}
	}
	return []string{"add", "remove", "replace"}
}
