package scenarios

import "tabletop/model/variant"

// kuduL1 shows the hazard L1: a tablet server compares what a master says of itself with what it
// said the last time it was heard, and so misses a reign of another master during which it was not.
var kuduL1 = script{
	name: "kudu-l1",
	title: "a master loses and regains leadership between two heartbeats, and an alter of the " +
		"other reign is sent by nobody",
	options: []string{"masters=3", "tservers=3", "clients=1", "master-failure-detection=false"},
	heal:    60 * sec,
	acts: []act{
		{2 * sec, "1. master-1 is elected, and the tablet servers report to it",
			"elect master-1 term=1", nil},
		{5 * sec, "2. a table is created", "client-1 create t columns=k,a", leads("master-1")},
		{10 * sec, "3. master-1 and the tablet servers do not reach each other for a while",
			"partition master-1 from=tservers for=8s", all(leads("master-1"), served, note)},
		{11 * sec, "4. master-2 is elected; master-1 steps down without a restart",
			"elect master-2 term=2", leads("master-1")},
		{12 * sec, "5. it commits an AlterTable, and dies before it has told the tablet's leader",
			"kill-at master-2 point=master/task/before-send", leads("master-2")},
		{13 * sec, "", "client-1 alter t add:b", leads("master-2")},
		{15 * sec, "6. master-1 is elected again", "elect master-1 term=3",
			all(down("master-2"), neverDenied("master-1"))},
		{25 * sec, "7. the tablet servers reach it: as far as they have heard, it has always led",
			"", all(leads("master-1"), neverDenied("master-1"), kept)},
		{45 * sec, "", "", reportsDue(8)},
		{59 * sec, "", "", tablesEnd(9)},
	},
	under: "kudu-head", signature: StuckAlter, compared: l1Variants,
}

// l1Variants are two repairs of L1 alone, on top of kudu-head.
var l1Variants = []Variant{
	{"kudu-head", "a full report when a master leads that did not when it was last heard",
		variant.Selection{Profile: "kudu-head"}},
	{"1 leader-term", "answers to heartbeats carry the leader's term, and each term gets a report",
		repaired(variant.FixLeaderTerm)},
	{"2 ask-after-load", "a master that has loaded its catalog asks every server for a report",
		repaired(variant.FixAskAfterLoad)},
	{"ideal", "every known hazard closed", variant.Selection{Profile: "ideal"}},
}

func repaired(f variant.Fix) variant.Selection {
	return variant.Selection{Profile: "kudu-head", Options: []string{"fix=" + string(f)}}
}
