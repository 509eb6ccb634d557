package nemesis

import (
	"slices"
	"time"

	"tabletop/sim"
)

// Faults that together make what seldom comes about by chance. They are about one instant of a
// storm, or one operation that is due then.

// Meeting draws them.
type Meeting struct {
	sim.Draws
	Storm
	First  int // number of the first of them
	faults []Fault
}

func (m *Meeting) add(f Fault) {
	f.ID, f.At = m.First+len(m.faults), min(f.At, m.End-time.Millisecond).Round(time.Microsecond)
	f.For = f.For.Round(time.Microsecond)
	m.faults = append(m.faults, f)
}

func (m *Meeting) between(lo, hi int) time.Duration {
	return m.Duration(time.Duration(lo)*time.Millisecond, time.Duration(hi)*time.Millisecond)
}

// some draws that many of the nodes, all of them different.
func (m *Meeting) some(nodes []string, n int) []string {
	left, chosen := slices.Clone(nodes), []string(nil)
	for range n {
		i := m.Intn(len(left))
		chosen = append(chosen, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return chosen
}

// Absence takes a tablet server away until all is healed, for so long that it is presumed dead.
func (m *Meeting) Absence() []Fault {
	at := m.Begin - m.between(0, 1500)
	m.add(Fault{Kind: []Kind{Kill, PowerOff, Pause}[m.Intn(3)], At: at,
		Target: m.some(m.TServers, 1)[0], For: m.End - at})
	return m.faults
}

// Relapse lets a master lead again after a short reign of another. It cannot send what it is asked
// to write; the other is elected meanwhile, tells somebody so, and ends just then.
func (m *Meeting) Relapse(at time.Duration) []Fault {
	two := m.some(m.Masters, 2)
	m.add(Fault{Kind: Elect, Target: two[1], At: at - m.between(1600, 2000)}) // who connects to all
	m.add(Fault{Kind: Elect, Target: two[0], At: at - m.between(800, 1200)})
	clogged := Fault{Kind: Clog, Target: two[0], From: "masters", Dir: "out",
		At: at - m.between(0, 100), For: m.between(500, 900)}
	m.add(clogged)
	m.add(Fault{Kind: KillWait, Target: two[1], Label: "answer-to-UpdateConsensus",
		At: at - time.Millisecond, For: m.between(1000, 4000)})
	m.add(Fault{Kind: Elect, Target: two[1], At: at + m.between(100, 400)})
	m.add(Fault{Kind: Elect, Target: two[0], At: clogged.At + clogged.For + m.between(10, 200)})
	return m.faults
}

// Grave makes a server that leads a table's first tablet give its replica up, when the table is
// about to be altered: the masters do not know yet. If some disk may lose what it held, it is that
// server's.
func (m *Meeting) Grave(table string, at time.Duration, drawn []Fault) []Fault {
	who := m.some(m.TServers, 1)[0]
	for _, f := range drawn {
		if infoOf(f.Kind).Loses && slices.Contains(m.TServers, f.Target) {
			who = f.Target
		}
	}
	m.add(Fault{Kind: Elect, Target: who, Table: table, At: at - m.between(1500, 2500)})
	m.add(Fault{Kind: DeleteReplica, Target: who, Table: table, At: at - m.between(0, 800)})
	return m.faults
}

// Blindness keeps from the masters that a tablet has another configuration, until the leader that
// has changed it leads no longer.
func (m *Meeting) Blindness() []Fault {
	at, table := m.Duration(m.Begin, m.End), m.some(m.Tables, 1)[0]
	m.add(Fault{Kind: Partition, Target: "leader-master", From: "tservers", Dir: "both", At: at,
		For: m.between(1000, 2000)})
	change := Fault{Kind: ChangeConfig, At: at + m.between(10, 200), Table: table,
		Target: m.some(m.TServers, 1)[0], Change: m.Changes[m.Intn(len(m.Changes))]}
	if change.Change == "add" {
		change.Target = "tablet-outsider:" + table
	}
	m.add(change)
	m.add(Fault{Kind: StepDown, Target: "tablet-leader:" + table, Table: table,
		At: at + m.between(300, 1000)})
	return m.faults
}

// SlowVotes holds elections in which votes take longer than candidates wait before they try again:
// on the way to the candidate, or to the disk of who gives them.
func (m *Meeting) SlowVotes() []Fault {
	for range 2 {
		at, two := m.Duration(m.Begin, m.End), m.some(m.Masters, 2)
		slow := Fault{Kind: SlowLink, Target: two[0], From: "masters", Dir: "in", At: at,
			By: m.between(1500, 2500), For: m.between(4000, 8000)}
		if m.Chance(500_000) {
			slow = Fault{Kind: SlowDisk, Target: two[1], At: at, By: slow.By, For: slow.For}
		}
		slow.By = slow.By.Round(time.Microsecond)
		m.add(slow)
		m.add(Fault{Kind: Elect, Target: two[0], At: at + m.between(1, 50)})
	}
	return m.faults
}

// Shrink has the leader of a table's first tablet replaced, when the table is about to have one
// replica only, and another lead, who has not heard of the third.
func (m *Meeting) Shrink(table string, at time.Duration) []Fault {
	leader := "tablet-leader:" + table
	m.add(Fault{Kind: Partition, Target: "tablet-follower:" + table, From: "tservers", Dir: "both",
		At: at - m.between(300, 400), For: m.between(4000, 8000)})
	m.add(Fault{Kind: ChangeConfig, Target: leader, Table: table, Change: "replace",
		At: at - m.between(150, 250)})
	m.add(Fault{Kind: StepDown, Target: leader, Table: table, At: at + m.between(-50, 100)})
	return m.faults
}

// Amputation takes voters from a table's first tablet while another is cut off for so long that it
// cannot catch up any more. The tablet's leader cannot tell the masters, who would help.
func (m *Meeting) Amputation(table string, at time.Duration) []Fault {
	m.add(Fault{Kind: Partition, Target: "tablet-leader:" + table, From: "masters", Dir: "both",
		At: at, For: m.between(10000, 14000)})
	m.add(Fault{Kind: Partition, Target: "tablet-follower:" + table, From: "tservers", Dir: "both",
		At: at, For: m.between(10000, 14000)})
	for _, who := range m.some(m.TServers, 2) {
		m.add(Fault{Kind: ChangeConfig, Target: who, Table: table, Change: "remove",
			At: at + m.between(5000, 9000)})
	}
	return m.faults
}
