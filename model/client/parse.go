package client

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tabletop/model/placement"
	"tabletop/model/wire"
)

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
	case key == "ranges" && o.Kind == Create:
		return o.parseRanges(value)
	case key == "locations" && o.Kind == Create:
		o.Locations = strings.Split(value, ",")
		for _, l := range o.Locations {
			if err := placement.ValidLocation(l); err != nil {
				return err
			}
		}
		return nil
	case key == "dimension" && o.Kind == Create && isName(value):
		o.Dimension = wire.Dimension(value)
		return nil
	case key == "tablets" && o.Kind == Create:
		return parseCount(w, value, 20, &o.Tablets)
	case key == "replicas" && (o.Kind == Create || o.Kind == Alter):
		return parseCount(w, value, 100, &o.Replicas)
	case key == "rename-to" && (o.Kind == Alter || o.Kind == Recall) && isName(value):
		o.NewName = value
		return nil
	case key == "reserve" && o.Kind == Delete:
		var err error
		if o.Reserve, err = time.ParseDuration(value); err != nil || o.Reserve <= 0 {
			return fmt.Errorf("bad word %q: want a duration such as 30s", w)
		}
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

// parseStep reads a step of an alter.
func (o *Op) parseStep(w string) error {
	word, rest, _ := strings.Cut(w, ":")
	i := slices.IndexFunc(wire.AlterKinds, func(k wire.AlterKind) bool {
		return k.String() == word
	})
	if i < 0 {
		return fmt.Errorf("bad word %q", w)
	}
	step, err := parseStep(wire.AlterKinds[i], rest)
	if err != nil {
		return fmt.Errorf("bad word %q: %w", w, err)
	}
	o.Steps = append(o.Steps, step)
	return nil
}

func parseStep(k wire.AlterKind, text string) (step wire.AlterStep, err error) {
	step.Kind = k
	if k.OfRanges() {
		err = parseRangeStep(&step, text)
		return step, err
	}
	column, rest, more := strings.Cut(text, ":")
	step.Column = column
	switch k {
	case wire.RenameColumn:
		step.NewName = rest
		if !isName(rest) {
			err = fmt.Errorf("want COLUMN:NAME")
		}
	case wire.ChangeColumn:
		if step.Default, err = strconv.ParseInt(rest, 10, 64); err != nil {
			err = fmt.Errorf("want COLUMN:NUMBER")
		}
	default:
		if more {
			err = fmt.Errorf("want COLUMN")
		}
	}
	if !isName(column) {
		err = fmt.Errorf("want the name of a column")
	}
	return step, err
}

// parseRangeStep reads what follows the kind of a step: a range, and, behind @, the label of one
// that is added.
func parseRangeStep(step *wire.AlterStep, text string) (err error) {
	text, label, labelled := strings.Cut(text, "@")
	if labelled && (step.Kind != wire.AddRange || !isName(label)) {
		return fmt.Errorf("want LOWER:UPPER, or add-range:LOWER:UPPER@LABEL")
	}
	step.Dimension = wire.Dimension(label)
	step.Range, err = wire.ParseRange(text)
	return err
}

// parseRanges reads the ranges of a table, and join prints them.
func (o *Op) parseRanges(text string) error {
	for _, word := range strings.Split(text, ",") {
		r, err := wire.ParseRange(word)
		if err != nil {
			return err
		}
		o.Ranges = append(o.Ranges, r)
	}
	return nil
}

func join(ranges []wire.Range) string {
	var words []string
	for _, r := range ranges {
		words = append(words, r.String())
	}
	return strings.Join(words, ",")
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
