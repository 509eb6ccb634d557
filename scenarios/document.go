package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Document is a document, a part of which is written by a command: what stands between the lines
// <!-- NAME --> and <!-- end of NAME -->. The zero value writes nothing.
type Document struct {
	file, name string
}

// OpenDocument makes sure that the document has such a part; without a file there is none to write.
func OpenDocument(file, name string) (Document, error) {
	d := Document{file, name}
	if file == "" {
		return d, nil
	}
	_, _, err := d.around()
	return d, err
}

// around returns what stands before the part and after it, with the marks.
func (d Document) around() (before, after string, err error) {
	text, err := os.ReadFile(d.file)
	if err != nil {
		return "", "", err
	}
	begin, end := "<!-- "+d.name+" -->", "<!-- end of "+d.name+" -->"
	before, rest, begun := strings.Cut(string(text), begin+"\n")
	_, after, ended := strings.Cut(rest, end+"\n")
	if !begun || !ended {
		return "", "", fmt.Errorf("%s: want a line %s and, after it, a line %s", d.file, begin, end)
	}
	return before + begin + "\n", end + "\n" + after, nil
}

// Write puts a text between the marks.
func (d Document) Write(text string) error {
	if d.file == "" {
		return nil
	}
	before, after, err := d.around()
	if err != nil {
		return err
	}
	return ReplaceFile(d.file, before+"\n"+strings.TrimRight(text, "\n")+"\n\n"+after)
}

// WriteBlock puts a text between the marks as it is, a block of Markdown.
func (d Document) WriteBlock(text string) error {
	var block strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, " \n"); line != "" {
			line = "    " + line
		}
		block.WriteString(line + "\n")
	}
	return d.Write(block.String())
}

// ReplaceFile replaces a file at once, so that it is whole whenever the program ends.
func ReplaceFile(name, text string) error {
	part := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".part")
	if err := os.WriteFile(part, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(part, name)
}
