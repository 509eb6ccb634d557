package replicas

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tabletop/model/wire"
)

// parse reads a configuration: a word for each member, from server 1 on. V is a voter, N a
// non-voter, L the leader; then + healthy, ? unknown, - failed, x failed for good; then r for
// replace, p for promote, m for maintenance.
func parse(factor int, text string) State {
	s := State{Config: wire.RaftConfig{Index: 7}, Leader: wire.NoServer, Factor: factor}
	for i, word := range strings.Fields(text) {
		m := wire.Member{ID: wire.ServerID(i + 1), NonVoter: word[0] == 'N',
			Promote: strings.Contains(word, "p"), Replace: strings.Contains(word, "r")}
		s.Config = s.Config.With(m)
		s.Health = append(s.Health, wire.Health(strings.IndexByte("?+-x", word[1])))
		if word[0] == 'L' {
			s.Leader = m.ID
		}
		if strings.Contains(word, "m") {
			s.Ignore = append(s.Ignore, m.ID)
		}
	}
	return s
}

func TestDecide343(t *testing.T) {
	for _, c := range []struct {
		factor       int
		config, want string
	}{
		{3, "L+ V+ V+", "none"},
		// A plain failure: 3, 4, 3.
		{3, "L+ V+ V-", "add-non-voter"},
		{3, "L+ V+ V- N?p", "none"},
		{3, "L+ V+ V- N+p", "none"},
		{3, "L+ V+ V- V+", "evict 3"},
		// One that failed for good is evicted first, in maintenance too.
		{3, "L+ V+ Vx", "evict 3"},
		{3, "L+ V+ Vxm", "evict 3"},
		{3, "L+ V+", "add-non-voter"},
		{3, "L+ V+ N?p", "none"},
		// In maintenance a failed voter is waited for, and a failed non-voter counts as coming.
		{3, "L+ V+ V-m", "none"},
		{3, "L+ V+ V-m V-", "evict 3"},
		{3, "L+ V+ N-pm", "evict 3"},
		{3, "L+ V+ V+rm", "add-non-voter"},
		// A majority has failed: the tablet waits.
		{3, "L+ V- V-", "none"},
		{3, "L+ Vx Vx", "none"},
		{3, "L+ V- V- N-p", "none"},
		{2, "L+ V-", "none"},
		{2, "L+ Vx", "evict 2"},
		// Replicas of unknown health are left alone until they are not needed.
		{3, "L+ V+ V?", "none"},
		{3, "L+ V+ V? V+", "evict 3"},
		{3, "L+ V? V? V+", "none"},
		// Too many.
		{3, "L+ V+ V+ V+", "evict 2"},
		{3, "V+ L+ V+ V+", "evict 1"},
		{3, "L+ V+ V+ N+p", "evict 4"},
		{3, "L+ V+ V+ N+", "evict 4"},
		{3, "L+ V+ N+", "add-non-voter"}, // nothing will promote it
		// A non-voter that failed makes room, and the worst goes first.
		{3, "L+ V+ V- N-p", "evict 4"},
		{3, "L+ V+ Vx N-p", "evict 3"},
		{3, "L+ V+ V- N-p Nxp", "evict 5"},
		{3, "L+ V+ V+ V- Vx", "evict 5"},
		{3, "L+ V+ V+ V- V-r", "evict 5"},
		{3, "L+ V+ V+ V? V+r", "evict 5"},
		// Replacement.
		{3, "L+ V+ V+r", "add-non-voter"},
		{3, "L+ V+ V+r N+p", "none"},
		{3, "L+ V+ V+r V+", "evict 3"},
		{3, "L+r V+ V+", "add-non-voter"},
		{3, "L+r V+ V+ V+", "step-down 1"},
		{3, "V+r L+ V+ V+", "evict 1"},
		{3, "L+r V+r V+ V+", "evict 2"},
		{1, "L+r", "add-non-voter"},
		{1, "L+r N+p", "none"},
		{1, "L+r V+", "step-down 1"},
		{1, "V+r L+", "evict 1"},
		{3, "L+r V+r V+r", "add-non-voter"},
		{3, "L+r V+r V+r V+", "evict 2"},
		// The majority would hang on a voter that nobody has heard of: see docs/decisions.md.
		{1, "L+ V+r V?", "none"},
		// Nothing without a leader that is known and well.
		{3, "V+ V+ V+ V+", "none"},
		{3, "L? V+ V+ V+", "none"},
	} {
		require.Equal(t, c.want, text(Decide343(parse(c.factor, c.config), Bugs{})), "%d: %s",
			c.factor, c.config)
	}
}

// text is a decision with the number of the server.
func text(d Decision) string {
	if d.Action == Evict || d.Action == StepDown {
		return fmt.Sprintf("%v %d", d.Action, int(d.Server))
	}
	return d.String()
}

func TestDecide323(t *testing.T) {
	for config, want := range map[string]string{
		"L+ V+ V+":  "none",
		"L+ V+ V-":  "none",
		"L+ V+":     "add-voter",
		"L+ V-":     "add-voter",
		"L+ V+ N+p": "add-voter",
		"L+":        "add-voter",
	} {
		require.Equal(t, want, text(Decide323(parse(3, config))), config)
	}
}

func TestEvictFailed(t *testing.T) {
	viable := func(s State, not ...int) []bool {
		v := make([]bool, len(s.Health))
		for i, h := range s.Health {
			v[i] = h == wire.Healthy && s.Config.Members[i].ID != s.Leader
		}
		for _, i := range not {
			v[i-1] = false
		}
		return v
	}
	for _, c := range []struct {
		config string
		behind []int // healthy, but not up to date
		want   string
	}{
		{"L+ V+ V+", nil, "none"},
		{"L+ V+ V-", nil, "evict 3"},
		{"V- L+ V+", nil, "evict 1"},
		{"L+ V+ Vx", nil, "evict 3"},
		{"L+ V- V-", nil, "none"},
		{"L+ V? V-", nil, "none"},
		{"L+ V+ V-", []int{2}, "none"},
		{"L+ V-", nil, "none"}, // never from 2 to 1
		{"L+ V+ V+ V- V-", nil, "evict 4"},
		{"L+ V+ V- V- V-", nil, "none"},
		{"L+ V+ V- V-", nil, "evict 3"},
	} {
		s := parse(3, c.config)
		require.Equal(t, c.want, text(EvictFailed(s, viable(s, c.behind...), Bugs{})), c.config)
	}
	s := parse(3, "L+ V- V-")
	careless := Bugs{EvictWithoutViabilityCheck: true}
	require.Equal(t, Evict, EvictFailed(s, viable(s), careless).Action)
	s = parse(3, "L+ V+ V-")
	require.Equal(t, None, EvictFailed(s, viable(s), Bugs{LeaderNotViable: true}).Action)
}
