package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"tabletop/model/placement"
	"tabletop/model/rebalance"
)

// clusterFile is a cluster as the file for rebalance describes it.
type clusterFile struct {
	Tservers []tserverEntry `json:"tservers"`
	Tables   []tableEntry   `json:"tables"`
}

type tserverEntry struct {
	UUID     string `json:"uuid"`
	Location string `json:"location"`
	// Maintenance is its state in the masters' book.
	Maintenance bool `json:"maintenance"`
}

type tableEntry struct {
	Name              string        `json:"name"`
	ReplicationFactor int           `json:"replication_factor"`
	Locations         []string      `json:"locations"` // where it is pinned to, if anywhere
	Tablets           []tabletEntry `json:"tablets"`
}

type tabletEntry struct {
	ID       string   `json:"id"`
	Range    string   `json:"range"`
	Leader   string   `json:"leader"`
	Replicas []string `json:"replicas"`
}

// readCluster reads a file. What is wrong with it is said with the place.
func readCluster(path string) (*clusterFile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &clusterFile{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err = d.Decode(f)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("there is more after the cluster")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: line %d: %s", path, lineOf(text, d, err), plain(err))
	}
	return f, nil
}

// plain says what is wrong with the text without speaking of Go.
func plain(err error) string {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return "it is empty"
	case errors.As(err, &kind):
		want := map[reflect.Kind]string{reflect.Struct: "an object", reflect.Slice: "a list",
			reflect.String: "a text", reflect.Int: "a whole number",
			reflect.Bool: "true or false"}[kind.Type.Kind()]
		return fmt.Sprintf("%s: want %s, not %s", cmp.Or(kind.Field, "cluster"), want, kind.Value)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// lineOf returns the line of the file that an error is about.
func lineOf(text []byte, d *json.Decoder, err error) int {
	at := d.InputOffset()
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
	case errors.Is(err, io.ErrUnexpectedEOF):
		at = int64(len(text))
	}
	return 1 + bytes.Count(text[:min(at, int64(len(text)))], []byte("\n"))
}

// keep leaves only the named tables.
func (f *clusterFile) keep(tables []string) error {
	var kept []tableEntry
	for _, t := range f.Tables {
		if slices.Contains(tables, t.Name) {
			kept = append(kept, t)
		}
	}
	for _, name := range tables {
		if !slices.ContainsFunc(f.Tables, func(t tableEntry) bool { return t.Name == name }) {
			return fmt.Errorf("--tables: there is no table %q", name)
		}
	}
	f.Tables = kept
	return nil
}

// cluster returns what the planner needs, having checked everything. Tablets are numbered in the
// order of the file. With it come warnings about what is possible but looks odd.
func (f *clusterFile) cluster() (c *rebalance.Cluster, warnings []string, err error) {
	if len(f.Tservers) == 0 {
		return nil, nil, errors.New("there are no servers")
	}
	c = &rebalance.Cluster{}
	servers := map[string]int{}
	for i, s := range f.Tservers {
		if _, twice := servers[s.UUID]; twice || s.UUID == "" {
			return nil, nil, fmt.Errorf("server %d: %s", i+1, missingOr(s.UUID, "uuid"))
		}
		if s.Location != "" {
			if err := placement.ValidLocation(s.Location); err != nil {
				return nil, nil, fmt.Errorf("server %q: %w", s.UUID, err)
			}
		}
		servers[s.UUID] = i
		c.Servers = append(c.Servers, rebalance.Server{Location: s.Location})
	}
	tables, tablets := map[string]bool{}, map[string]bool{}
	for i, t := range f.Tables {
		if t.Name == "" || tables[t.Name] {
			return nil, nil, fmt.Errorf("table %d: %s", i+1, missingOr(t.Name, "name"))
		}
		tables[t.Name] = true
		more, err := t.addTo(c, servers, tablets)
		if err != nil {
			return nil, nil, fmt.Errorf("table %q: %w", t.Name, err)
		}
		warnings = append(warnings, more...)
	}
	return c, warnings, nil
}

// mark says which servers are to be ignored, of which there must be others.
func (f *clusterFile) mark(c *rebalance.Cluster, uuids []string) error {
	for _, uuid := range uuids {
		i := slices.IndexFunc(f.Tservers, func(s tserverEntry) bool { return s.UUID == uuid })
		if i < 0 {
			return fmt.Errorf("--ignored-tservers: there is no server %q", uuid)
		}
		c.Servers[i].Ignored = true
	}
	if !slices.ContainsFunc(c.Servers, func(s rebalance.Server) bool { return !s.Ignored }) {
		return errors.New("--ignored-tservers: no other server is left")
	}
	for i, s := range f.Tservers {
		if s.Maintenance && !c.Servers[i].Ignored {
			return fmt.Errorf("server %q is in maintenance; see --ignored-tservers", s.UUID)
		}
	}
	return nil
}

