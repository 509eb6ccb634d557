package scenarios

// serverStories are about machines that come and go.
var serverStories = []script{
	{
		name: "master-grow",
		title: "KUDU-1474: one master becomes three and five under DDL, and two of the five may " +
			"be lost",
		options: []string{"masters=1", "spare-masters=4", "tservers=3", "clients=3"},
		heal:    140 * sec,
		loads:   []load{{2, "w", 6 * sec, 135 * sec, 5 * sec}},
		acts: []act{
			{5 * sec, "1. a single master serves", "client-1 create t columns=k,a",
				masters("master-1")},
			{10 * sec, "2. it becomes three, one after the other, while DDL goes on",
				"add-master master-2", served},
			{25 * sec, "", "add-master master-3", masters("master-1", "master-2")},
			{40 * sec, "3. the tablet servers heartbeat to all three", "",
				all(served, masters("master-1", "master-2", "master-3"))},
			{41 * sec, "4. three become five", "add-master master-4", nil},
			{56 * sec, "", "add-master master-5",
				masters("master-1", "master-2", "master-3", "master-4")},
			{71 * sec, "5. the first hands over to master-4; who looks for the leader now " +
				"learns of all five", "transfer leader-master to=master-4", all(served, masters(
				"master-1", "master-2", "master-3", "master-4", "master-5"), leads("master-1"))},
			{75 * sec, "", "client-1 alter t add:b", leads("master-4")},
			{76 * sec, "", "client-3 get t", nil},
			{85 * sec, "6. the clients know all five, and two masters are lost, the first " +
				"and the leader", "lose master-1", all(served,
				clientsKnow("master-1", "master-2", "master-3", "master-4", "master-5"))},
			{86 * sec, "", "lose master-4", nil},
			{100 * sec, "7. the other three serve", "client-1 alter t add:c",
				all(served, lost("master-1", "master-4"))},
			{110 * sec, "", "client-3 create u columns=k", served},
			{130 * sec, "8. nothing was lost, and no request failed", "",
				all(served, kept, replicated(""))},
		},
	},
	{
		name: "master-replace",
		title: "a master loses its disk for good: another takes its place under DDL, and then a " +
			"third may fail",
		options: []string{"masters=3", "tservers=3", "clients=3"},
		heal:    120 * sec,
		loads:   []load{{2, "w", 6 * sec, 115 * sec, 4 * sec}},
		acts: []act{
			{5 * sec, "1. three masters serve", "client-1 create t columns=k,a",
				masters("master-1", "master-2", "master-3")},
			{15 * sec, "2. master-2 gets an empty disk: it is another server now, which " +
				"cannot join while the old one is a master and does not answer",
				"wipe master-2 for=5s", served},
			{40 * sec, "3. the old master-2 is removed, so that the new one can join",
				"remove-master master-2", all(served, masters("master-1", "the old master-2",
					"master-3"))},
			{60 * sec, "4. the new master-2 votes; now master-1 is killed",
				"kill master-1", all(served, masters("master-1", "master-2", "master-3"))},
			{75 * sec, "5. master-2 and master-3 serve", "client-1 alter t add:b",
				all(served, down("master-1"), anotherLeads("master-1"))},
			{76 * sec, "", "client-3 create u columns=k", nil},
			{110 * sec, "6. nothing was lost, and no request failed", "",
				all(served, kept, replicated(""))},
		},
	},
	{
		name:    "tserver-lost-for-good",
		title:   "a tablet server is lost, and all its replicas are rebuilt elsewhere",
		options: []string{"masters=3", "tservers=4", "clients=2", "follower-unavailable=10s"},
		heal:    60 * sec,
		tablets: true,
		acts: []act{
			{5 * sec, "1. tables are created on four tablet servers",
				"client-1 create t columns=k,a tablets=3", nil},
			{6 * sec, "", "client-1 create u columns=k,a tablets=2", nil},
			{15 * sec, "2. ts-2 is lost for good", "lose ts-2",
				all(served, replicated("t"), replicated("u"), note)},
			{20 * sec, "3. its tablets serve without it", "client-1 alter t add:b",
				all(lost("ts-2"), unreplicated)},
			{45 * sec, "4. its leaders have found it failed, and all its replicas are " +
				"rebuilt elsewhere", "client-1 alter u add:b",
				all(served, replicated(""), without("ts-2"))},
			{55 * sec, "5. nothing was lost", "", all(served, kept, replicated(""))},
		},
	},
	{
		name: "tserver-returns-late",
		title: "a tablet server is down until its replicas are replaced, and comes back: nobody " +
			"needs what it has",
		options: []string{"masters=3", "tservers=4", "clients=2", "follower-unavailable=10s"},
		heal:    150 * sec,
		tablets: true,
		acts: []act{
			{5 * sec, "1. tables are created on four tablet servers",
				"client-1 create t columns=k,a tablets=4", nil},
			{6 * sec, "", "client-1 create u columns=k,a tablets=5", nil},
			{15 * sec, "2. ts-2 goes down for a minute", "kill ts-2 for=60s",
				all(served, replicated("t"), replicated("u"), note)},
			{45 * sec, "3. its replicas are replaced, and a table is dropped meanwhile",
				"client-1 delete u", all(replicated(""), without("ts-2"))},
			{70 * sec, "4. ts-2 comes back with replicas that nobody needs; the master, " +
				"whose tasks back off, tells it so in its own time", "",
				all(served, kept, replicated("t"))},
			{140 * sec, "5. of the live table it has tombstones, of the dropped one nothing",
				"", all(leftBehind("ts-2"), replicated("t"), without("ts-2"))},
			{141 * sec, "6. the cluster goes on", "client-1 alter t add:b", nil},
			{148 * sec, "", "", all(served, kept)},
		},
	},
}
