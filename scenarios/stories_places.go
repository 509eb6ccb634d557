package scenarios

import "tabletop/model/wire"

// placeStories are about locations and where replicas are placed.
var placeStories = []script{
	{
		name: "rack-loss",
		title: "a rack is lost: a table over three racks loses no tablet, one over two loses " +
			"what has its majority there",
		options: []string{"masters=3", "tservers=6", "clients=2",
			"locations=ts-1:/rack-1,ts-2:/rack-1,ts-3:/rack-2,ts-4:/rack-3,ts-5:/rack-3," +
				"ts-6:/rack-3,client-2:/rack-2"},
		heal:    60 * sec,
		tablets: true,
		acts: []act{
			{5 * sec, "1. t may be in three racks, u only in the first two, of which one has a " +
				"single server", "client-1 create t columns=k,a tablets=3", nil},
			{6 * sec, "", "client-1 create u columns=k,a locations=/rack-1,/rack-2", nil},
			{10 * sec, "2. t has one replica in each rack; u has two in the first, which cannot " +
				"be helped", "client-2 upsert t keys=1,2", all(served, replicated("t"),
				replicated("u"), fullest("t", 1), fullest("u", 2), violations(1))},
			{12 * sec, "3. a client in the second rack reads there",
				"client-2 scan t from=any", nil},
			{15 * sec, "4. the first rack is lost", "power-off location:/rack-1 for=30s",
				all(readsAt("client-2", "/rack-2"), unavailable("t", 0), unavailable("u", 0))},
			{25 * sec, "5. every tablet of t serves, that of u does not",
				"client-1 alter t add:b",
				all(down("ts-1"), down("ts-2"), unavailable("t", 0), unavailable("u", 1))},
			{26 * sec, "", "client-2 scan t from=any", nil},
			{40 * sec, "6. and goes on serving", "", all(served, unavailable("t", 0),
				rowsServed("client-2"))},
			{55 * sec, "7. the rack is back, and so is the tablet of u", "",
				all(kept, unavailable("u", 0), replicated(""))},
		},
	},
	{
		name: "rack-returns",
		title: "a rack is down until its replicas are replaced in the other two, and comes back: " +
			"what is new comes there, what was replaced does not go back by itself",
		options: []string{"masters=3", "tservers=6", "clients=2", "follower-unavailable=80s",
			"locations=ts-1:/rack-1,ts-2:/rack-1,ts-3:/rack-2,ts-4:/rack-2,ts-5:/rack-3," +
				"ts-6:/rack-3"},
		heal:    200 * sec,
		tablets: true,
		acts: []act{
			{5 * sec, "1. t has one replica in each of three racks",
				"client-1 create t columns=k,a tablets=2", nil},
			{15 * sec, "2. the third rack goes down for two minutes",
				"power-off location:/rack-3 for=120s", all(served, replicated("t"),
					fullest("t", 1), violations(0))},
			{125 * sec, "3. its replicas were replaced in the other two, against the policy: " +
				"that there are three of each comes first", "client-1 alter t add:b",
				all(replicated("t"), within("t", "/rack-1", "/rack-2"), fullest("t", 2),
					violations(2))},
			{150 * sec, "4. the rack is back; a new table has replicas there",
				"client-1 create u columns=k,a tablets=2", all(served, replicated("t"))},
			{190 * sec, "5. t stays where it is, since nobody balances", "",
				all(served, kept, replicated(""), fullest("u", 1), in("/rack-3", "u"),
					within("t", "/rack-1", "/rack-2"), violations(2))},
		},
	},
	{
		name: "not-enough-locations",
		title: "there are fewer racks than the policy wants: replicas are placed all the same, " +
			"and that is recorded",
		options: []string{"masters=3", "tservers=4", "clients=2", "follower-unavailable=10s",
			"locations=ts-1:/rack-1,ts-2:/rack-1,ts-3:/rack-2,ts-4:/rack-3"},
		heal:    100 * sec,
		tablets: true,
		acts: []act{
			{5 * sec, "1. three racks, one replica in each", "client-1 create t columns=k,a", nil},
			{15 * sec, "2. the only server of the third rack is lost for good", "lose ts-4",
				all(served, replicated("t"), fullest("t", 1), violations(0), note)},
			{45 * sec, "3. its replica is rebuilt where there is a server left: two in one rack, " +
				"and that is recorded", "client-1 alter t add:b",
				all(replicated("t"), without("ts-4"), fullest("t", 2), violations(1))},
			{80 * sec, "4. now the masters take it for dead; a new table has 2 + 1 too, and " +
				"never 3 + 0", "client-1 create u columns=k,a", all(served, lost("ts-4"))},
			{95 * sec, "", "", all(served, kept, replicated(""), fullest("u", 2), violations(2))},
		},
	},
	{
		name: "mapping-disagrees",
		title: "two masters are told other locations of the same servers: each places by what it " +
			"was told when they registered",
		options: []string{"masters=3", "tservers=4", "clients=2",
			"locations=ts-1:/a,ts-2:/b,ts-3:/b,ts-4:/c,ts-3@master-2:/c,ts-4@master-2:/a"},
		heal:    110 * sec,
		tablets: true,
		acts: []act{
			{3 * sec, "1. master-3 is made the leader; it is told the truth",
				"transfer leader-master to=follower-master", oneLeads},
			{4 * sec, "", "transfer leader-master to=master-3", reigned(2)},
			{10 * sec, "", "client-1 create t columns=k,a", leads("master-3")},
			{20 * sec, "2. t is in three locations; now master-2 leads, to whom ts-3 is in /c",
				"transfer leader-master to=master-2",
				all(served, replicated("t"), fullest("t", 1))},
			{25 * sec, "", "client-1 create u columns=k,a", leads("master-2")},
			{35 * sec, "3. u has two replicas in /b, and nobody has recorded a violation: for " +
				"master-2 there was none", "relocate ts-3 location=/b from=master-2",
				all(served, replicated("u"), fullest("u", 2), violations(0))},
			{36 * sec, "4. the mapping is mended, but locations are kept until servers register " +
				"again", "relocate ts-4 location=/c from=master-2", nil},
			{40 * sec, "", "client-1 create v columns=k,a", leads("master-2")},
			{50 * sec, "5. so v has two there as well; now two servers start again",
				"kill ts-3 for=2s", all(served, replicated("v"), fullest("v", 2), violations(0))},
			{60 * sec, "", "kill ts-4 for=2s", nil},
			{75 * sec, "6. master-2 has learnt where they are", "client-1 create w columns=k,a " +
				"tablets=4", leads("master-2")},
			{100 * sec, "7. and w is in three locations", "",
				all(served, kept, replicated(""), fullest("w", 1), fullest("u", 2),
					violations(0))},
		},
		under: "kudu-head", signature: "placement/replica/not-as-mapped",
	},
	{
		name: "labelled-range",
		title: "the replicas of a labelled range go where there are fewest of that label; those " +
			"of one without go where there are fewest of all",
		options: []string{"masters=3", "tservers=4", "clients=2"},
		heal:    85 * sec,
		tablets: true,
		acts: []act{
			{5 * sec, "1. t, u and v have one replica each on each of four servers",
				"client-1 create t columns=k,a tablets=2 ranges=0:100,100:200 replicas=1", nil},
			{6 * sec, "", "client-1 create u columns=k,a tablets=2 ranges=0:100,100:200 replicas=1",
				nil},
			{7 * sec, "", "client-1 create v columns=k,a tablets=2 ranges=0:100,100:200 replicas=1",
				nil},
			{12 * sec, "2. while two of them are in maintenance, w is put on the others",
				"maintenance ts-3 for=10s", all(served, even)},
			{13 * sec, "", "maintenance ts-4 for=10s", nil},
			{16 * sec, "", "client-1 create w columns=k,a tablets=10 replicas=1", nil},
			{30 * sec, "3. a range of t gets the label hot, of which nobody has a replica: it " +
				"comes to those that were not chosen lately",
				"client-1 alter t add-range:200:300@hot",
				all(served, labelled("hot", 0, 0, 0, 0), skewed(5))},
			{40 * sec, "4. the next leader master does not know who was chosen lately",
				"transfer leader-master", all(served, holders("t", "200:300", "ts-3", "ts-4"),
					labelled("hot", 0, 0, 1, 1))},
			{50 * sec, "5. a range of u gets the same label: it comes to the fullest servers, " +
				"which have none of it", "client-1 alter u add-range:200:300@hot",
				all(reigned(2), labelled("hot", 0, 0, 1, 1))},
			{60 * sec, "6. a range of v gets none: it comes to the emptiest",
				"client-1 alter v add-range:200:300",
				all(holders("u", "200:300", "ts-1", "ts-2"), labelled("hot", 1, 1, 1, 1))},
			{75 * sec, "7. so it would have been with that of u", "",
				all(served, kept, replicated(""), holders("v", "200:300", "ts-3", "ts-4"),
					labelled("hot", 1, 1, 1, 1), skewed(4))},
		},
	},
	{
		name: "pinned-table",
		title: "KUDU-2604: a table is bound to a location; its replicas are placed, and " +
			"replaced, there or nowhere",
		options: []string{"masters=3", "tservers=6", "clients=2", "follower-unavailable=10s",
			"locations=ts-1:/a,ts-2:/a,ts-3:/a,ts-4:/a,ts-5:/b,ts-6:/c"},
		heal:    100 * sec,
		tablets: true,
		acts: []act{
			{5 * sec, "1. t is bound to /a, free to use four servers",
				"client-1 create t columns=k,a tablets=3 locations=/a", nil},
			{10 * sec, "2. u wants three replicas in /b, which has one server",
				"client-2 create u columns=k,a locations=/b",
				all(served, replicated("t"), within("t", "/a"))},
			{15 * sec, "3. a server of /a is lost for good", "lose ts-2", note},
			{55 * sec, "4. all is rebuilt within /a, and u is refused",
				"client-1 alter t add:b",
				all(replicated("t"), within("t", "/a"), without("ts-2"),
					refused("u", wire.TooFewInLocations))},
			{60 * sec, "5. w is content with one replica in /b",
				"client-1 create w columns=k,a replicas=1 locations=/b", nil},
			{65 * sec, "6. another server of /a goes down: three are left, and none elsewhere is " +
				"used", "kill ts-3 for=30s", all(within("w", "/b"), replicated("w"))},
			{90 * sec, "7. t has one replica less meanwhile", "client-1 alter t add:c",
				all(within("t", "/a"), unreplicated, unavailable("t", 0))},
			{98 * sec, "8. and all again when it is back", "", all(kept, within("t", "/a"))},
		},
	},
}