// ignore takes the servers that are marked out of the cluster and of the file: what they have is
// neither counted nor moved.
func (f *clusterFile) ignore(c *rebalance.Cluster) *rebalance.Cluster {
	stay, numbers := c.Staying()
	var kept []tserverEntry
	for _, i := range numbers {
		kept = append(kept, f.Tservers[i])
	}
	f.Tservers = kept
	return stay
}

// mayEmpty tells whether what the servers that are marked have may be moved away: they have to be
// in maintenance, so that nobody places anything there, and the others enough for every table.
func (f *clusterFile) mayEmpty(c *rebalance.Cluster) error {
	left, factor := 0, c.HighestFactor()
	for i, s := range f.Tservers {
		if !c.Servers[i].Ignored {
			left++
		} else if !s.Maintenance {
			return fmt.Errorf("--move-replicas-from-ignored-tservers: server %q is not in "+
				"maintenance", s.UUID)
		}
	}
	switch {
	case left == len(f.Tservers):
		return errors.New("--move-replicas-from-ignored-tservers: no server is ignored; see " +
			"--ignored-tservers")
	case left < factor:
		return fmt.Errorf("--move-replicas-from-ignored-tservers: a table has replication factor "+
			"%d, and there are only %d other servers", factor, left)
	}
	return nil
}

// missingOr tells what is wrong with a name: it is missing, or there twice.
func missingOr(name, what string) string {
	if name == "" {
		return "it has no " + what
	}
	return fmt.Sprintf("%s %q is there twice", what, name)
}

// addTo adds the table to the cluster.
func (t *tableEntry) addTo(c *rebalance.Cluster, servers map[string]int,
	tablets map[string]bool) (warnings []string, err error) {
	if t.ReplicationFactor < 1 {
		return nil, fmt.Errorf("replication_factor %d: want at least 1", t.ReplicationFactor)
	}
	for _, l := range t.Locations {
		at := func(s rebalance.Server) bool { return s.Location == l }
		if !slices.ContainsFunc(c.Servers, at) {
			return nil, fmt.Errorf("pinned to location %q, where no server is", l)
		}
	}
	c.Tables = append(c.Tables, rebalance.Table{ReplicationFactor: t.ReplicationFactor,
		Locations: t.Locations})
	for i, entry := range t.Tablets {
		if entry.ID == "" || tablets[entry.ID] {
			return nil, fmt.Errorf("tablet %d: %s", i+1, missingOr(entry.ID, "id"))
		}
		tablets[entry.ID] = true
		tablet, err := entry.tablet(servers)
		if err != nil {
			return nil, fmt.Errorf("tablet %q: %w", entry.ID, err)
		}
		tablet.Table = len(c.Tables) - 1
		if len(tablet.Replicas) < t.ReplicationFactor {
			tablet.Health = rebalance.Unhealthy // as ksck has it: UNDER_REPLICATED
		}
		c.Tablets = append(c.Tablets, tablet)
	}
	return t.oddities(len(c.Servers)), nil
}

// tablet returns the entry with servers by their numbers.
func (e *tabletEntry) tablet(servers map[string]int) (rebalance.Tablet, error) {
	t := rebalance.Tablet{Range: e.Range, Leader: rebalance.None}
	if len(e.Replicas) == 0 {
		return t, errors.New("it has no replicas")
	}
	for _, uuid := range e.Replicas {
		s, known := servers[uuid]
		if !known {
			return t, fmt.Errorf("unknown server %q", uuid)
		}
		if slices.Contains(t.Replicas, s) {
			return t, fmt.Errorf("replica on %q is listed twice", uuid)
		}
		t.Replicas = append(t.Replicas, s)
	}
	if e.Leader != "" {
		if !slices.Contains(e.Replicas, e.Leader) {
			return t, fmt.Errorf("leader %q is none of its replicas", e.Leader)
		}
		t.Leader = servers[e.Leader]
	}
	return t, nil
}

// oddities returns warnings about the replication factor, one of a kind.
func (t *tableEntry) oddities(servers int) (odd []string) {
	warn := func(format string, args ...any) {
		odd = append(odd, fmt.Sprintf("table %q: ", t.Name)+fmt.Sprintf(format, args...))
	}
	if t.ReplicationFactor > servers {
		warn("replication factor %d, but only %d servers", t.ReplicationFactor, servers)
	}
	if t.ReplicationFactor%2 == 0 {
		warn("replication factor %d is even: it survives no more than %d would",
			t.ReplicationFactor, t.ReplicationFactor-1)
	}
	for i, how := range []string{"fewer replicas: such count, but are not moved",
		"more replicas"} {
		sign := 2*i - 1
		differs := func(e tabletEntry) bool {
			return cmp.Compare(len(e.Replicas), t.ReplicationFactor) == sign
		}
		if i := slices.IndexFunc(t.Tablets, differs); i >= 0 {
			warn("replication factor %d, but tablet %q, as perhaps others, has %s",
				t.ReplicationFactor, t.Tablets[i].ID, how)
		}
	}
	return odd
}
