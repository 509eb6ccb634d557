package layout

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A part of a document that a command writes says beside it which target does, and make report makes
// all of them.
func TestTablesSayWhatMakesThem(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)
	_, report, _ := strings.Cut(string(makefile), "\nreport:")
	report, _, _ = strings.Cut(report, "\n\n")
	files, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	begin := regexp.MustCompile(`(?m)^<!-- ([a-z].*) -->$`)
	target := regexp.MustCompile("`make\\s([a-z]+)[^`]*`")
	parts := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, at := range begin.FindAllStringSubmatchIndex(string(text), -1) {
			name, before := string(text[at[2]:at[3]]), string(text[:at[0]])
			if strings.HasPrefix(name, "end of ") {
				continue
			}
			parts++
			require.Contains(t, string(text[at[1]:]), "\n<!-- end of "+name+" -->\n", file)
			_, section, _ := cutLast(before, "\n## ")
			by := target.FindAllStringSubmatch(section, -1)
			require.NotEmpty(t, by, "%s: what makes %s?", file, name)
			require.Regexp(t, `\b`+by[0][1]+`\b`, report, "%s: %s", file, name)
		}
	}
	require.GreaterOrEqual(t, parts, 8)
}

// cutLast cuts a text at the last place where it has the separator.
func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, text, false
	}
	return text[:i], text[i+len(separator):], true
}
