package scenarios

import "tabletop/checker"

// Catalogue joins every defect with the judge that is to catch it, by their names. Where the judge
// is Liveness, the symptom is the ticket's own; others see the cause before that.
var Catalogue = map[string]string{
	"KUDU-1353":   checker.Liveness,
	"KUDU-1374":   checker.Liveness,
	"KUDU-1358":   checker.Availability,
	"KUDU-1991":   checker.Liveness,
	"KUDU-1537":   checker.ExactlyOnce,
	"KUDU-1188":   checker.Linearizability,
	"L1":          checker.Liveness,
	"L12":         checker.NoCrash,
	"KUDU-2472":   checker.Availability,
	"KUDU-2195":   checker.LeaderCompleteness, // the judge of durability is silent then
	"start-stamp": checker.Liveness,
	"KUDU-3486":   checker.Liveness,

	"5d82368da": checker.ElectionSafety,
	"1eb24183a": checker.DurableBeforeVisible,
	"KUDU-1338": checker.Configuration,
	"KUDU-872":  checker.Configuration,
	"KUDU-1469": checker.Quiescence,
	"KUDU-1586": checker.Quiescence,
	"87278941b": checker.DurableBeforeVisible,

	"KUDU-562":  checker.LeaderStability,
	"KUDU-1365": checker.LeaderStability,
	"KUDU-2947": checker.LeaderStability,
	"KUDU-1057": checker.LeaderStability,
	"KUDU-744":  checker.LeaderStability,
	"KUDU-2155": checker.LeaderStability,
	"e8187c01c": checker.NoCrash,

	"KUDU-2048": checker.ReplicaManagement,
	"KUDU-2230": checker.Liveness,
	"4d44c9fe7": checker.ReplicaManagement,
	"2a6de8ea4": checker.Liveness,
	"63025ef6d": checker.ReplicaManagement,
	"KUDU-2443": checker.Quiescence,
	"KUDU-2020": checker.ReplicaManagement,
	"KUDU-1613": checker.Liveness,
	"KUDU-1407": checker.Liveness,
	"KUDU-2069": checker.Liveness,

	"KUDU-1129": checker.Configuration,
	"L3":        checker.Configuration,
	"KUDU-933":  checker.Liveness,
	"KUDU-2138": checker.Liveness,
	"KUDU-1023": checker.Liveness,

	"KUDU-1034": checker.Availability,
	"KUDU-1054": checker.Availability,
	"KUDU-2463": checker.Rows,
	"4df9f5969": checker.ExactlyOnce,
	"safe-time": checker.Rows,
	"5e895c642": checker.Liveness,
	"KUDU-3762": checker.Liveness,
}
