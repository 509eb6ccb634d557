package rebalance

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

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

// shapes are how many tables there are for 100 servers, and how many ranges a table has.
var shapes = []struct {
	name                 string
	tablesPer100, ranges int
}{{"few-tables", 1, 1}, {"many-tables", 100, 1}, {"ranges", 10, 1000}}

// A thousand servers with a hundred thousand replicas are to take less than ten seconds.
func BenchmarkPlan(b *testing.B) {
	for _, servers := range []int{30, 100, 300, 1000} {
		for _, shape := range shapes {
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

// What ten times as many servers and replicas cost, in steps and in time of the processor: at
// n log n, 12.5 times as much, or more where there are more than ten times as many moves. All runs
// count, with the collection of what they leave behind.
func BenchmarkGrowth(b *testing.B) {
	for _, shape := range shapes {
		b.Run(shape.name, func(b *testing.B) {
			small, large := newCost(100, shape.tablesPer100, shape.ranges),
				newCost(1000, shape.tablesPer100, shape.ranges)
			for b.Loop() {
				for range 10 {
					small.measure()
				}
				large.measure()
			}
			few, many := small.mean(), large.mean()
			b.ReportMetric(few.Seconds()*1000, "ms-of-100")
			b.ReportMetric(many.Seconds()*1000, "ms-of-1000")
			b.ReportMetric(float64(many)/float64(few), "times-the-time")
			b.ReportMetric(float64(large.steps)/float64(small.steps), "times-the-steps")
			b.ReportMetric(float64(large.moves)/float64(small.moves), "times-the-moves")
		})
	}
}

// cost is what planning takes.
type cost struct {
	c            *Cluster
	all          time.Duration
	runs         int
	steps, moves int
}

func newCost(servers, tablesPer100, ranges int) *cost {
	return &cost{c: crowd(servers, tablesPer100, ranges)}
}

func (c *cost) measure() {
	began := processor()
	p := newPlanner(c.c, Options{Threshold: DefaultThreshold})
	p.plan()
	c.all += processor() - began
	c.runs++
	c.steps, c.moves = p.steps, len(p.moves)
}

func (c *cost) mean() time.Duration { return c.all / time.Duration(c.runs) }

// processor is the time of the processor that the program has had.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
