package master

import "tabletop/sim"

// Points at which something may be done to a master.
var (
	// PointElected is passed by a new leader that has committed nothing yet.
	PointElected = sim.NewPoint("master/elected",
		"a new leader begins to catch up, nothing of its term is committed")
	// PointBeforeLoad is passed by a new leader that has caught up.
	PointBeforeLoad = sim.NewPoint("master/load/before",
		"a new leader has caught up and is about to load the catalog")
	// PointReplicated is passed by a request whose batch has been applied.
	PointReplicated = sim.NewPoint("master/ddl/replicated",
		"a DDL is committed and applied, nothing is published and nobody told")
	// PointPublished is passed by a request whose batch is published.
	PointPublished = sim.NewPoint("master/ddl/published",
		"a DDL is published in the caches, the client is not answered")
	// PointWrite is passed by whoever changes the master tablet.
	PointWrite = sim.NewPoint("master/write/before",
		"a leader is about to write to the master tablet")
	// PointTask is passed by a task that is about to call its target.
	PointTask = sim.NewPoint("master/task/before-send",
		"a task has found its target and is about to call it")
)

// Points lists the points of a master.
var Points = []*sim.Point{PointElected, PointBeforeLoad, PointReplicated, PointPublished,
	PointWrite, PointTask}
