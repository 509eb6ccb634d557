package model_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tabletop/model/wire"
	"tabletop/sim"
)

// Whoever tells a server to leave a tombstone that it has is told so at once, also while the server
// starts and its disk is slow.
func TestTombstoneIsNotBusyAtAStart(t *testing.T) {
	c := newCluster(t, 1, options())
	c.World.RunFor(10 * time.Second)
	require.True(t, do(t, c, []string{"create", "t", "columns=k"})[0].Status.OK())
	tablet, ts := c.TabletsOf("t")[0], c.TServers[0]
	n := ts.Node()
	order := func(client int) wire.Code {
		code := wire.TimedOut
		c.Clients[client].Node().Go("order", func(p *sim.Proc) {
			req := &wire.DeleteTabletRequest{Dest: ts.ID(), Tablet: tablet, Tombstone: true,
				CAS: wire.NoCAS, Tool: true}
			m, err := p.Call(n.ID(), req, p.Now().Add(time.Second))
			if err == nil {
				code = m.(*wire.TabletResponse).Status.Code
			}
		})
		c.World.RunFor(100 * time.Millisecond)
		return code
	}
	for _, other := range c.TServers[1:] {
		other.Node().Kill() // nobody has it copied again
	}
	require.Equal(t, wire.OK, order(0))
	require.Equal(t, wire.DataTombstoned, c.TServerOn(n.ID()).Data(tablet))
	n.Kill()
	n.Disk().Disturb(sim.DiskFault{Slow: sim.Latency{Min: time.Second, Max: time.Second}})
	n.Boot()
	require.Equal(t, wire.OK, order(1))
}
