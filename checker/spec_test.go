package checker

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/model/client"
	"tabletop/model/wire"
	"tabletop/sim"
)

// ev makes an event. Words are an operation as plans have it, or "alter-done NAME", or "table-gone
// NAME".
func ev(t require.TestingT, call, ret sim.Time, words string, out Answer) Event {
	fields := strings.Fields(words)
	if kind := client.Kind(fields[0]); kind == AlterDone || kind == TableGone {
		return Event{Call: call, Return: ret, Out: out,
			Op: client.Op{Kind: kind, Name: fields[1]}}
	}
	op, err := client.ParseOp(fields)
	require.NoError(t, err)
	return Event{Call: call, Return: ret, Op: op, Out: out}
}

func effect(id wire.TableID, version int64) Answer { return Answer{Table: id, Version: version} }

func refused(c wire.Code) Answer { return Answer{Code: c} }

func shown(id wire.TableID, version int64, columns ...string) Answer {
	schema := wire.Schema{}
	for i, c := range columns {
		schema = append(schema, wire.Column{Name: c, Key: i == 0})
	}
	return Answer{Table: id, Version: version, Schema: schema}
}

func listed(pairs ...any) Answer {
	var a Answer
	for i := 0; i < len(pairs); i += 2 {
		a.Tables = append(a.Tables, wire.ListedTable{Name: pairs[i].(string),
			ID: wire.TableID(pairs[i+1].(int))})
	}
	return a
}

// check judges a history whole, part by part.
func check(events []Event) Verdict {
	if _, found := Impossible(events); found {
		return Illegal
	}
	for _, names := range Components(events) {
		if v, _, _ := CheckComponent(Project(events, names), names); v != Legal {
			return v
		}
	}
	return Legal
}

