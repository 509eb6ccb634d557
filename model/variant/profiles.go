package variant

// Profile is a named set of defects that stands for a version of the system.
type Profile struct {
	ID      string
	Title   string
	Defects []Switch
	Options []string // NAME=VALUE
}

// Profiles lists all profiles; the first is the default.
var Profiles = []Profile{
	{ID: "ideal", Title: "every known hazard closed"},
	{ID: "kudu-0.7", Title: "Kudu before the fixes of 2016",
		Defects: []Switch{KUDU1353, KUDU1374, KUDU1358, KUDU1991, KUDU1537, KUDU1188, L12,
			StartStamp, KUDU3486, KUDU495, NoNameRecheck, AlterAckFromRPC, ReplaceBeforeCommit,
			KUDU3452, KUDU3016, NoTruncateOnStatusAbort, KUDU1338, KUDU1469, KUDU1586, KUDU1365,
			KUDU2947, KUDU2155, KUDU2048, KUDU2020, KUDU1613, KUDU1407, L3, KUDU2138,
			MajorityBehind, KUDU1034, KUDU2463, ReplayDropsRowErrors, SafeTime,
			NoLeaderLock, DeleteUnknownTablets, KUDU2335, KUDU3341},
		Options: []string{"waits-end-with-term=false"}},
	{ID: "kudu-1.0", Title: "Kudu with what was adopted against KUDU-1353",
		Defects: []Switch{KUDU1991, KUDU1537, KUDU1188, L1, L12, KUDU2472, StartStamp, KUDU3486,
			NoNameRecheck, KUDU3452, KUDU3016, NoTruncateOnStatusAbort, KUDU1365, KUDU2947,
			KUDU2155, KUDU2048, KUDU2020, KUDU1613, KUDU1407, L3, KUDU2138, KUDU2335, KUDU3341,
			MajorityBehind, KUDU1034, KUDU2463, ReplayDropsRowErrors, SafeTime,
			DropAbortsDeletions},
		Options: []string{"waits-end-with-term=false"}},
	{ID: "kudu-head", Title: "Kudu of today, with its open hazards",
		Defects: []Switch{KUDU1537, KUDU1188, L1, L12, KUDU2472, StartStamp, KUDU3486,
			L3, L5, L8, OneBlocksAll, LastLocationOnly, VictimCounted, MajorityBehind,
			ExpiryByWallClock, SafeTime, DropAbortsDeletions, LocationCached},
		Options: []string{"waits-end-with-term=false", "location-match=whole"}},
}
