package variant

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tabletop/model/placement"
	"tabletop/sim"
)

// Mapping says where nodes are, by name: what the masters' --location_mapping_cmd would answer. An
// entry of "ts-1@master-2" is what only that master is told of ts-1. The empty location stands for
// a mapping that fails.
type Mapping map[string]string

// Of returns where a node is as a master is told, which is asked for by name, or by no name for
// what most are told. It is not ok if the mapping fails; without any no node has a location.
func (m Mapping) Of(node, master string) (location string, ok bool) {
	if len(m) == 0 {
		return "", true
	}
	location, special := m[node+"@"+master]
	if !special {
		location = m[node]
	}
	return location, location != ""
}

// ParseMapping reads NODE[@MASTER]:LOCATION, with commas between; a missing LOCATION fails.
func ParseMapping(text string) (Mapping, error) {
	m := Mapping{}
	if text == "" {
		return m, nil
	}
	for entry := range strings.SplitSeq(text, ",") {
		name, location, found := strings.Cut(entry, ":")
		if !found || name == "" {
			return nil, fmt.Errorf("bad entry %q: want NODE:LOCATION or NODE@MASTER:LOCATION",
				entry)
		}
		if _, twice := m[name]; twice {
			return nil, fmt.Errorf("%s has two locations", name)
		}
		if location != "" {
			if err := placement.ValidLocation(location); err != nil {
				return nil, err
			}
		}
		m[name] = location
	}
	return m, nil
}

// checkLocations says whether every tablet server has a location, or none, and whether there are
// the nodes that have one.
func (o Options) checkLocations() error {
	if o.Locations == "" {
		return nil
	}
	m, err := ParseMapping(o.Locations)
	if err != nil {
		return err
	}
	for _, name := range numbered("ts-", o.TServers) {
		if _, named := m[name]; !named {
			return fmt.Errorf("option locations: %s has none; every tablet server needs one", name)
		}
	}
	nodes, masters := numbered("ts-", o.TServers), numbered("master-", o.Masters+o.SpareMasters)
	nodes = append(nodes, numbered("client-", o.Clients)...)
	for _, name := range sim.Keys(m) {
		node, master, special := strings.Cut(name, "@")
		if !slices.Contains(nodes, node) || special && !slices.Contains(masters, master) {
			return fmt.Errorf("option locations: there is no %s", name)
		}
	}
	return nil
}

func numbered(prefix string, n int) (names []string) {
	for i := range n {
		names = append(names, prefix+strconv.Itoa(i+1))
	}
	return names
}