// Every clause of the specification, as a history that keeps it and one that breaks it.
func TestSpecificationClauseByClause(t *testing.T) {
	never := sim.Never
	create := func(at sim.Time, id wire.TableID) Event {
		return ev(t, at, at+1, "create t columns=k,a", effect(id, 0))
	}
	alterB := func(call, ret sim.Time) Event { return ev(t, call, ret, "alter t add:b", effect(1, 1)) }
	get := func(at sim.Time, out Answer) Event { return ev(t, at, at+1, "get t", out) }
	soft := func(at sim.Time, id wire.TableID, version int64) Event {
		return ev(t, at, at+1, "delete t reserve=1m", effect(id, version))
	}
	recall := func(at sim.Time, id wire.TableID, out Answer) Event {
		e := ev(t, at, at+1, "recall t", out)
		e.Op.Table = id
		return e
	}
	expired := func(id wire.TableID) Event {
		return Event{Return: never, Op: client.Op{Kind: Expired, Name: "t"}, Out: effect(id, 0)}
	}
	for name, c := range map[string]struct{ legal, illegal []Event }{
		"a create gives a free name": {
			[]Event{create(0, 1), get(10, shown(1, 0, "k", "a"))},
			[]Event{create(0, 1), create(10, 2)}},
		"an id is new": {
			[]Event{create(0, 1), ev(t, 5, 6, "create u columns=k,a", effect(2, 0))},
			[]Event{create(0, 1), ev(t, 2, 3, "alter t rename-to=u", effect(1, 1)), create(5, 1)}},
		"a name is free after a delete, and the id ends": {
			[]Event{create(0, 1), ev(t, 5, 6, "delete t", effect(1, 0)), create(10, 2),
				get(20, shown(2, 0, "k", "a"))},
			[]Event{create(0, 1), ev(t, 5, 6, "delete t", effect(1, 0)), create(10, 2),
				get(20, shown(1, 0, "k", "a"))}},
		"already present is a read of a live name": {
			[]Event{create(0, 1), ev(t, 10, 11, "create t columns=k", refused(wire.TableAlreadyPresent))},
			[]Event{ev(t, 10, 11, "create t columns=k", refused(wire.TableAlreadyPresent)), create(20, 1)}},
		"not found is a read of a free name": {
			[]Event{get(0, refused(wire.TableNotFound)), create(10, 1)},
			[]Event{create(0, 1), get(10, refused(wire.TableNotFound))}},
		"a refused delete too": {
			[]Event{ev(t, 0, 1, "delete t", refused(wire.TableNotFound)), create(10, 1)},
			[]Event{create(0, 1), ev(t, 10, 11, "delete t", refused(wire.TableNotFound))}},
		"a refused alter too": {
			[]Event{ev(t, 0, 1, "alter t add:b", refused(wire.TableNotFound)), create(10, 1)},
			[]Event{create(0, 1), ev(t, 10, 11, "alter t add:b", refused(wire.TableNotFound))}},
		"invalid schema is judged against the latest": {
			[]Event{create(0, 1), alterB(10, 11),
				ev(t, 12, 13, "alter t add:b", refused(wire.InvalidSchema))},
			[]Event{create(0, 1), alterB(10, 11),
				ev(t, 12, 13, "alter t add:c", refused(wire.InvalidSchema))}},
		"what the steps do not allow is refused": {
			[]Event{create(0, 1), ev(t, 10, 11, "alter t drop:k", refused(wire.InvalidSchema))},
			[]Event{create(0, 1), ev(t, 10, 11, "alter t drop:k", effect(1, 1))}},
		"versions count one by one": {
			[]Event{create(0, 1), alterB(10, 11), ev(t, 20, 21, "alter t add:c", effect(1, 2))},
			[]Event{create(0, 1), alterB(10, 11), ev(t, 20, 21, "alter t add:c", effect(1, 3))}},
		"the visible schema may lag": {
			[]Event{create(0, 1), alterB(10, 11), get(20, shown(1, 0, "k", "a")),
				get(30, shown(1, 1, "k", "a", "b"))},
			[]Event{create(0, 1), get(5, shown(1, 1, "k", "a", "b")), alterB(10, 11)}},
		"but it never goes back": {
			[]Event{create(0, 1), alterB(10, 11), get(20, shown(1, 1, "k", "a", "b"))},
			[]Event{create(0, 1), alterB(10, 11), get(20, shown(1, 1, "k", "a", "b")),
				get(30, shown(1, 0, "k", "a"))}},
		"columns belong to their version": {
			[]Event{create(0, 1), alterB(10, 11), get(20, shown(1, 1, "k", "a", "b"))},
			[]Event{create(0, 1), alterB(10, 11), get(20, shown(1, 1, "k", "a"))}},
		"done makes the version visible": {
			[]Event{create(0, 1), alterB(10, 11), ev(t, 15, 16, "alter-done t", effect(1, 1)),
				get(20, shown(1, 1, "k", "a", "b"))},
			[]Event{create(0, 1), alterB(10, 11), ev(t, 15, 16, "alter-done t", effect(1, 1)),
				get(20, shown(1, 0, "k", "a"))}},
		"done is not told before the alter": {
			[]Event{create(0, 1), ev(t, 10, 16, "alter-done t", effect(1, 1)), alterB(10, 11)},
			[]Event{create(0, 1), ev(t, 5, 6, "alter-done t", effect(1, 1)), alterB(10, 11)}},
		"who waits is told that the table is gone only when it is": {
			[]Event{create(0, 1), ev(t, 5, 6, "delete t", effect(1, 0)), create(10, 2),
				ev(t, 20, 21, "table-gone t", Answer{Code: wire.TableNotFound, Table: 1})},
			[]Event{create(0, 1), ev(t, 5, 6, "delete t", effect(1, 0)), create(10, 2),
				ev(t, 20, 21, "table-gone t", Answer{Code: wire.TableNotFound, Table: 2})}},
		"a rename is visible at once": {
			[]Event{create(0, 1), ev(t, 10, 11, "alter t rename-to=u", effect(1, 1)),
				ev(t, 20, 21, "get u", shown(1, 0, "k", "a"))},
			[]Event{create(0, 1), ev(t, 10, 11, "alter t rename-to=u", effect(1, 1)),
				get(20, shown(1, 0, "k", "a"))}},
		"renaming to a live name, one's own included, is refused": {
			[]Event{create(0, 1), ev(t, 10, 11, "alter t rename-to=t", refused(wire.TableAlreadyPresent))},
			[]Event{create(0, 1), ev(t, 10, 11, "alter t rename-to=t", effect(1, 1))}},
		"steps and name change at one instant": {
			[]Event{create(0, 1), ev(t, 10, 11, "alter t add:b rename-to=u", effect(1, 1)),
				ev(t, 20, 21, "alter u add:b", refused(wire.InvalidSchema))},
			[]Event{create(0, 1), ev(t, 10, 11, "alter t add:b rename-to=u", effect(1, 1)),
				ev(t, 20, 21, "alter u add:b", effect(1, 2))}},
		"a list is one instant": {
			[]Event{create(0, 1), ev(t, 10, 11, "list", listed("t", 1))},
			[]Event{create(0, 1), ev(t, 10, 11, "list", listed())}},
		"what was skipped is not shown later": {
			[]Event{create(0, 1), alterB(10, 11), get(12, shown(1, 0, "k", "a")),
				ev(t, 20, 21, "alter t add:c", effect(1, 2)), get(30, shown(1, 1, "k", "a", "b"))},
			[]Event{create(0, 1), alterB(10, 11), ev(t, 20, 21, "alter t add:c", effect(1, 2)),
				get(30, shown(1, 0, "k", "a")), get(40, shown(1, 1, "k", "a", "b"))}},
		"an id ends with its table": {
			[]Event{create(0, 1), ev(t, 5, 6, "delete t", effect(1, 0)), create(10, 2)},
			[]Event{create(0, 1), ev(t, 5, 6, "delete t", effect(1, 0)), create(10, 1)}},
		"a list shows every table once": {
			[]Event{create(0, 1), ev(t, 5, 6, "create u columns=k", effect(2, 0)),
				ev(t, 10, 11, "list", listed("t", 1, "u", 2))},
			[]Event{create(0, 1), ev(t, 2, 3, "alter t rename-to=u", effect(1, 1)), create(5, 2),
				ev(t, 10, 11, "list", listed("t", 2, "t", 2))}},
		"a list shows no table that nobody made": {
			[]Event{create(0, 1), ev(t, 10, 11, "list", listed("t", 1))},
			[]Event{create(0, 1), ev(t, 10, 11, "list", listed("t", 1, "x", 7))}},
		"a list shows a renamed table once": {
			[]Event{create(0, 1), ev(t, 10, 20, "alter t rename-to=u", effect(1, 1)),
				ev(t, 12, 13, "list", listed("t", 1)), ev(t, 14, 15, "list", listed("u", 1))},
			[]Event{create(0, 1), ev(t, 10, 20, "alter t rename-to=u", effect(1, 1)),
				ev(t, 12, 13, "list", listed("t", 1, "u", 1))}},
		"an even replication factor is refused": {
			[]Event{ev(t, 0, 1, "create t columns=k replicas=2", refused(wire.EvenReplicationFactor))},
			[]Event{ev(t, 0, 1, "create t columns=k replicas=2", effect(1, 0))}},
		"duplicate columns are refused": {
			[]Event{ev(t, 0, 1, "create t columns=k,k", refused(wire.InvalidSchema))},
			[]Event{ev(t, 0, 1, "create t columns=k,k", effect(1, 0))}},
		"a late effect may come at any time after its call": {
			[]Event{create(0, 1), ev(t, 10, never, "delete t", effect(1, 0)),
				get(20, shown(1, 0, "k", "a")), get(30, refused(wire.TableNotFound))},
			[]Event{create(0, 1), ev(t, 10, never, "delete t", effect(1, 0)),
				get(2, refused(wire.TableNotFound)), get(5, shown(1, 0, "k", "a"))}},
		"another replication factor makes a version": {
			[]Event{create(0, 1), ev(t, 10, 11, "alter t replicas=1", effect(1, 1)),
				ev(t, 12, 13, "alter t replicas=1", effect(1, 1)),
				ev(t, 20, 21, "alter t replicas=3", effect(1, 2))},
			[]Event{create(0, 1), ev(t, 10, 11, "alter t replicas=1", effect(1, 1)),
				ev(t, 20, 21, "alter t replicas=3", effect(1, 1))}},
		"an even replication factor is refused, whether there is a table or not": {
			[]Event{ev(t, 0, 1, "alter t replicas=2", refused(wire.EvenReplicationFactor))},
			[]Event{ev(t, 0, 1, "alter t replicas=2", refused(wire.TableNotFound))}},
		"an alter that changes nothing tells the version": {
			[]Event{create(0, 1), ev(t, 10, 11, "alter t", effect(1, 0))},
			[]Event{create(0, 1), ev(t, 10, 11, "alter t", effect(1, 1))}},
		"ranges come and go without a version": {
			[]Event{create(0, 1), ev(t, 10, 11, "alter t drop-range::", effect(1, 0)),
				ev(t, 20, 21, "alter t add-range:0:9", effect(1, 0))},
			[]Event{create(0, 1), ev(t, 10, 11, "alter t drop-range::", effect(1, 1))}},
		"with columns they make one": {
			[]Event{create(0, 1), ev(t, 10, 11, "alter t drop-range:: add:b", effect(1, 1))},
			[]Event{create(0, 1), ev(t, 10, 11, "alter t drop-range:: add:b", effect(1, 0))}},
		"a range is refused over another": {
			[]Event{create(0, 1), ev(t, 10, 11, "alter t add-range:0:9", refused(wire.InvalidArgument))},
			[]Event{create(0, 1), ev(t, 10, 11, "alter t add-range:0:9", effect(1, 0))}},
		"one that is there has a refusal of its own": {
			[]Event{create(0, 1), ev(t, 10, 11, "alter t add-range::", refused(wire.RangeAlreadyPresent))},
			[]Event{create(0, 1), ev(t, 10, 11, "alter t add-range::", refused(wire.InvalidArgument))}},
		"one that is not there cannot be dropped": {
			[]Event{create(0, 1), ev(t, 10, 11, "alter t drop-range:0:9", refused(wire.InvalidArgument))},
			[]Event{create(0, 1), ev(t, 10, 11, "alter t drop-range:0:9", effect(1, 0))}},
		"a dropped range makes room": {
			[]Event{create(0, 1), ev(t, 10, 11, "alter t drop-range:: add-range:0:9", effect(1, 0)),
				ev(t, 20, 21, "alter t add-range::", refused(wire.InvalidArgument))},
			[]Event{create(0, 1), ev(t, 10, 11, "alter t drop-range:: add-range:0:9", effect(1, 0)),
				ev(t, 20, 21, "alter t drop-range::", effect(1, 0))}},
		"a table does not begin with ranges that overlap": {
			[]Event{ev(t, 0, 1, "create t columns=k ranges=0:2,1:3", refused(wire.InvalidArgument))},
			[]Event{ev(t, 0, 1, "create t columns=k ranges=0:2,1:3", effect(1, 0))}},
		"what a column has besides its name is shown": {
			[]Event{create(0, 1), ev(t, 10, 11, "alter t change:a:7", effect(1, 1)),
				get(20, Answer{Table: 1, Version: 1, Schema: wire.Schema{{Name: "k", Key: true},
					{Name: "a", Default: 7}}})},
			[]Event{create(0, 1), ev(t, 10, 11, "alter t change:a:7", effect(1, 1)),
				get(20, shown(1, 1, "k", "a"))}},
		"a soft-deleted table comes back as it was": {
			[]Event{create(0, 1), alterB(2, 3), soft(5, 1, 1), create(10, 2),
				ev(t, 20, 21, "delete t", effect(2, 0)), recall(30, 1, effect(1, 1)),
				get(40, shown(1, 1, "k", "a", "b"))},
			[]Event{create(0, 1), alterB(2, 3), soft(5, 1, 1), recall(30, 1, effect(1, 0))}},
		"its name is free, and a change by the name says why": {
			[]Event{create(0, 1), soft(5, 1, 0), get(10, refused(wire.TableNotFound)),
				ev(t, 10, 11, "alter t add:b", refused(wire.TableSoftDeleted)),
				ev(t, 10, 11, "delete t", refused(wire.TableSoftDeleted)),
				ev(t, 10, 11, "list", listed()), create(20, 2)},
			[]Event{create(0, 1), soft(5, 1, 0), ev(t, 10, 11, "delete t", refused(wire.TableNotFound))}},
		"only a soft-deleted one is recalled": {
			[]Event{create(0, 1), recall(5, 1, refused(wire.TableNotFound)),
				recall(5, 9, refused(wire.TableNotFound))},
			[]Event{create(0, 1), recall(5, 1, effect(1, 0))}},
		"and once": {
			[]Event{create(0, 1), soft(5, 1, 0), recall(10, 1, effect(1, 0)),
				recall(20, 1, refused(wire.TableNotFound))},
			[]Event{create(0, 1), soft(5, 1, 0), recall(10, 1, effect(1, 0)),
				recall(20, 1, effect(1, 0))}},
		"and not over a live one": {
			[]Event{create(0, 1), soft(5, 1, 0), create(10, 2),
				recall(20, 1, refused(wire.TableAlreadyPresent))},
			[]Event{create(0, 1), soft(5, 1, 0), create(10, 2), recall(20, 1, effect(1, 0))}},
		"it may expire at any time": {
			[]Event{create(0, 1), soft(5, 1, 0), expired(1), recall(10, 1, refused(wire.TableNotFound)),
				ev(t, 20, 21, "delete t", refused(wire.TableNotFound))},
			[]Event{create(0, 1), soft(5, 1, 0), expired(1), recall(10, 1, effect(1, 0))}},
		"and not without notice": {
			[]Event{create(0, 1), soft(5, 1, 0), recall(10, 1, effect(1, 0)), soft(20, 1, 0), expired(1)},
			[]Event{create(0, 1), soft(5, 1, 0), recall(10, 1, refused(wire.TableNotFound))}},
		"who waits is told that it is gone while it is soft-deleted": {
			[]Event{create(0, 1), soft(5, 1, 0),
				ev(t, 20, 21, "table-gone t", Answer{Code: wire.TableNotFound, Table: 1})},
			[]Event{create(0, 1), soft(5, 1, 0), ev(t, 20, 21, "alter-done t", effect(1, 0))}},
		"overlapping creates: one wins": {
			[]Event{ev(t, 0, 10, "create t columns=k,a", effect(1, 0)),
				ev(t, 0, 10, "create t columns=k,a", refused(wire.TableAlreadyPresent))},
			[]Event{ev(t, 0, 10, "create t columns=k,a", effect(1, 0)),
				ev(t, 0, 10, "create t columns=k,a", effect(2, 0))}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, Legal, check(c.legal))
			require.Equal(t, Illegal, check(c.illegal))
		})
	}
}

