package placement

import "strings"

// Depth returns how many parts of their paths two locations have in common, from the root:
// /dc-0/rack-1 and /dc-0/rack-2 have one.
func Depth(a, b string) int {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return max(n-1, 0) // what is before the first slash is no part
}
