package rebalance

import (
	"math"
	"slices"
)

// Tablets to move are found without looking twice at those that will not do.

// shelf lists the tablets of a group that are, or once were, on a server: first those that were
// there at the start, in their order, then those that came.
type shelf struct {
	followers, leaders []int32
	// seen tells how far searches have come for one that may leave for a server, or for a location
	// (^location).
	seen sparse[cursor]
}

// cursor is how far a search has come. What lies before it will not do, as long as no replica
// leaves where it is to go to.
type cursor struct{ followers, leaders, gone int32 }

// put makes a tablet a candidate to leave the server, if it may be moved.
func (p *planner) put(tablet, server int) {
	if t := &p.c.Tablets[tablet]; t.Moving || t.Health != Healthy {
		return
	}
	at := p.shelves[p.group[tablet]].put(server)
	if *at == nil {
		*at = &shelf{}
	}
	if s := *at; p.leader[tablet] == server {
		s.leaders = append(s.leaders, int32(tablet))
	} else {
		s.followers = append(s.followers, int32(tablet))
	}
}

// left says that a replica of the tablet left the server.
func (p *planner) left(tablet, server int) {
	gone := &p.gone[p.group[tablet]]
	*gone.put(server)++
	*gone.put(^p.at[server])++
}

// pick returns a tablet of the group that may go from one server to the other, a follower there
// rather than a leader (Rebalancer::FindReplicas), which will do only if led says so.
func (p *planner) pick(group, from, to int, led bool) (int, bool) {
	where := to
	if p.at[from] != p.at[to] {
		where = ^p.at[to]
	}
	return p.find(search{group, from, to, where}, led, func(t int) bool {
		return p.mayGo(t, from, to)
	})
}

// somePick tells whether a tablet of the group may go from the server to the location.
func (p *planner) somePick(group, from, location int) bool {
	_, found := p.find(search{group, from, ^location, ^location}, true, func(t int) bool {
		return p.mayEnter(t, location)
	})
	return found
}

// mayLeave tells whether there is a tablet of the group on the server that may be moved at all.
func (p *planner) mayLeave(group, from int, led bool) bool {
	_, found := p.find(search{group, from, anywhere, anywhere}, led, func(int) bool { return true })
	return found
}

// anywhere is neither a server nor a location.
const anywhere = math.MaxInt32

// search steps for a tablet of a group that may leave a server for another, or for a location. It
// begins anew when a replica has left where.
type search struct{ group, from, to, where int }

func (p *planner) find(s search, led bool, fits func(tablet int) bool) (int, bool) {
	p.steps++
	at := p.shelves[s.group].get(s.from)
	if at == nil || *at == nil {
		return 0, false
	}
	shelf := *at
	gone := int32(0)
	if n := p.gone[s.group].get(s.where); n != nil {
		gone = *n
	}
	var c cursor
	known := shelf.seen.get(s.to)
	if known != nil && known.gone == gone {
		c = *known
	}
	begun := c
	tablet, found := p.next(shelf.followers, &c.followers, s.from, fits)
	if !found && led {
		tablet, found = p.next(shelf.leaders, &c.leaders, s.from, fits)
	}
	if c != begun { // most searches end where they begin
		c.gone = gone
		*shelf.seen.put(s.to) = c
	}
	return tablet, found
}

// next returns the first tablet of the list, from the position on, that is still on the server and
// fits.
func (p *planner) next(list []int32, position *int32, server int, fits func(int) bool) (int, bool) {
	for ; int(*position) < len(list); *position++ {
		p.steps++
		t := int(list[*position])
		if !p.moved[t] && slices.Contains(p.replicas[t], server) && fits(t) {
			return t, true
		}
	}
	return 0, false
}
