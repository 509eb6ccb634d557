// Package tserver is a Kudu tablet server: it hosts replicas of tablets, carries out what the
// leader master tells it, and reports to the masters in heartbeats.
//
// The nouns: a tablet is one replica with its schema; a heartbeater is the thread that reports
// to one master, or, as before KUDU-1358, to whichever master leads.
//
// The one rule: a change that a master should know of marks its tablet dirty for every
// heartbeater; the mark goes when a master has acknowledged a report that covers it.
//
//tabletop:deterministic
package tserver
