package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// marked is a document, a part of which a command writes: what stands between the lines
// <!-- NAME --> and <!-- end of NAME -->. The zero value writes nothing.
type marked struct {
	file, name string
}

// openMarked makes sure that the document has such a part; without a file there is none to write.
func openMarked(file, name string) (marked, error) {
	m := marked{file, name}
	if file == "" {
		return m, nil
	}
	_, _, err := m.around()
	return m, err
}

// around returns what stands before the part and after it, with the marks.
func (m marked) around() (before, after string, err error) {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return "", "", fmt.Errorf("--markdown: %w", err)
	}
	begin, end := "<!-- "+m.name+" -->", "<!-- end of "+m.name+" -->"
	before, rest, begun := strings.Cut(string(text), begin+"\n")
	_, after, ended := strings.Cut(rest, end+"\n")
	if !begun || !ended {
		return "", "", fmt.Errorf("--markdown %s: want a line %s and, after it, a line %s", m.file,
			begin, end)
	}
	return before + begin + "\n", end + "\n" + after, nil
}

// write puts the text between the marks.
func (m marked) write(text string) error {
	if m.file == "" {
		return nil
	}
	before, after, err := m.around()
	if err != nil {
		return err
	}
	return replaceFile(m.file, before+"\n"+text+"\n"+after)
}

// replaceFile replaces a file at once, so that it is whole whenever the program ends.
func replaceFile(name, text string) error {
	part := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".part")
	if err := os.WriteFile(part, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(part, name)
}
