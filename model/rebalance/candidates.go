package rebalance

import "slices"

// candidates finds tablets to move without looking twice at those that will not do.
type candidates struct {
	shelves map[cell]*shelf
	seen    map[search]cursor
	// gone counts, for each group, the replicas that left a server, or a location (^location).
	gone map[cell]int
}

// shelf lists the tablets of a group that are, or once were, on a server: first those that were
// there at the start, in their order, then those that came.
type shelf struct{ followers, leaders []int }

// search looks for a tablet of a group that may leave a server for another, or for a location.
type search struct{ group, from, to int }

// cursor is how far a search has come. What lies before it will not do, as long as no replica
// leaves where it is to go to.
type cursor struct{ followers, leaders, gone int }

func newCandidates() candidates {
	return candidates{map[cell]*shelf{}, map[search]cursor{}, map[cell]int{}}
}

// put makes a tablet a candidate to leave the server, if it may be moved.
func (p *planner) put(tablet, server int) {
	if t := &p.c.Tablets[tablet]; t.Moving || t.Health != Healthy {
		return
	}
	at := cell{p.group[tablet], server}
	if p.shelves[at] == nil {
		p.shelves[at] = &shelf{}
	}
	if s := p.shelves[at]; p.leader[tablet] == server {
		s.leaders = append(s.leaders, tablet)
	} else {
		s.followers = append(s.followers, tablet)
	}
}

// left says that a replica of the tablet left the server.
func (p *planner) left(tablet, server int) {
	p.gone[cell{p.group[tablet], server}]++
	p.gone[cell{p.group[tablet], ^p.at[server]}]++
}

// pick returns a tablet of the group that may go from one server to the other, a follower there
// rather than a leader (Rebalancer::FindReplicas), which will do only if led says so.
func (p *planner) pick(group, from, to int, led bool) (int, bool) {
	gone := p.gone[cell{group, to}]
	if p.at[from] != p.at[to] {
		gone = p.gone[cell{group, ^p.at[to]}]
	}
	return p.find(search{group, from, to}, gone, led, func(t int) bool {
		return p.mayGo(t, from, to)
	})
}

// somePick tells whether a tablet of the group may go from the server to the location.
func (p *planner) somePick(group, from, location int) bool {
	_, found := p.find(search{group, from, ^location}, p.gone[cell{group, ^location}], true,
		func(t int) bool { return p.mayEnter(t, location) })
	return found
}

func (p *planner) find(s search, gone int, led bool, fits func(tablet int) bool) (int, bool) {
	shelf := p.shelves[cell{s.group, s.from}]
	if shelf == nil {
		return 0, false
	}
	c := p.seen[s]
	if c.gone != gone {
		c = cursor{gone: gone}
	}
	tablet, found := p.next(shelf.followers, &c.followers, s.from, fits)
	if !found && led {
		tablet, found = p.next(shelf.leaders, &c.leaders, s.from, fits)
	}
	p.seen[s] = c
	return tablet, found
}

// next returns the first tablet of the list, from the position on, that is still on the server and
// fits.
func (p *planner) next(list []int, position *int, server int, fits func(int) bool) (int, bool) {
	for ; *position < len(list); *position++ {
		t := list[*position]
		if !p.moved[t] && slices.Contains(p.replicas[t], server) && fits(t) {
			return t, true
		}
	}
	return 0, false
}
