package scenarios

import (
	"fmt"

	"tabletop/model/wire"
)

// rowStories are about the rows of tables.
var rowStories = []script{
	{
		name: "single-master-down-cached-client",
		title: "the only master is down: who knows where a table's tablets are goes on reading " +
			"and writing, all else waits or is told",
		options: []string{"masters=1", "tservers=3", "clients=4"},
		heal:    44 * sec,
		acts: []act{
			{5 * sec, "1. a table is created, and client-2 reads and writes it",
				"client-1 create t columns=k,a tablets=2", nil},
			{6 * sec, "", "client-2 upsert t keys=1,2,3", nil},
			{7 * sec, "", "client-2 scan t", nil},
			{10 * sec, "2. the master goes down", "kill master-1 for=24s",
				all(served, rowsServed("client-2"))},
			{11 * sec, "3. client-2 goes on", "client-2 upsert t keys=3,4", nil},
			{12 * sec, "", "client-2 scan t", nil},
			{13 * sec, "", "client-2 scan t mode=your-writes from=any", nil},
			{14 * sec, "4. an alter waits; client-3, which has not opened the table, cannot",
				"client-1 alter t add:b", nil},
			{15 * sec, "", "client-3 scan t", nil},
			{31 * sec, "5. client-2 was served, client-3 is told that its time is up", "",
				all(rowsServed("client-2"), rowsFailed("client-3", wire.TimedOut))},
			{38 * sec, "6. the master has restarted: the alter is carried out, client-3 is served",
				"client-3 scan t", nil},
			{40 * sec, "", "client-2 upsert t keys=5", nil},
			{42 * sec, "7. nothing was lost", "",
				all(rowsServed("client-2"), kept, replicated("t"))},
		},
	},
	{
		name: "rf5-two-down",
		title: "a tablet of five replicas serves reads and writes without two of them, one of " +
			"three without one",
		options: []string{"masters=3", "tservers=5", "clients=2"},
		heal:    60 * sec,
		tablets: true,
		acts: []act{
			{5 * sec, "1. t has five replicas, u has three", "client-1 create t columns=k,a " +
				"replicas=5", nil},
			{6 * sec, "", "client-1 create u columns=k,a replicas=3", nil},
			{8 * sec, "", "client-2 insert t keys=1,2", nil},
			{9 * sec, "", "client-2 insert u keys=1,2", nil},
			{12 * sec, "2. the leader of t goes down", "kill tablet-leader:t for=45s",
				all(served, replicated("t"), replicated("u"), rowsServed("client-2"))},
			{16 * sec, "3. another one leads", "client-2 upsert t keys=2,3", nil},
			{17 * sec, "", "client-2 scan t", nil},
			{20 * sec, "4. that one goes down as well: three of five are left",
				"kill tablet-leader:t for=35s", rowsServed("client-2")},
			{24 * sec, "", "client-2 upsert t keys=3,4", nil},
			{25 * sec, "", "client-2 scan t", nil},
			{26 * sec, "", "client-2 scan t mode=your-writes", nil},
			{30 * sec, "5. a third goes down: two of five do not write any more",
				"kill tablet-leader:t for=20s", rowsServed("client-2")},
			{33 * sec, "", "client-1 upsert t keys=9", nil},
			{49 * sec, "", "", rowsFailed("client-1", wire.TimedOut)},
			{58 * sec, "6. all are back, and nothing was lost", "client-2 scan t",
				all(kept, replicated("t"), replicated("u"))},
		},
	},
}

// rowsServed wants all operations of a client on rows to have been answered OK, and some to have
// been answered.
func rowsServed(client string) condition {
	return func(s *stage) string {
		n := 0
		for _, a := range s.rowOps(client) {
			if a.Outcome == nil || !a.Outcome.Status.OK() {
				return fmt.Sprintf("op %d of %s: %v", a.Op.ID, client, a.Outcome)
			}
			n++
		}
		if n == 0 {
			return client + " has asked for no rows"
		}
		s.tell("reads and writes of %s answered OK: %d, otherwise: 0", client, n)
		return ""
	}
}

// rowsFailed wants the last operation of a client on rows to have ended like that.
func rowsFailed(client string, code wire.Code) condition {
	return func(s *stage) string {
		ops := s.rowOps(client)
		if len(ops) == 0 || ops[len(ops)-1].Outcome == nil ||
			ops[len(ops)-1].Outcome.Status.Code != code {
			return fmt.Sprintf("%s was not told %v", client, code)
		}
		return ""
	}
}

func (s *stage) rowOps(client string) []*asked {
	var ops []*asked
	for _, a := range s.asked {
		if a.Op.OnRows() && a.Client.Node().Name() == client {
			ops = append(ops, a)
		}
	}
	return ops
}
