package scenarios

// stress is DDL of every kind for an hour while the masters are elected over and over, each client
// with a table of its own, so that nothing may be refused.
var stress = script{
	name: "stress-ddl-under-elections",
	title: "an hour of DDL while the masters are elected over and over: nothing is refused, " +
		"nothing is done twice",
	options: []string{"masters=3", "tservers=4", "clients=4"},
	heal:    anHour + 30*sec,
	terse:   true,
	churn: churn{from: 10 * sec, until: anHour, every: 8 * sec, faults: []string{
		"elect follower-master", "transfer leader-master", "step-down leader-master",
		"elect follower-master", "kill leader-master for=3s"}},
	loads: []load{
		{1, "a", 6 * sec, anHour, 3 * sec}},
	lives: []load{{2, "b", 7 * sec, anHour, 3 * sec}, {3, "c", 8 * sec, anHour, 3 * sec},
		{4, "d", 9 * sec, anHour, 3 * sec}},
	acts: []act{
		{5 * sec, "1. three masters serve", "", all(masters("master-1", "master-2", "master-3"))},
		{anHour / 2, "2. half an hour", "", all(served, once, kept)},
		{anHour + 20*sec, "3. an hour", "", all(served, once, kept, tally(400))},
	},
}

const anHour = 3600 * sec
