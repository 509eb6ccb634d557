package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/model/wire"
)

func genSchema(t *rapid.T) wire.Schema {
	s := wire.Schema{}
	for range rapid.IntRange(0, 4).Draw(t, "columns") {
		s = append(s, wire.Column{Name: rapid.StringN(0, 5, 9).Draw(t, "name"),
			Key: rapid.Bool().Draw(t, "key"), Default: rapid.Int64().Draw(t, "default")})
	}
	return s
}

func genRange(t *rapid.T) wire.Range {
	return wire.Range{Lower: rapid.Int64().Draw(t, "lower"), Upper: rapid.Int64().Draw(t, "upper")}
}

func genRanges(t *rapid.T) (ranges []wire.Range) {
	for range rapid.IntRange(0, 3).Draw(t, "ranges") {
		ranges = append(ranges, genRange(t))
	}
	return ranges
}

func genBatch(t *rapid.T) *Batch {
	b := &Batch{Cause: wire.RequestID{Client: 3, Seq: rapid.Int64().Draw(t, "seq")}}
	for range rapid.IntRange(0, 3).Draw(t, "tables") {
		b.Tables = append(b.Tables, &Table{ID: wire.TableID(rapid.Uint64().Draw(t, "id")),
			Name: rapid.String().Draw(t, "name"), State: TableAltering, Replicas: 3,
			Partitions: wire.PartitionSchema{Buckets: 2, Ranges: genRanges(t)},
			Reserve:    3, DeletedAt: 4, Version: 7, Schema: genSchema(t), AppliedVersion: 6, Applied: genSchema(t)})
	}
	for range rapid.IntRange(0, 3).Draw(t, "tablets") {
		b.Tablets = append(b.Tablets, &Tablet{ID: 9, Table: 8, State: TabletRunning,
			Partition: wire.Partition{Bucket: 1, Buckets: 3, Range: genRange(t)},
			Dimension: wire.Dimension(rapid.StringN(0, 3, 5).Draw(t, "label")),
			Consensus: wire.ConsensusState{Term: rapid.Int64().Draw(t, "term"),
				Leader: wire.NoServer, Config: wire.NewConfig(1, 2)}})
	}
	if rapid.Bool().Draw(t, "result") {
		b.Results = append(b.Results, &Result{Request: b.Cause, Code: wire.InvalidSchema,
			Msg: "no", Table: 4, Version: 5})
		b.TServers = append(b.TServers, 4, 5)
	}
	if rapid.Bool().Draw(t, "purged") {
		b.Purged = append(b.Purged, 8)
	}
	return b
}

func TestBatchReadsBackProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := genBatch(t)
		payload := b.Encode()
		got, err := Decode(payload)
		require.NoError(t, err)
		require.Equal(t, b, got)
		cut := rapid.IntRange(0, len(payload)-1).Draw(t, "cut")
		_, err = Decode(payload[:cut])
		require.ErrorIs(t, err, ErrDamaged)
	})
}

func TestStoreReadsBackProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := NewStore()
		for range rapid.IntRange(0, 4).Draw(t, "batches") {
			s.Apply(genBatch(t))
		}
		state := s.Encode()
		got, err := DecodeStore(state)
		require.NoError(t, err)
		require.Equal(t, s, got)
		require.Equal(t, state, got.Encode(), "the same bytes, whatever came first")
		_, err = DecodeStore(append(state, 0))
		require.ErrorIs(t, err, ErrDamaged)
	})
}

func TestDecodeNeverPanicsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, _ = Decode(rapid.SliceOf(rapid.Byte()).Draw(t, "payload"))
	})
}

func TestAlterSchema(t *testing.T) {
	base := wire.Schema{{Name: "k", Key: true}, {Name: "a"}}
	add := func(c string) wire.AlterStep { return wire.AlterStep{Kind: wire.AddColumn, Column: c} }
	drop := func(c string) wire.AlterStep { return wire.AlterStep{Kind: wire.DropColumn, Column: c} }
	rename := func(from, to string) wire.AlterStep {
		return wire.AlterStep{Kind: wire.RenameColumn, Column: from, NewName: to}
	}
	change := func(c string) wire.AlterStep {
		return wire.AlterStep{Kind: wire.ChangeColumn, Column: c, Default: 7}
	}
	for name, c := range map[string]struct {
		steps []wire.AlterStep
		want  []string // nil: INVALID_SCHEMA
	}{
		"nothing":                  {nil, []string{"k", "a"}},
		"add":                      {[]wire.AlterStep{add("b")}, []string{"k", "a", "b"}},
		"add what exists":          {[]wire.AlterStep{add("a")}, nil},
		"drop":                     {[]wire.AlterStep{drop("a")}, []string{"k"}},
		"drop what does not exist": {[]wire.AlterStep{drop("b")}, nil},
		"drop a key":               {[]wire.AlterStep{drop("k")}, nil},
		"rename":                   {[]wire.AlterStep{rename("a", "b")}, []string{"k", "b"}},
		"rename a key":             {[]wire.AlterStep{rename("k", "kk")}, []string{"kk", "a"}},
		"rename to what exists":    {[]wire.AlterStep{rename("a", "k")}, nil},
		"rename what does not":     {[]wire.AlterStep{rename("x", "y")}, nil},
		"later steps see earlier":  {[]wire.AlterStep{drop("a"), add("a")}, []string{"k", "a"}},
		"change":                   {[]wire.AlterStep{change("a")}, []string{"k", "a"}},
		"change what does not":     {[]wire.AlterStep{change("x")}, nil},
		"change a key":             {[]wire.AlterStep{change("k")}, nil},
		"a range is no column":     {[]wire.AlterStep{{Kind: wire.AddRange}}, []string{"k", "a"}},
		"one bad step spoils all":  {[]wire.AlterStep{add("b"), drop("x")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, status := AlterSchema(base, c.steps)
			if c.want == nil {
				require.Equal(t, wire.InvalidSchema, status.Code)
				return
			}
			require.True(t, status.OK())
			require.Equal(t, c.want, got.Names())
		})
	}
	changed, _ := AlterSchema(base, []wire.AlterStep{change("a")})
	require.Equal(t, int64(7), changed[1].Default)
	require.Equal(t, wire.Schema{{Name: "k", Key: true}, {Name: "a"}}, base,
		"the old schema is not changed in place")
}

