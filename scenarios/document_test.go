package scenarios

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A part of a document is replaced, and written anew as often as one likes; the rest stays.
func TestDocumentsKeepTheRest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "doc.md")
	require.NoError(t, os.WriteFile(file, []byte("a\n<!-- x -->\nold\n<!-- end of x -->\nb\n"), 0o600))
	doc, err := OpenDocument(file, "x")
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, doc.WriteBlock("\n  p  \n\nq\n"))
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, "a\n<!-- x -->\n\n\n      p\n\n    q\n\n<!-- end of x -->\nb\n", string(text))
	}
	_, err = OpenDocument(file, "y")
	require.ErrorContains(t, err, "doc.md: want a line <!-- y --> and, after it, a line")
	require.NoError(t, Document{}.Write("nothing"))
}
