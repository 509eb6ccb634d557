package client

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tabletop/model/wire"
	"tabletop/sim"
)

// Kind is what an operation does.
type Kind string

// The kinds of operations.
const (
	Create Kind = "create"
	Delete Kind = "delete"
	Alter  Kind = "alter"
	Get    Kind = "get"
	List   Kind = "list"
)

// Kinds lists the kinds of operations.
var Kinds = []Kind{Create, Delete, Alter, Get, List, Insert, Upsert, Erase, Scan}

// Op is an operation: data that prints and parses.
type Op struct {
	ID      int // unique in a plan, from 1; draws that the operation causes hang on it
	Kind    Kind
	Name    string // of the table; of all kinds but List
	Columns []string
	Tablets int // of Create
	// Replicas is the replication factor, of Create, and of Alter, where 0 lets it be.
	Replicas int
	Steps    []wire.AlterStep // of Alter
	NewName  string           // of Alter; empty: the name stays
	RowOp
	// NoWait answers when a create or alter is committed, without waiting until it is done.
	NoWait bool
}

// ChangesCatalog reports whether the operation is a DDL.
func (o Op) ChangesCatalog() bool { return o.Kind == Create || o.Kind == Delete || o.Kind == Alter }

// String prints the operation as ParseOp reads it.
func (o Op) String() string {
	words := []string{string(o.Kind)}
	if o.Kind != List {
		words = append(words, o.Name)
	}
	if o.Kind == Create {
		words = append(words, "columns="+strings.Join(o.Columns, ","),
			"tablets="+strconv.Itoa(o.Tablets))
	}
	if o.Kind == Create || o.Replicas > 0 {
		words = append(words, "replicas="+strconv.Itoa(o.Replicas))
	}
	words = append(words, o.rowWords()...)
	for _, s := range o.Steps {
		words = append(words, s.String())
	}
	if o.NewName != "" {
		words = append(words, "rename-to="+o.NewName)
	}
	if o.NoWait {
		words = append(words, "no-wait")
	}
	return strings.Join(words, " ")
}

// ParseOp reads the words of an operation. The error names the word that is wrong.
func ParseOp(words []string) (Op, error) {
	if len(words) == 0 {
		return Op{}, fmt.Errorf("no operation")
	}
	o := Op{Kind: Kind(words[0])}
	if !slices.Contains(Kinds, o.Kind) {
		return Op{}, fmt.Errorf("unknown operation %q", words[0])
	}
	words = words[1:]
	if o.Kind != List {
		if len(words) == 0 || !isName(words[0]) {
			return Op{}, fmt.Errorf("%s: want the name of a table", o.Kind)
		}
		o.Name, words = words[0], words[1:]
	}
	if o.Kind == Create {
		o.Tablets, o.Replicas = 1, 3
	}
	for _, w := range words {
		if err := o.parseWord(w); err != nil {
			return Op{}, fmt.Errorf("%s: %w", o.Kind, err)
		}
	}
	if o.Kind == Create && len(o.Columns) == 0 {
		return Op{}, fmt.Errorf("create: want columns=NAME[,NAME]")
	}
	if o.Writes() && len(o.Keys) == 0 {
		return Op{}, fmt.Errorf("%s: want keys=NUMBER[,NUMBER]", o.Kind)
	}
	return o, nil
}

func (o *Op) parseWord(w string) error {
	if w == "no-wait" && o.ChangesCatalog() {
		o.NoWait = true
		return nil
	}
	key, value, _ := strings.Cut(w, "=")
	switch {
	case key == "columns" && o.Kind == Create:
		o.Columns = strings.Split(value, ",")
		if !slices.ContainsFunc(o.Columns, func(c string) bool { return !isName(c) }) {
			return nil
		}
	case key == "tablets" && o.Kind == Create:
		return parseCount(w, value, 20, &o.Tablets)
	case key == "replicas" && (o.Kind == Create || o.Kind == Alter):
		return parseCount(w, value, 100, &o.Replicas)
	case key == "rename-to" && o.Kind == Alter && isName(value):
		o.NewName = value
		return nil
	case o.OnRows() && o.parseRowWord(key, value):
		return nil
	case o.Kind == Alter:
		return o.parseStep(w)
	}
	return fmt.Errorf("bad word %q", w)
}

func parseCount(word, value string, most int, into *int) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > most {
		return fmt.Errorf("bad word %q: want a number from 1 to %d", word, most)
	}
	*into = n
	return nil
}

func (o *Op) parseStep(w string) error {
	parts := strings.Split(w, ":")
	for _, k := range []wire.AlterKind{wire.AddColumn, wire.DropColumn, wire.RenameColumn} {
		want := 2
		if k == wire.RenameColumn {
			want = 3
		}
		if parts[0] != k.String() || len(parts) != want ||
			slices.ContainsFunc(parts[1:], func(p string) bool { return !isName(p) }) {
			continue
		}
		step := wire.AlterStep{Kind: k, Column: parts[1]}
		if k == wire.RenameColumn {
			step.NewName = parts[2]
		}
		o.Steps = append(o.Steps, step)
		return nil
	}
	return fmt.Errorf("bad word %q", w)
}

// isName keeps names free of what separates words of a plan.
func isName(s string) bool {
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			c == '_' || c == '-' || c == '.') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// request returns the message for the operation. A table's first column is its key.
func (o Op) request(h wire.DDLHeader) sim.Message {
	switch o.Kind {
	case Create:
		schema := wire.Schema{}
		for i, c := range o.Columns {
			schema = append(schema, wire.Column{Name: c, Key: i == 0})
		}
		return &wire.CreateTableRequest{DDLHeader: h, Name: o.Name, Schema: schema,
			Tablets: o.Tablets, Replicas: o.Replicas}
	case Delete:
		return &wire.DeleteTableRequest{DDLHeader: h, Name: o.Name}
	case Alter:
		return &wire.AlterTableRequest{DDLHeader: h, Name: o.Name, Steps: o.Steps,
			NewName: o.NewName, Replicas: o.Replicas}
	case Get:
		return &wire.GetTableSchemaRequest{Name: o.Name}
	}
	return &wire.ListTablesRequest{}
}
