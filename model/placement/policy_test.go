package placement

import (
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/model/wire"
)

// cluster makes servers, so many in each location, that have no replicas.
func cluster(sizes ...int) []Server {
	var servers []Server
	for i, n := range sizes {
		for range n {
			servers = append(servers, Server{ID: wire.ServerID(len(servers)),
				Location: fmt.Sprint("/L", i)})
		}
	}
	return servers
}

func first(int) int { return 0 }

// spread returns how many of the servers are in each location, by name, the greatest count first.
func spread(servers []Server, chosen []wire.ServerID) []int {
	counts := map[string]int{}
	for _, s := range servers {
		if slices.Contains(chosen, s.ID) {
			counts[s.Location]++
		}
	}
	var all []int
	for _, n := range counts {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b int) int { return b - a })
	return all
}

func TestReplicasAreSpreadOverLocations(t *testing.T) {
	for _, c := range []struct {
		sizes    []int
		replicas int
		want     []int
	}{
		{[]int{3}, 3, []int{3}},
		{[]int{3, 3}, 3, []int{2, 1}},
		{[]int{3, 3, 3}, 3, []int{1, 1, 1}},
		{[]int{4, 4}, 4, []int{2, 2}},
		{[]int{4, 4, 4}, 4, []int{2, 1, 1}}, // too many in one, and it cannot be helped
		{[]int{4, 4, 4, 4}, 4, []int{1, 1, 1, 1}},
		{[]int{3, 3, 3}, 5, []int{2, 2, 1}},
		{[]int{4, 4}, 5, []int{3, 2}},
		{[]int{1, 1, 5}, 5, []int{3, 1, 1}},
		{[]int{1, 5}, 3, []int{2, 1}},
		{[]int{5, 5, 5}, 2, []int{1, 1}},
		{[]int{2, 2, 2}, 1, []int{1}},
	} {
		servers := cluster(c.sizes...)
		got := Policy{Servers: servers, Draw: first}.Place(c.replicas)
		require.Equal(t, c.want, spread(servers, got), "%v", c)
	}
	require.Nil(t, Policy{Servers: cluster(1, 1), Draw: first}.Place(3))
}

// Over all small clusters the greatest number of replicas in one location is the least that can be,
// or one that leaves the others a majority; the loads decide nothing about that.
func TestNoLocationHasMoreThanItMust(t *testing.T) {
	var sizes []int
	var all func(left int)
	looked := 0
	all = func(left int) {
		if left > 0 {
			for n := range 4 {
				sizes = append(sizes, n)
				all(left - 1)
				sizes = sizes[:len(sizes)-1]
			}
			return
		}
		for seed := range 6 {
			servers := cluster(sizes...)
			for i := range servers { // one location after the other is full
				servers[i].Live = (i + 1) * seed * 7 % 11
			}
			for replicas := 1; replicas <= min(7, len(servers)); replicas++ {
				draw := func(n int) int { return seed % n }
				got := Policy{Servers: servers, Draw: draw}.Place(replicas)
				require.Len(t, slices.Compact(slices.Clone(got)), replicas)
				least, used := leastGreatest(sizes, replicas)
				want := max(least, (replicas-1)/2, 1)
				if used == 2 {
					want = max(least, replicas/2)
				}
				require.LessOrEqual(t, spread(servers, got)[0], want, "%v %d", sizes, replicas)
				looked++
			}
		}
	}
	for locations := range 5 {
		all(locations)
	}
	require.Greater(t, looked, 5000)
}

// leastGreatest tries all ways to put replicas into locations of these sizes and returns the least
// number that the fullest must take, and how many locations there are.
func leastGreatest(sizes []int, replicas int) (least, used int) {
	least = replicas
	var try func(i, left, most int)
	try = func(i, left, most int) {
		if i == len(sizes) {
			if left == 0 {
				least = min(least, most)
			}
			return
		}
		for n := range min(sizes[i], left) + 1 {
			try(i+1, left-n, max(most, n))
		}
	}
	try(0, replicas, 0)
	for _, n := range sizes {
		if n > 0 {
			used++
		}
	}
	return least, used
}

// An extra replica comes where the obvious, slow rule says, whichever loads there are.
func TestExtraReplicaProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(1, 3), 1, 4).Draw(t, "sizes")
		servers := cluster(sizes...)
		for i := range servers {
			servers[i].Live = rapid.IntRange(0, 3).Draw(t, "live")
			servers[i].Loads.Range = rapid.Int64Range(0, 1).Draw(t, "range") * Whole
			servers[i].Loads.Total = int64(servers[i].Live) * Whole
		}
		members := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) wire.ServerID {
			return wire.ServerID(rapid.IntRange(0, len(servers)+2).Draw(t, "member"))
		}), 1, 6, rapid.ID).Draw(t, "members") // those beyond the servers do not live
		draw := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "tie") }
		got := Policy{Servers: servers, Draw: draw}.PlaceExtra(members)

		may := obvious(servers, members)
		if len(may) == 0 {
			require.Equal(t, wire.NoServer, got)
			return
		}
		require.Contains(t, may, got)
	})
}

