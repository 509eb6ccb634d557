package scenarios

// failoverStories are about what a change of the leader master does to clients, tablet servers and
// caches.
var failoverStories = []script{
	{
		name: "cold-cluster-election",
		title: "all masters and tablet servers start cold, first with empty disks and then with " +
			"what they had: one master is elected, and DDL works",
		options: []string{"masters=3", "tservers=3", "clients=2"},
		heal:    50 * sec,
		acts: []act{
			{ms, "1. all machines start at once, with empty disks; nobody leads", "", leads("")},
			{8 * sec, "2. one master is elected, and all tablet servers have registered", "",
				all(oneLeads, reigned(1), masters("master-1", "master-2", "master-3"))},
			{9 * sec, "3. DDL works", "client-1 create t columns=k,a tablets=2", nil},
			{11 * sec, "", "client-1 alter t add:b", nil},
			{20 * sec, "4. all machines lose their power at once",
				"power-off masters,tservers for=5s", all(served, kept)},
			{22 * sec, "5. and a client asks for a table meanwhile",
				"client-2 create u columns=k,a", leads("")},
			{40 * sec, "6. all are back: one master is elected, what it had acknowledged is " +
				"there, and the client has its table", "client-1 alter u add:b",
				all(oneLeads, reigned(2), served, kept)},
			{49 * sec, "", "", all(served, kept, replicated(""))},
		},
	},
	{
		name: "ddl-through-failover",
		title: "the leader master dies with a create and an alter in flight: both end, and take " +
			"effect once",
		options: []string{"masters=3", "tservers=3", "clients=3"},
		heal:    70 * sec,
		acts: []act{
			{5 * sec, "1. a table is there", "client-1 create t columns=k,a", oneLeads},
			{10 * sec, "2. the leader master is cut off from the others, gets a create and an " +
				"alter that it cannot commit, and is killed",
				"partition leader-master from=masters for=5s", all(served, once)},
			{10*sec + 2*scriptSlack, "", "client-1 alter t add:b", nil},
			{10*sec + 2*scriptSlack, "", "client-2 create u columns=k,a", nil},
			{10*sec + 3*scriptSlack, "", "kill leader-master for=6s", nil},
			{10*sec + 4*scriptSlack, "", "", all(leads(""), interrupted(2))},
			{25 * sec, "3. both have ended, and took effect once; the next create is committed " +
				"and its leader dies before it is answered",
				"kill-at leader-master point=master/ddl/replicated for=4s",
				all(oneLeads, served, once, kept)},
			{26 * sec, "", "client-2 create v columns=k,a", nil},
			{27 * sec, "", "", all(leads(""), effectUnanswered)},
			{40 * sec, "4. it has ended, and took effect once; so the next alter",
				"kill-at leader-master point=master/ddl/replicated for=4s",
				all(oneLeads, served, once, kept)},
			{41 * sec, "", "client-1 alter t add:c", nil},
			{42 * sec, "", "", all(leads(""), effectUnanswered)},
			{60 * sec, "5. every request had one effect", "",
				all(oneLeads, served, once, kept, replicated(""))},
		},
		under: "kudu-head", signature: "exactly-once/request/refused-after-effect",
	},
	{
		name: "not-the-leader",
		title: "clients ask a master that leads no more, are told NOT_THE_LEADER, and find the " +
			"leader",
		options: []string{"masters=3", "tservers=3", "clients=2"},
		heal:    50 * sec,
		acts: []act{
			{3 * sec, "1. master-3 is made the leader",
				"transfer leader-master to=follower-master", oneLeads},
			{4 * sec, "", "transfer leader-master to=master-3", nil},
			{6 * sec, "2. two clients learn that", "client-1 create t columns=k,a",
				leads("master-3")},
			{8 * sec, "", "client-2 get t", nil},
			{10 * sec, "3. it hands over to master-1, and the first client asks master-3 again",
				"transfer leader-master to=master-1", all(served, answeredBy("master-3"))},
			{12 * sec, "", "client-1 alter t add:b", leads("master-1")},
			{20 * sec, "4. master-1 hands over to master-2, and the second client still asks " +
				"master-3", "transfer leader-master to=master-2",
				all(served, turnedAway("master-3"), answeredBy("master-1"))},
			{22 * sec, "", "client-2 get t", leads("master-2")},
			{30 * sec, "5. and the first master-1", "client-1 alter t add:c",
				all(turnedAway("master-3"), answeredBy("master-2"))},
			{40 * sec, "6. nobody was refused in the end", "",
				all(served, turnedAway("master-1"), answeredBy("master-2"), reigned(5), once,
					kept)},
		},
	},
	{
		name: "heartbeats-to-all-masters",
		title: "tablet servers heartbeat to all masters, so that a new leader knows all of them " +
			"at once",
		options: []string{"masters=3", "tservers=5", "clients=2"},
		heal:    60 * sec,
		acts: []act{
			{25 * sec, "1. all tablet servers are registered with all masters", "",
				masters("master-1", "master-2", "master-3")},
			{28 * sec, "2. the leader master is killed, and two clients ask for tables that " +
				"need all servers", "kill leader-master for=20s", oneLeads},
			{28*sec + 2*scriptSlack, "", "client-1 create t columns=k,a replicas=5", leads("")},
			{28*sec + 2*scriptSlack, "", "client-2 create u columns=k,a replicas=5", leads("")},
			{40 * sec, "3. the next leader could make them", "client-1 alter t add:b",
				all(oneLeads, reigned(2), knewAll, served)},
			{59 * sec, "", "", all(served, kept, replicated(""))},
		},
		under: "kudu-0.7", signature: "availability/table/refused-for-good",
	},
	{
		name: "cache-rebuild-on-election",
		title: "a new leader master rebuilds its caches from the master tablet before it serves, " +
			"whatever was in them",
		options: []string{"masters=3", "tservers=3", "clients=2"},
		heal:    60 * sec,
		acts: []act{
			{3 * sec, "1. master-3 is made the leader",
				"transfer leader-master to=follower-master", oneLeads},
			{4 * sec, "", "transfer leader-master to=master-3", nil},
			{6 * sec, "2. it makes two tables", "client-1 create t columns=k,a tablets=2",
				all(leads("master-3"), rebuilt(0, 0))},
			{7 * sec, "", "client-2 create u columns=k,a", nil},
			{12 * sec, "3. it hands over to master-1, which drops one, makes another and " +
				"alters the third", "transfer leader-master to=master-1", served},
			{14 * sec, "", "client-1 delete u", all(leads("master-1"), rebuilt(2, 3))},
			{15 * sec, "", "client-1 create v columns=k,a tablets=3", nil},
			{16 * sec, "", "client-2 alter t add:b", nil},
			{25 * sec, "4. master-3 cleared nothing when it was deposed; it leads again",
				"transfer leader-master to=master-3", all(served, outdated("master-3"))},
			{30 * sec, "5. when it was ready its caches were the master tablet's", "",
				all(leads("master-3"), rebuilt(3, 6))},
			{32 * sec, "6. it dies, and its successor begins from nothing but the master tablet",
				"kill leader-master for=5s", nil},
			{45 * sec, "", "client-2 alter v add:b", all(anotherLeads("master-3"), reigned(6),
				rebuilt(3, 6))},
			{55 * sec, "7. nothing was lost", "", all(oneLeads, served, once, kept)},
		},
	},
}
