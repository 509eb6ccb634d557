package ksck

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/wire"
)

// The first that applies counts: every small census against the rules in words.
func TestPrecedence(t *testing.T) {
	seen := map[Status]int{}
	for voters := range 6 {
		for running := range voters + 1 {
			for factor := 1; factor <= 5; factor++ {
				for bits := range 1 << 4 {
					c := census{copying: bits & 1, voters: voters, running: running,
						factor: factor, leaders: bits >> 1 & 1, conflicting: bits >> 2 & 1 * 2}
					rules := []struct {
						applies bool
						want    Status
					}{
						{c.copying > 0, Recovering},
						{2*running <= voters, Unavailable},
						{running != voters, UnderReplicated},
						{voters < factor, UnderReplicated},
						{c.leaders == 0, Unavailable},
						{c.conflicting > 0, ConsensusMismatch},
						{true, Healthy},
					}
					first := slices.IndexFunc(rules, func(r struct {
						applies bool
						want    Status
					}) bool {
						return r.applies
					})
					got, why := c.status()
					require.Equal(t, rules[first].want, got, "%+v", c)
					require.Equal(t, got == Healthy, why == "", "%+v", c)
					seen[got]++
				}
			}
		}
	}
	require.Len(t, seen, int(statuses))
}

const tablet wire.TabletID = 7

// healthy is a cluster of one master and four tablet servers, three of which have the one tablet.
func healthy() Snapshot {
	state := wire.ConsensusState{Term: 3, Leader: 2, Config: wire.NewConfig(1, 2, 3)}
	s := Snapshot{Leader: 0, Masters: []Server{{ID: 0, Name: "master-1", Answers: 0,
		Replicas: Replicas([]wire.ReportedTablet{{Tablet: wire.SysCatalog, Running: true,
			State: wire.ConsensusState{Leader: 0, Config: wire.NewConfig(0)}}})}},
		Tables: []wire.TableDescription{{ID: 9, Name: "t", Replicas: 3,
			Tablets: []wire.TabletDescription{{ID: tablet, Running: true, State: state}}}}}
	for i, name := range []string{"ts-1", "ts-2", "ts-3", "ts-4"} {
		id := wire.ServerID(i + 1)
		server := Server{ID: id, Name: name, Answers: id}
		if id < 4 {
			state.Term++ // terms do not count
			server.Replicas = Replicas([]wire.ReportedTablet{{Tablet: tablet, Running: true,
				State: state}})
		}
		s.TServers = append(s.TServers, server)
	}
	return s
}

// change changes what a tablet server says of its replica.
func change(s Snapshot, server int, how func(*wire.ReportedTablet)) {
	r := s.TServers[server].Replicas[tablet]
	how(&r)
	s.TServers[server].Replicas[tablet] = r
}

func TestReports(t *testing.T) {
	dead := func(s *Snapshot, i int) { s.TServers[i].Answers = wire.NoServer }
	view := func(s *Snapshot) *wire.ConsensusState { return &s.Tables[0].Tablets[0].State }
	for name, c := range map[string]struct {
		change func(*Snapshot)
		want   Status // of the table
		errors []string
	}{
		"healthy": {func(*Snapshot) {}, Healthy, nil},
		"a server that has no replica is down": {func(s *Snapshot) { dead(s, 3) }, Healthy,
			[]string{"1 of 4 tablet servers are not healthy"}},
		"another server is in its place": {func(s *Snapshot) { s.TServers[0].Answers = 99 },
			UnderReplicated, []string{"1 of 4 tablet servers are not healthy",
				"1 of 1 tables are not healthy"}},
		"one voter is down": {func(s *Snapshot) { dead(s, 0) }, UnderReplicated,
			[]string{"1 of 4 tablet servers are not healthy", "1 of 1 tables are not healthy"}},
		"two voters are down": {func(s *Snapshot) { dead(s, 0); dead(s, 1) }, Unavailable,
			[]string{"2 of 4 tablet servers are not healthy", "1 of 1 tables are not healthy"}},
		"a replica has failed": {func(s *Snapshot) {
			change(*s, 0, func(r *wire.ReportedTablet) { r.Failed = true })
		}, UnderReplicated, []string{"1 of 1 tables are not healthy"}},
		"a replica is missing": {func(s *Snapshot) { delete(s.TServers[2].Replicas, tablet) },
			UnderReplicated, []string{"1 of 1 tables are not healthy"}},
		"a replica is being copied": {func(s *Snapshot) {
			change(*s, 0, func(r *wire.ReportedTablet) {
				r.Running, r.Data = false, wire.DataCopying
			})
			dead(s, 1)
			dead(s, 2)
		}, Recovering, []string{"2 of 4 tablet servers are not healthy",
			"1 of 1 tables are not healthy"}},
		"the table wants more": {func(s *Snapshot) { s.Tables[0].Replicas = 5 },
			UnderReplicated, []string{"1 of 1 tables are not healthy"}},
		"the table wants less": {func(s *Snapshot) { s.Tables[0].Replicas = 1 }, Healthy, nil},
		"the master knows no leader": {func(s *Snapshot) { view(s).Leader = wire.NoServer },
			Unavailable, []string{"1 of 1 tables are not healthy"}},
		"the tablet has no members yet": {func(s *Snapshot) {
			*view(s) = wire.ConsensusState{Leader: wire.NoServer}
		}, Unavailable, []string{"1 of 1 tables are not healthy"}},
		"a follower knows another leader": {func(s *Snapshot) {
			change(*s, 0, func(r *wire.ReportedTablet) { r.State.Leader = 3 })
		}, ConsensusMismatch, []string{"1 of 1 tables are not healthy"}},
		"a replica knows a non-voter": {func(s *Snapshot) {
			change(*s, 2, func(r *wire.ReportedTablet) {
				r.State.Config = r.State.Config.With(wire.Member{ID: 4, NonVoter: true})
			})
		}, ConsensusMismatch, []string{"1 of 1 tables are not healthy"}},
		"no leader master": {func(s *Snapshot) { s.Leader = wire.NoServer }, Healthy,
			[]string{"no master is ready to lead"}},
		"masters disagree": {func(s *Snapshot) {
			s.Masters = append(s.Masters, Server{ID: 50, Name: "master-2", Answers: 50,
				Replicas: Replicas([]wire.ReportedTablet{{Tablet: wire.SysCatalog, State: *view(s)}})})
		}, Healthy, []string{"the masters do not agree on their consensus"}},
	} {
		s := healthy()
		c.change(&s)
		r := Verify(s)
		require.Equal(t, len(c.errors) == 0, r.Healthy(), name)
		require.ElementsMatch(t, c.errors, r.Errors, name)
		if s.Leader != wire.NoServer {
			require.Equal(t, c.want, r.Tables[0].Status, name)
		}
	}
}

// A table has the worst status of its tablets.
func TestWorstOfTablets(t *testing.T) {
	s := healthy()
	lost := s.Tables[0].Tablets[0]
	lost.ID++ // nobody has it
	s.Tables[0].Tablets = append(s.Tables[0].Tablets, lost)
	require.Equal(t, Unavailable, Verify(s).Tables[0].Status)
	require.Equal(t, [statuses]int{Healthy: 1, Unavailable: 1}, Verify(s).Tables[0].Count)
}
