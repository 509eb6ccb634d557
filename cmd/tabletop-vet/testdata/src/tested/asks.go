//tabletop:deterministic

package tested