// obvious returns every server that may be chosen for an extra replica, by exact fractions.
func obvious(servers []Server, members []wire.ServerID) []wire.ServerID {
	in := map[string][]Server{}
	has := map[string]int{}
	for _, s := range servers {
		in[s.Location] = append(in[s.Location], s)
		if slices.Contains(members, s.ID) {
			has[s.Location]++
		}
	}
	majority := len(members) + 1
	full := func(l string) bool {
		if len(in) == 2 {
			return has[l] >= 1 && has[l]+1 > majority/2
		}
		return len(in) > 2 && has[l] >= 1 && 2*(has[l]+1) >= majority
	}
	best := func(only func(string) bool) (names []string) {
		var least *big.Rat
		for l, some := range in {
			n := has[l]
			for _, s := range some {
				n += s.Live
			}
			load := big.NewRat(int64(n), int64(len(some)))
			if has[l] == len(some) || !only(l) {
				continue
			}
			if least == nil || load.Cmp(least) < 0 {
				least, names = load, nil
			}
			if load.Cmp(least) == 0 {
				names = append(names, l)
			}
		}
		return names
	}
	names := best(func(l string) bool { return !full(l) })
	if names == nil {
		names = best(func(string) bool { return true })
	}
	var may []wire.ServerID
	for _, l := range names {
		free := slices.DeleteFunc(slices.Clone(in[l]), func(s Server) bool {
			return slices.Contains(members, s.ID)
		})
		least := slices.MinFunc(free, func(a, b Server) int { return a.Loads.compare(b.Loads) })
		for _, s := range free {
			if s.Loads == least.Loads {
				may = append(may, s.ID)
			}
		}
	}
	return may
}

// Without locations the least loaded servers are chosen, by range, then by table, then in all.
func TestLeastLoadedServersFirst(t *testing.T) {
	servers := []Server{
		{ID: 1, Loads: Loads{Range: 2, Table: 2, Total: 2}},
		{ID: 2, Loads: Loads{Range: 1, Table: 3, Total: 9}},
		{ID: 3, Loads: Loads{Range: 1, Table: 2, Total: 8}},
		{ID: 4, Loads: Loads{Range: 1, Table: 2, Total: 7}},
	}
	p := Policy{Servers: servers, Draw: first}
	require.Equal(t, []wire.ServerID{4}, p.Place(1))
	require.Equal(t, []wire.ServerID{2, 3, 4}, p.Place(3))
}

// The better of two that are drawn need not be the best of all, and is never the worst.
func TestPowerOfTwoChoices(t *testing.T) {
	var servers []Server
	for i := range 4 {
		servers = append(servers, Server{ID: wire.ServerID(i),
			Loads: Loads{Range: int64(4 - i), Total: int64(i)}})
	}
	seen := map[wire.ServerID]bool{}
	for a := range 4 {
		for b := range 3 {
			draws := []int{a, b}
			p := Policy{Servers: servers, TwoChoices: true, Draw: func(int) int {
				n := draws[0]
				draws = draws[1:]
				return n
			}}
			seen[p.Place(1)[0]] = true
		}
	}
	require.Equal(t, map[wire.ServerID]bool{0: true, 1: true, 2: true}, seen)
}

func TestTwoLocationsByLoadAlone(t *testing.T) {
	servers := cluster(3, 3)
	for i := range 3 {
		servers[3+i].Live = 9
	}
	p := Policy{Servers: servers, Draw: first}
	require.Equal(t, []int{2, 1}, spread(servers, p.Place(3)))
	p.EvenAllInOne = true
	require.Equal(t, []int{3}, spread(servers, p.Place(3)))
}

func TestDecayHalves(t *testing.T) {
	for after, want := range map[time.Duration]int64{0: 8 * Whole, time.Minute: 4 * Whole,
		3 * time.Minute: Whole, 23 * time.Minute: 1, time.Hour: 0, 24 * time.Hour: 0} {
		left, rest := Decay(8*Whole, after, time.Minute)
		require.Equal(t, want, left, "%v", after)
		require.Zero(t, rest)
	}
	left, rest := Decay(Whole, 40*time.Second, time.Minute)
	require.InEpsilon(t, 0.63*Whole, left, 0.03)
	require.Equal(t, 2500*time.Millisecond, rest)
}

func TestDepthOfTheCommonPath(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"/a", "/a", 1}, {"/a/b", "/a/c", 1}, {"/a/b", "/a/b", 2}, {"/a", "/b", 0},
		{"/a", "/ab", 0}, {"", "/a", 0}, {"", "", 0}, {"/a/b/c", "/a/b", 2}} {
		require.Equal(t, c.want, Depth(c.a, c.b), "%v", c)
	}
}
