// Package master is a Kudu master: one replica of the master tablet, and, while it leads, the
// catalog manager that serves DDL and heartbeats from caches in memory.
//
// The nouns are Kudu's: the SysCatalog is the master tablet; a tableInfo or tabletInfo is a
// cached row with its lock and its soft state; a task is a retried call to a tablet server; the
// TSManager knows the tablet servers that have registered with this process.
//
// The one rule: nothing in the caches changes before the entry that says so has been applied to
// the master tablet, and nobody is answered before.
//
//tabletop:deterministic
package master
