package rebalancer

import (
	"slices"
	"time"

	"tabletop/model/wire"
	"tabletop/sim"
)

// unsureFor is how long an answer is waited for, and a move whose request was not answered.
const unsureFor = 60 * time.Second

// Asked is a move that the tablet's leader was asked for.
type Asked struct {
	Move
	unsure sim.Time // until when it may still begin; Never: it has
}

// Ask asks the tablet's leader for the move, and waits for the answer. Where that is lost, or does
// not tell, the move may be under way.
func (m Move) Ask(p *sim.Proc) (a Asked, refused bool) {
	a = Asked{m, p.Now().Add(unsureFor)}
	switch code, answered := change(p, m.Request(m.Leader)); {
	case code == wire.OK:
		a.unsure = sim.Never
	case answered:
		refused = !slices.Contains([]wire.Code{wire.TimedOut, wire.NotTheLeader}, code)
	}
	return a, refused
}

// change asks a tablet's leader for something and returns its answer, if there is one.
func change(p *sim.Proc, req sim.Message) (code wire.Code, answered bool) {
	m, err := p.Call(wire.Dest(req).Node(), req, p.Now().Add(unsureFor))
	if resp, ok := m.(*wire.TabletResponse); err == nil && ok {
		return resp.Status.Code, true
	}
	return wire.TimedOut, false
}

func (a Asked) granted() bool { return a.unsure == sim.Never }

// Lapsed tells, by what is known of the tablet's configuration, that the move was not granted and
// has not begun since, so that nobody waits for it any more.
func (a Asked) Lapsed(s wire.ConsensusState, now sim.Time) bool {
	return s.Config.Index <= a.Index && now >= a.unsure
}
