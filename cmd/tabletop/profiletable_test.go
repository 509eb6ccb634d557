package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The document of the profiles says what the switches say.
func TestProfilesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/profiles.md")
	require.NoError(t, err)
	require.True(t, strings.Contains(string(text), "\n"+profileTable()+"\n"),
		"docs/profiles.md is not current: run make profiles")
}
