package tablet

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"tabletop/model/wire"
	"tabletop/sim"
)

// A server that restarts has forgotten its sessions. What it opens then, for others or on other
// tablets, must not answer those who were copying before.
func TestSessionsAreOfOneRequestorAndOneTablet(t *testing.T) {
	w := sim.New(sim.Config{})
	source := NewSource(w.AddNode("ts-1", func(*sim.Node) {}))
	source.sessions[sessionID{7, 1}] = &session{files: []copied{{"wal", []byte("abc")}},
		release: func() {}}
	fetch := func(requestor sim.NodeID, id wire.TabletID) *wire.FetchDataResponse {
		return source.Fetch(requestor, &wire.FetchDataRequest{Tablet: id, File: "wal", Offset: 1})
	}
	assert.Equal(t, []byte("bc"), fetch(7, 1).Data)
	assert.False(t, fetch(7, 2).Status.OK(), "another tablet")
	assert.False(t, fetch(8, 1).Status.OK(), "another requestor")
	source.End(8, &wire.EndCopySessionRequest{Tablet: 1})
	assert.True(t, fetch(7, 1).Status.OK(), "ended by another")
	source.End(7, &wire.EndCopySessionRequest{Tablet: 1})
	assert.False(t, fetch(7, 1).Status.OK(), "ended")
}
