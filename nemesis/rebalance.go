package nemesis

import (
	"time"

	"tabletop/model/rebalancer"
	"tabletop/sim"
)

// refusedPause is how long people wait before they start the rebalancer again, which has found that
// some server is not well.
const refusedPause = 5 * time.Second

// rebalance runs the rebalancing tool on a client's node, to its end or until it is interrupted.
func (x *Executor) rebalance(r *Record, nodes []*sim.Node) (undo func()) {
	r.Unit = "moves asked for"
	n, over := nodes[0], false
	start := func() *rebalancer.Tool {
		return rebalancer.NewTool(n, x.c.MasterAddresses(), x.c.Variants)
	}
	tool := start()
	x.busy++
	n.Go("rebalance", func(p *sim.Proc) {
		defer func() { x.busy-- }()
		for end := p.Now().Add(adminPatience); !over && p.Now() < end; {
			result := tool.Run(p)
			r.Effect += tool.Asked
			if result != rebalancer.Refused {
				return
			}
			p.Sleep("next attempt", refusedPause)
			tool = start()
		}
	})
	if r.Fault.For == 0 {
		return nil
	}
	return func() {
		over = true
		tool.Interrupt()
	}
}
