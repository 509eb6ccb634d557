// Package mutants plants bugs: one-line changes of the model, kept as patches, each of which the
// ordinary generator of storms must find. A judge that finds none of them would prove nothing.
package mutants

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

//go:embed testdata/*.patch
var patches embed.FS

// Mutant is a planted bug.
type Mutant struct {
	Name    string
	Title   string
	Without []string // defences that would mask it
	Skip    []string // judges that would forestall the one it is meant for
	patch   []byte
}

// All lists the mutants by name.
func All() ([]Mutant, error) {
	entries, err := patches.ReadDir("testdata")
	if err != nil {
		return nil, err
	}
	var all []Mutant
	for _, e := range entries {
		b, err := patches.ReadFile("testdata/" + e.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, parse(strings.TrimSuffix(e.Name(), ".patch"), b))
	}
	return all, nil
}

// parse reads the comment lines before the patch: what it does, and what would mask it.
func parse(name string, b []byte) Mutant {
	m := Mutant{Name: name, patch: b}
	for line := range strings.Lines(string(b)) {
		text, comment := strings.CutPrefix(strings.TrimSpace(line), "# ")
		if !comment {
			break
		}
		if id, ok := strings.CutPrefix(text, "without: "); ok {
			m.Without = append(m.Without, id)
		} else if oracle, ok := strings.CutPrefix(text, "skip: "); ok {
			m.Skip = append(m.Skip, oracle)
		} else {
			m.Title = text
		}
	}
	return m
}

// Files applies the patch to the sources under root, in memory, and returns the changed ones by
// path. The error tells that the patch no longer applies.
func (m Mutant) Files(root string) (map[string][]byte, error) {
	parsed, _, err := gitdiff.Parse(bytes.NewReader(m.patch))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	if len(parsed) == 0 {
		return nil, fmt.Errorf("%s: the patch changes nothing", m.Name)
	}
	changed := map[string][]byte{}
	for _, f := range parsed {
		name := strings.TrimPrefix(strings.TrimPrefix(f.OldName, "a/"), "b/")
		path := filepath.Join(root, filepath.FromSlash(name))
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		text := string(source)
		for _, fragment := range f.TextFragments {
			before, after := sides(fragment)
			if n := strings.Count(text, before); n != 1 {
				return nil, fmt.Errorf("%s no longer applies: its place is found %d times in %s",
					m.Name, n, name)
			}
			text = strings.Replace(text, before, after, 1)
		}
		if text == string(source) {
			return nil, fmt.Errorf("%s: the patch changes nothing", m.Name)
		}
		changed[path] = []byte(text)
	}
	return changed, nil
}

// sides gives the text that a fragment of a patch expects and the text that it leaves. The place is
// found by that text alone, so that a change elsewhere in the file does not move it.
func sides(fragment *gitdiff.TextFragment) (before, after string) {
	for _, line := range fragment.Lines {
		if line.Op != gitdiff.OpAdd {
			before += line.Line
		}
		if line.Op != gitdiff.OpDelete {
			after += line.Line
		}
	}
	return before, after
}