// bruteForce tries every order that the intervals allow.
func bruteForce(events []Event, names []string) bool {
	used := make([]bool, len(events))
	var place func(s *specState, left int) bool
	place = func(s *specState, left int) bool {
		if left == 0 {
			return true
		}
		for i, e := range events {
			if used[i] || mustWait(events, used, e) {
				continue
			}
			if next := s.step(e.Op, e.Out, names); next != nil {
				used[i] = true
				if place(next, left-1) {
					return true
				}
				used[i] = false
			}
		}
		return false
	}
	return place(newState(nil), len(events))
}

// mustWait reports whether something that is still to be placed ended before e began.
func mustWait(events []Event, used []bool, e Event) bool {
	for i, other := range events {
		if !used[i] && other.Return < e.Call {
			return true
		}
	}
	return false
}

// genHistory makes a small history: operations run against the specification at random instants,
// so that it is legal; then, perhaps, one answer or interval is disturbed.
func genHistory(t *rapid.T) []Event {
	state := newState(nil)
	var events []Event
	names := []string{"t", "u"}
	for i := range rapid.IntRange(1, 7).Draw(t, "operations") {
		at := sim.Time(10 * (i + 1))
		e := Event{Call: at - sim.Time(rapid.IntRange(0, 25).Draw(t, "before")),
			Return: at + sim.Time(rapid.IntRange(0, 25).Draw(t, "after")), Op: genOp(t)}
		e.Out = answerIn(t, state, e.Op, wire.TableID(i+1))
		state = state.step(e.Op, e.Out, names)
		if rapid.IntRange(0, 9).Draw(t, "late") == 0 && e.Op.ChangesCatalog() {
			e.Return = sim.Never
		}
		events = append(events, e)
	}
	if rapid.Bool().Draw(t, "disturb") {
		i := rapid.IntRange(0, len(events)-1).Draw(t, "which")
		j := rapid.IntRange(0, len(events)-1).Draw(t, "answer of")
		events[i].Out = events[j].Out
	}
	return events
}

