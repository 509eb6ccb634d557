package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"tabletop/model/variant"
	"tabletop/sim"
)

// Locations in storms. Whatever is drawn here comes from a stream of its own, so that storms
// without locations are what they were before there were any.

// racks draws whether the tablet servers of a storm are in several locations, and in how many.
// There are more of them then.
func (d *drawing) racks(r sim.Draws) {
	if !r.Chance(400_000) {
		return
	}
	for i := range 2 + r.Intn(3) {
		d.locations = append(d.locations, fmt.Sprint("/dc-", i%2, "/rack-", i+1))
	}
	d.tservers = max(d.tservers, len(d.locations)+r.Intn(4))
	d.moves = r.Chance(300_000)
	d.pinned = !d.moves && r.Chance(400_000)
	if r.Chance(200_000) {
		d.placement = variant.PlaceTwoChoices
	}
}

// locate draws where each server is, and some of the clients.
func (d *drawing) locate(r sim.Draws) {
	if len(d.locations) == 0 {
		return
	}
	var entries []string
	for i, name := range numbered("ts-", d.tservers) {
		l := d.locations[i%len(d.locations)]
		if i >= len(d.locations) {
			l = d.locations[r.Intn(len(d.locations))]
		}
		entries = append(entries, name+":"+l)
	}
	for _, name := range numbered("client-", d.clients+d.writers) {
		if r.Chance(500_000) {
			entries = append(entries, name+":"+d.locations[r.Intn(len(d.locations))])
		}
	}
	d.mapping = strings.Join(entries, ",")
	if d.pinned {
		d.pin(r)
	}
}

// pin draws the locations that new tables of some names are bound to.
func (d *drawing) pin(r sim.Draws) {
	d.pins = map[string][]string{}
	for _, name := range d.names {
		if r.Chance(500_000) {
			some := slices.Clone(d.locations)
			for len(some) > 1 && r.Chance(600_000) {
				i := r.Intn(len(some))
				some = slices.Delete(some, i, i+1)
			}
			d.pins[name] = some
		}
	}
}
