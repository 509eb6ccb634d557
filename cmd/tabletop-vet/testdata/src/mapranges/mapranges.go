// Package mapranges visits maps.
//
//tabletop:deterministic
package mapranges

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

type table map[string]int

func visit(m map[string]int, t table) (list []string) {
	for k := range m { // want `^range over a map \(map-range\): the order differs from run to run; use sim.Keys, `
		list = append(list, k)
	}
	for range t { // want `range over a map`
	}
	for k := range m { // want `range over a map`
		delete(m, k)
	}
	for k := range maps.Keys(m) { // want `^maps.Keys \(map-range\)`
		list = append(list, k)
	}
	for range maps.Values(m) { // want `maps.Values`
	}
	for range maps.All(m) { // want `maps.All`
	}
	for range list {
	}
	clear(m)
	return list
}

func inOrder(m map[string]int) {
	_ = slices.Sorted(maps.Keys(m))
	_ = slices.Sorted((maps.Values[map[string]int])(m))
	_ = slices.SortedFunc(maps.Keys(m), strings.Compare)
	_ = slices.Collect(maps.Keys(m))                               // want `maps.Keys`
	_ = slices.Sorted(slices.Values(slices.Collect(maps.Keys(m)))) // want `maps.Keys`
	_ = slices.SortedStableFunc(maps.Keys(m), strings.Compare)     // want `maps.Keys`
	_ = slices.Sorted(maps.Keys(pick(maps.Values(m))))             // want `maps.Values`
	keys := maps.Keys[map[string]int]                              // want `maps.Keys`
	_ = slices.Sorted(keys(m))
}

func pick(any) map[string]int { return nil }

func generic[M ~map[K]V, K comparable, V any](m M) {
	for range m { // want `range over a map`
	}
}

func list[S ~[]int](s S) {
	for range s {
	}
}

func reflected(v reflect.Value) {
	v.MapKeys()  // want `\(reflect.Value\).MapKeys \(map-range\)`
	v.MapRange() // want `\(reflect.Value\).MapRange`
}
