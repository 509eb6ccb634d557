// Package sim is a world for deterministic simulation: virtual time, processes, nodes, a network
// with connections and calls, disks that lose what was not synced, and a digest that proves two
// runs equal. It knows nothing of the system that runs in it and imports the standard library only.
//
// The nouns:
//
//   - A World owns virtual time and one queue of events. It runs on one goroutine; nothing in it is
//     safe for concurrent use, and many worlds may run side by side.
//   - A Node is a machine with one program: it boots, is killed, paused, restarted. Everything a
//     program keeps in memory dies with it; what it keeps on its Disk does not.
//   - A Proc is a process of a node: sequential code that may block. A function that takes a *Proc
//     may block; one that does not runs at a single instant. After every call that takes a *Proc
//     the world may have changed.
//   - A Topic carries typed events to observers at the instant they happen. Observers read; they
//     never schedule, draw or write.
//
// Faults of links, programs, disks and clocks are switched on from outside (Disturb, Kill,
// PowerOff, Pause, Slow, Drift, ...) and count what they do; the fault models stand at the head of
// link.go, disk.go and clock.go. The example of the package is a complete small system with its
// judge and its nemesis.
//
// The one rule: a run is a function of its seed and of what is done to the world from outside.
// Randomness is keyed by what it is for, not by its position in a sequence, so that taking one
// fault or one operation out of a run leaves the draws of all else as they were.
//
//tabletop:deterministic
package sim