func TestReadersSeeTheOldSchemaUntilTheLastAlterIsFinished(t *testing.T) {
	v0 := wire.Schema{{Name: "k", Key: true}}
	v1 := append(v0[:1:1], wire.Column{Name: "a"})
	v2 := append(v1[:2:2], wire.Column{Name: "b"})
	row := &Table{ID: 1, Name: "t", State: TableRunning, Schema: v0, Applied: v0}
	twice := row.Altered(v1, "t", 1).Altered(v2, "u", 3)
	require.Equal(t, v0, twice.Applied)
	require.Equal(t, int64(0), twice.AppliedVersion)
	require.Equal(t, TableAltering, twice.State)
	require.Equal(t, 3, twice.Replicas)
	done := twice.Finished()
	require.Equal(t, v2, done.Applied)
	require.Equal(t, int64(2), done.AppliedVersion)
	require.Equal(t, TableRunning, done.State)
	require.Equal(t, TableRunning, row.State, "rows are not changed in place")
}

func TestLearn(t *testing.T) {
	voters := []wire.ServerID{1, 2, 3}
	at := func(term int64, leader wire.ServerID) wire.ConsensusState {
		return wire.ConsensusState{Term: term, Leader: leader, Config: wire.NewConfig(voters...)}
	}
	for name, c := range map[string]struct {
		have, reported wire.ConsensusState
		from           wire.ServerID
		want           wire.ConsensusState
	}{
		"first leader":               {at(0, wire.NoServer), at(1, 1), 1, at(1, 1)},
		"later term":                 {at(1, 1), at(2, 3), 3, at(2, 3)},
		"earlier term":               {at(2, 3), at(1, 1), 1, at(2, 3)},
		"same term, leader unknown":  {at(2, 3), at(2, wire.NoServer), 1, at(2, 3)},
		"later term, leader unknown": {at(2, 3), at(3, wire.NoServer), 1, at(2, 3)},
		"leader is no voter":         {at(1, 1), at(2, 9), 1, at(1, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			row := &Tablet{ID: 1, Consensus: c.have}
			require.Equal(t, c.want, row.Learn(c.from, c.reported, Bugs{}).Consensus)
			require.Equal(t, c.have, row.Consensus)
		})
	}
}

// What the defects of learning make of reports that have a newer configuration and no leader, and
// then of the leader's own.
func TestLearnDefects(t *testing.T) {
	state := func(term, index int64, leader wire.ServerID) wire.ConsensusState {
		config := wire.NewConfig(1, 2, 3)
		config.Index = index
		return wire.ConsensusState{Term: term, Leader: leader, Config: config}
	}
	for name, c := range map[string]struct {
		bugs     Bugs
		reporter wire.ServerID
		heard    wire.ServerID // after a report without a leader
		then     wire.ServerID // after the leader's own
	}{
		"none":           {Bugs{}, 2, 1, 1},
		"none, its own":  {Bugs{}, 1, wire.NoServer, 1},
		"forgets":        {Bugs{ForgetLeader: true}, 2, wire.NoServer, 1},
		"nobody leads":   {Bugs{NobodyLeads: true}, 2, wire.NoServer, wire.NoServer},
		"reporter leads": {Bugs{ReporterLeads: true}, 1, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			row := &Tablet{ID: 1, Consensus: state(2, 4, 1)}
			row = row.Learn(c.reporter, state(2, 5, wire.NoServer), c.bugs)
			require.Equal(t, c.heard, row.Consensus.Leader)
			row = row.Learn(1, state(2, 5, 1), c.bugs)
			require.Equal(t, c.then, row.Consensus.Leader)
			row = row.Learn(3, state(3, 5, 3), c.bugs)
			require.Equal(t, wire.ServerID(3), row.Consensus.Leader, "another term")
		})
	}
}

func TestCheckSchemaAndReplicas(t *testing.T) {
	require.True(t, CheckSchema(wire.Schema{{Name: "k", Key: true}}).OK())
	require.Equal(t, wire.InvalidSchema, CheckSchema(wire.Schema{{Name: "a"}}).Code)
	require.Equal(t, wire.InvalidSchema,
		CheckSchema(wire.Schema{{Name: "a", Key: true}, {Name: "a"}}).Code)
	for n, want := range map[int]wire.Code{0: wire.IllegalReplicationFactor, 1: wire.OK,
		2: wire.EvenReplicationFactor, 3: wire.OK, 7: wire.OK, 9: wire.IllegalReplicationFactor} {
		require.Equal(t, want, CheckReplicas(n).Code, n)
	}
}
