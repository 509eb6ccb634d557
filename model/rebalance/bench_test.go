package rebalance

import (
	"fmt"
	"slices"
	"testing"

	"tabletop/sim"
)

// crowd returns a cluster of that many servers in five locations, of which the last fifth of each
// is new and empty, with 100 replicas a server, three a tablet, thrown at random.
func crowd(servers, tablesPer100, ranges int) *Cluster {
	c := &Cluster{}
	rand := sim.NewRand(1, 0)
	for i := range servers {
		c.Servers = append(c.Servers, Server{Location: fmt.Sprint("/L", i%5)})
	}
	tables := max(1, servers*tablesPer100/100)
	for range tables {
		c.Tables = append(c.Tables, Table{ReplicationFactor: 3})
	}
	for i := range servers * 100 / 3 {
		t := Tablet{Table: i % tables, Range: fmt.Sprint(i / tables % ranges)}
		for len(t.Replicas) < 3 {
			if s := rand.Intn(servers * 4 / 5); !slices.Contains(t.Replicas, s) {
				t.Replicas = append(t.Replicas, s)
			}
		}
		t.Leader = t.Replicas[0]
		c.Tablets = append(c.Tablets, t)
	}
	return c
}

// A thousand servers with a hundred thousand replicas are to take less than ten seconds. The cost
// grows with the replicas, times the logarithm of the groups.
func BenchmarkPlan(b *testing.B) {
	for _, servers := range []int{30, 100, 300, 1000} {
		for _, shape := range []struct {
			name                 string
			tablesPer100, ranges int
		}{{"few-tables", 1, 1}, {"many-tables", 100, 1}, {"ranges", 10, 1000}} {
			c := crowd(servers, shape.tablesPer100, shape.ranges)
			b.Run(fmt.Sprintf("%d-servers/%s", servers, shape.name), func(b *testing.B) {
				moves := 0
				for b.Loop() {
					plan, _ := Plan(c, Options{Threshold: DefaultThreshold})
					moves = len(plan)
				}
				b.ReportMetric(float64(moves), "moves")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/
					float64(servers*100), "ns/replica")
			})
		}
	}
}
