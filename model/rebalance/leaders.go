package rebalance

// LeaderMove hands the leadership of a tablet from one voter to another.
type LeaderMove struct{ Tablet, From, To int }

// PlanLeaders returns up to so many moves of leaderships, each chosen as if those before it were
// done, and one a tablet at most: first what evens out how many tablets of a table each server
// leads, then, without undoing that, how many of all. Each goes between the voters of a tablet that
// differ most, by two at least, so that no sequence of moves comes back to its start. A tablet with
// one replica, or that is not healthy, or moving, keeps its leader (AutoLeaderRebalancerTask).
func PlanLeaders(c *Cluster, most int) []LeaderMove {
	p := &leaderPlanner{c: c, most: most, all: make([]int, len(c.Servers)),
		moved: make([]bool, len(c.Tablets))}
	for _, t := range c.Tablets {
		for len(p.ofTable) <= t.Table {
			p.ofTable = append(p.ofTable, make([]int, len(c.Servers)))
		}
		if p.leader = append(p.leader, t.Leader); t.Leader != None {
			p.ofTable[t.Table][t.Leader]++
			p.all[t.Leader]++
		}
	}
	p.even(func(t, from, to int) int {
		of := p.ofTable[c.Tablets[t].Table]
		return of[from] - of[to]
	})
	p.even(func(t, from, to int) int {
		if of := p.ofTable[c.Tablets[t].Table]; of[from] <= of[to] {
			return 0
		}
		return p.all[from] - p.all[to]
	})
	return p.moves
}

// leaderPlanner knows who leads how much once the moves are made.
type leaderPlanner struct {
	c       *Cluster
	most    int
	moves   []LeaderMove
	moved   []bool
	leader  []int   // by tablet
	ofTable [][]int // by table and server
	all     []int   // by server
}

// even moves leaderships as long as two voters of a tablet differ by two or more.
func (p *leaderPlanner) even(differ func(tablet, from, to int) int) {
	for len(p.moves) < p.most {
		best, gap := LeaderMove{From: None}, 1
		for i, t := range p.c.Tablets {
			if p.moved[i] || p.leader[i] == None || t.Moving || t.Health != Healthy {
				continue
			}
			for _, s := range t.Replicas {
				if n := differ(i, p.leader[i], s); n > gap {
					best, gap = LeaderMove{i, p.leader[i], s}, n
				}
			}
		}
		if best.From == None {
			return
		}
		p.moves = append(p.moves, best)
		p.moved[best.Tablet] = true
		p.leader[best.Tablet] = best.To
		of := p.ofTable[p.c.Tablets[best.Tablet].Table]
		of[best.From]--
		of[best.To]++
		p.all[best.From]--
		p.all[best.To]++
	}
}
