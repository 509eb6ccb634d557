package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"tabletop/scenarios"
)

// stateFile keeps searches, one on a line. Without a name it keeps nothing.
type stateFile struct {
	name  string
	known scenarios.Detections
	saved time.Time
}

// saveEvery is how much of a search may be lost.
const saveEvery = 5 * time.Second

// read reads the file, if it is there, and makes sure that it can be written.
func (s *stateFile) read() error {
	if s.name == "" {
		return nil
	}
	var err error
	if s.known, err = readSearches(s.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--state: %w", err)
	}
	return s.write()
}

// readSearches reads the searches that a state file keeps.
func readSearches(name string) ([]scenarios.Detection, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	all, err := scenarios.ParseLines(text, func(at scenarios.Detection) error {
		if at.Defect == "" || at.Profile == "" || at.Tried < 0 {
			return errors.New("this is no search for a defect")
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return all, nil
}

// put keeps a search, on the disk too if it must be or has not been for a while.
func (s *stateFile) put(at scenarios.Detection, now bool) error {
	s.known.Put(at)
	if s.name == "" || !now && time.Since(s.saved) < saveEvery {
		return nil
	}
	return s.write()
}

// write replaces the file at once, so that it is whole whenever the program ends.
func (s *stateFile) write() error {
	var text strings.Builder
	lines := json.NewEncoder(&text)
	for _, at := range s.known {
		if err := lines.Encode(at); err != nil {
			return fmt.Errorf("--state: %w", err)
		}
	}
	s.saved = time.Now()
	if err := scenarios.ReplaceFile(s.name, text.String()); err != nil {
		return fmt.Errorf("--state: %w", err)
	}
	return nil
}
