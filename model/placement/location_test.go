package placement

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLocations(t *testing.T) {
	for answer, want := range map[string]string{
		"/": "/", "/rack-1\n": "/rack-1", " /dc.0/rack_09 ": "/dc.0/rack_09", "//": "//",
	} {
		got, err := ParseLocation(answer)
		assert.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for answer, complaint := range map[string]string{
		"":           "empty location",
		" \n":        "empty location",
		"rack":       `bad location "rack": want a leading /`,
		"/rack 1":    `bad location "/rack 1": want letters, digits and _-./ only, not ' '`,
		"/a\n/b":     `bad location "/a\n/b": want letters, digits and _-./ only, not '\n'`,
		"/höhe":      `bad location "/höhe": want letters, digits and _-./ only, not 'ö'`,
		"/rack;true": `bad location "/rack;true": want letters, digits and _-./ only, not ';'`,
	} {
		_, err := ParseLocation(answer)
		assert.EqualError(t, err, complaint)
	}
	assert.Error(t, ValidLocation(""))
}