func genOp(t *rapid.T) client.Op {
	words := rapid.SampledFrom([]string{"create t columns=k,a", "create u columns=k", "delete t",
		"alter t add:b", "alter t drop:b", "alter t rename-to=u", "alter u rename-to=t", "get t",
		"get u", "list", "alter u add:c rename-to=t", "alter t replicas=1",
		"alter t add-range:0:9", "alter t drop-range::", "alter t drop-range:: add-range::",
		"alter t drop-range:0:9 add:d", "delete t reserve=1m", "delete u reserve=1m", "recall t",
		"recall u", "recall t rename-to=u", "create t columns=k ranges=0:9"}).Draw(t, "op")
	op, err := client.ParseOp(strings.Fields(words))
	require.NoError(t, err)
	if op.Kind == client.Recall {
		op.Table = wire.TableID(rapid.IntRange(1, 5).Draw(t, "which"))
	}
	return op
}

// answerIn returns the answer that the specification itself gives in a state.
func answerIn(t *rapid.T, s *specState, op client.Op, fresh wire.TableID) Answer {
	var candidates []Answer
	for _, table := range s.tables {
		for v := range int64(len(table.schemas)) {
			candidates = append(candidates, effect(table.id, v), effect(table.id, v+1),
				Answer{Table: table.id, Version: v, Schema: table.schemas[v]})
		}
	}
	candidates = append(candidates, effect(fresh, 0))
	for _, c := range []wire.Code{wire.TableAlreadyPresent, wire.TableNotFound, wire.InvalidSchema,
		wire.InvalidArgument, wire.RangeAlreadyPresent, wire.TableSoftDeleted} {
		candidates = append(candidates, refused(c))
	}
	var all Answer
	for _, table := range s.tables {
		if table.soft {
			continue
		}
		all.Tables = append(all.Tables, wire.ListedTable{Name: table.name, ID: table.id})
	}
	candidates = append(candidates, all)
	var possible []Answer
	for _, a := range candidates {
		if s.step(op, a, []string{"t", "u"}) != nil {
			possible = append(possible, a)
		}
	}
	return rapid.SampledFrom(possible).Draw(t, "out")
}

