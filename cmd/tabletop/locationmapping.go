package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"tabletop/model/placement"
)

// locate asks an executable for the locations of the servers that have none: its words are split
// at spaces, the server's uuid is added as the last, and it answers with one line
// (--location_mapping_cmd).
func (f *clusterFile) locate(ctx context.Context, mapping string) error {
	words := strings.Fields(mapping)
	if len(words) == 0 {
		return errors.New("--location-mapping-cmd: want an executable")
	}
	for i := range f.Tservers {
		s := &f.Tservers[i]
		if s.Location != "" {
			continue
		}
		location, err := askLocation(ctx, words, s.UUID)
		if err != nil {
			return fmt.Errorf("--location-mapping-cmd: %s %s: %w", mapping, s.UUID, err)
		}
		s.Location = location
	}
	return nil
}

func askLocation(ctx context.Context, words []string, address string) (string, error) {
	args := slices.Concat(words[1:], []string{address})
	answer, err := exec.CommandContext(ctx, words[0], args...).Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		said, _, _ := strings.Cut(strings.TrimSpace(string(ended.Stderr)), "\n")
		if said != "" {
			said = ": " + said
		}
		return "", fmt.Errorf("%w%s", err, said)
	}
	if err != nil {
		return "", err
	}
	return placement.ParseLocation(string(answer))
}
