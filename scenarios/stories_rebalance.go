package scenarios

import "tabletop/model/rebalancer"

// rebalanceStories are about replicas that are moved to even out the loads.
var rebalanceStories = []script{
	{
		name: "rebalance-after-new-rack",
		title: "a third rack is added, and the rebalancing tool is run under DDL: first every " +
			"table comes to outlive the loss of a rack, then all servers have the same",
		options: []string{"masters=3", "tservers=6", "clients=2", "max-moves-per-server=2",
			"locations=ts-1:/rack-1,ts-2:/rack-1,ts-3:/rack-2,ts-4:/rack-2,ts-5:/rack-3," +
				"ts-6:/rack-3"},
		heal:    170 * sec,
		tablets: true,
		acts: []act{
			{0, "", "kill location:/rack-3 for=80s", nil},
			{65 * sec, "1. two racks: every tablet has two replicas in one of them",
				"client-1 create t columns=k,a tablets=4", nil},
			{66 * sec, "", "client-1 create u columns=k,a tablets=4", nil},
			{90 * sec, "2. a third rack is added; nothing goes there by itself", "",
				all(served, fullest("t", 2), fullest("u", 2), skewed(4))},
			{95 * sec, "3. the tool is started", "rebalance client-2",
				all(within("t", "/rack-1", "/rack-2"), within("u", "/rack-1", "/rack-2"))},
			{95*sec + 300*ms, "", "client-1 alter t add:b", nil},
			{95*sec + 500*ms, "4. and the leader master is killed meanwhile",
				"kill leader-master for=20s", nil},
			{98 * sec, "", "client-1 create v columns=k,a", nil},
			{160 * sec, "5. every tablet has one replica in each rack, and all servers have " +
				"as many", "", all(served, kept, replicated(""), reigned(2), fullest("t", 1),
				fullest("u", 1), even)},
		},
	},
	{
		name: "rebalance-out-of-time",
		title: "the rebalancing tool may run for three seconds only: what it has asked for comes " +
			"to its end, and the rest is for the next time",
		options: []string{"masters=3", "tservers=5", "clients=2", "max-moves-per-server=1",
			"max-run-time=3s", "data-blocks=8"},
		heal:    150 * sec,
		tablets: true,
		acts: []act{
			{0, "", "kill ts-4,ts-5 for=80s", nil},
			{65 * sec, "1. three servers have all replicas",
				"client-1 create t columns=k,a tablets=10", nil},
			{90 * sec, "2. two more are added, and the tool is started", "rebalance client-2",
				all(served, skewed(10))},
			{110 * sec, "3. it has moved some replicas, and has ended long ago", "",
				all(kept, replicated(""), skewed(3), ended(rebalancer.TimedOut))},
			{140 * sec, "4. nobody goes on", "", all(kept, skewed(3), ended(rebalancer.TimedOut))},
		},
	},
	{
		name: "rebalance-empties-server",
		title: "a tablet server is in maintenance; a rebalancing tool that ignores it empties it " +
			"first, through a failover of the masters",
		options: []string{"masters=3", "tservers=5", "clients=2", "max-moves-per-server=2",
			"move-replicas-from-ignored-tservers=true", "data-blocks=4"},
		heal:    100 * sec,
		tablets: true,
		acts: []act{
			{6 * sec, "1. all servers have replicas",
				"client-1 create t columns=k,a tablets=5", nil},
			{20 * sec, "2. ts-1 is in maintenance, and the tool is started",
				"maintenance ts-1 for=70s", served},
			{22 * sec, "", "rebalance client-2", voters("ts-1", 3)},
			{23 * sec, "3. the leader master is killed meanwhile", "kill leader-master for=20s",
				nil},
			{24 * sec, "", "client-1 alter t add:b", nil},
			{80 * sec, "4. ts-1 has no replica left, and all others have as many", "",
				all(served, kept, replicated(""), reigned(2), voters("ts-1", 0), skewed(3),
					ended(rebalancer.Balanced))},
		},
	},
	{
		name: "leaders-return",
		title: "a tablet server comes back and leads nothing; the leader master hands " +
			"leaderships to it, through a failover",
		options: []string{"masters=3", "tservers=3", "clients=2", "auto-leader-rebalancing=true",
			"auto-leader-rebalancing-interval=15s"},
		heal:    80 * sec,
		tablets: true,
		acts: []act{
			{6 * sec, "", "client-1 create t columns=k,a tablets=6", nil},
			{20 * sec, "1. ts-1 is killed, and others lead its tablets", "kill ts-1 for=12s",
				served},
			{34 * sec, "2. it is back, and the leader master is killed",
				"kill leader-master for=10s", led("ts-1", 0)},
			{36 * sec, "", "client-1 alter t add:b", nil},
			{70 * sec, "3. all servers lead as many tablets", "",
				all(served, kept, replicated(""), reigned(2), led("ts-1", 2), led("ts-2", 2),
					led("ts-3", 2))},
		},
	},
	{
		name: "auto-rebalance",
		title: "two servers are added, and the leader master moves replicas there by itself, " +
			"through a failover",
		options: []string{"masters=3", "tservers=5", "clients=2", "auto-rebalancing=true",
			"auto-rebalancing-interval=10s", "data-blocks=8"},
		heal:    220 * sec,
		tablets: true,
		acts: []act{
			{0, "", "kill ts-4,ts-5 for=80s", nil},
			{65 * sec, "1. three servers have all replicas",
				"client-1 create t columns=k,a tablets=5", nil},
			{66 * sec, "", "client-1 create u columns=k tablets=2 replicas=1", nil},
			{79 * sec, "2. two more are added", "", all(served, skewed(6))},
			{91*sec + 500*ms, "3. the leader master is killed while it moves replicas",
				"kill leader-master for=20s", nil},
			{92 * sec, "", "client-1 alter t add:b", nil},
			{210 * sec, "4. what was begun came to its end, another master has gone on, and " +
				"all servers have as many", "",
				all(served, kept, replicated(""), reigned(2), even)},
		},
	},
}
