//tabletop:deterministic

package onlytest