// Porcupine and the brute-force search agree on small histories, legal and illegal ones.
func TestPorcupineAgreesWithBruteForceProperty(t *testing.T) {
	counts := map[Verdict]int{}
	for range 50 {
		rapid.Check(t, func(t *rapid.T) {
			events := genHistory(t)
			names := []string{"t", "u"}
			want := Illegal
			if bruteForce(events, names) {
				want = Legal
			}
			got, left, _ := CheckComponent(events, names)
			require.Equal(t, want, got, "%v", events)
			require.Equal(t, want == Illegal, len(left) > 0)
			counts[want]++
		})
	}
	require.Greater(t, counts[Legal], 1000)
	require.Greater(t, counts[Illegal], 500)
}

func TestComponentsJoinNamesThatRenamesJoin(t *testing.T) {
	events := []Event{
		ev(t, 0, 1, "create a columns=k", effect(1, 0)),
		ev(t, 2, 3, "alter a rename-to=b", effect(1, 1)),
		ev(t, 4, 5, "get c", refused(wire.TableNotFound)),
		ev(t, 6, 7, "alter d rename-to=b", refused(wire.TableNotFound)),
		ev(t, 8, 9, "list", listed("b", 1)),
	}
	require.Equal(t, [][]string{{"a", "b", "d"}, {"c"}}, Components(events))
	require.Len(t, Project(events, []string{"c"}), 2, "its own, and the list")
	require.Len(t, Project(events, []string{"a", "b", "d"}), 4)
}

func TestBudgetExceededIsInconclusive(t *testing.T) {
	// Many late operations that all could come at any time, and a read that nothing explains.
	var events []Event
	for i := range 24 {
		events = append(events, ev(t, 0, sim.Never, "create t columns=k", effect(wire.TableID(i+1), 0)),
			ev(t, 0, sim.Never, "delete t", effect(wire.TableID(i+1), 0)))
	}
	events = append(events, ev(t, 10, 11, "get t", shown(99, 0, "k")))
	v, _, steps := CheckComponent(events, []string{"t"})
	require.Equal(t, Inconclusive, v)
	require.Greater(t, steps, stepBudget)
}
