package client

import (
	"strings"
)

// told says in words what a client does to a table.
var told = map[Kind]string{Create: "creates", Delete: "drops", Alter: "alters", Recall: "recalls",
	Get: "reads the schema of", List: "lists all tables", Insert: "inserts rows into",
	Upsert: "writes rows of", Erase: "erases rows of", Scan: "scans"}

// Tell says in words what the operation does.
func (o Op) Tell() string {
	text := told[o.Kind]
	if o.Name != "" {
		text += " " + o.Name
	}
	var what []string
	for _, s := range o.Steps {
		what = append(what, s.String())
	}
	if o.NewName != "" {
		what = append(what, "new name "+o.NewName)
	}
	if len(what) > 0 {
		text += ": " + strings.Join(what, ", ")
	}
	return text
}
