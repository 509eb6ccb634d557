package tserver

import "tabletop/sim"

// Points at which something may be done to a tablet server.
var (
	// PointWritten is passed by a write that has been applied.
	PointWritten = sim.NewPoint("tserver/write/replicated",
		"a write of rows is committed and applied, the client is not answered")
	// PointAltered is passed by an alter of a tablet that has been applied.
	PointAltered = sim.NewPoint("tserver/alter/replicated",
		"an alter of a tablet is committed and applied, the master is not answered")
	// PointCopied is passed by a copy whose data is complete.
	PointCopied = sim.NewPoint("tserver/copy/complete",
		"a replica is copied and about to be opened, the leader does not know")
	// PointHeartbeat is passed by a heartbeat that was put together.
	PointHeartbeat = sim.NewPoint("tserver/heartbeat/before-send",
		"a heartbeat with its report is about to be sent")
)

// Points lists the points of a tablet server.
var Points = []*sim.Point{PointWritten, PointAltered, PointCopied, PointHeartbeat}
