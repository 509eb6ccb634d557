package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// Journal is a file of JSON lines that only grows. Each line is on the disk before anything relies
// on it, so that the end of the program at any moment costs no more than the line it was writing.
type Journal[T any] struct {
	f    *os.File
	sync func() error
}

// OpenJournal opens a file, or makes it, and returns what is in it. A last line that was not
// written to its end is cut off. The error names the line that is wrong, or says that another
// program has the file open.
func OpenJournal[T any](name string, check func(T) error) (*Journal[T], []T, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, nil, err
	}
	all, err := readJournal(f, check)
	if err != nil {
		_ = f.Close()
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return &Journal[T]{f, f.Sync}, all, nil
}

func readJournal[T any](f *os.File, check func(T) error) ([]T, error) {
	if err := lock(f); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	all, err := ParseLines(whole, check)
	if err != nil || len(whole) == len(text) {
		return all, err
	}
	return all, f.Truncate(int64(len(whole)))
}

// ParseLines reads JSON lines. The error names the line that is wrong.
func ParseLines[T any](text []byte, check func(T) error) ([]T, error) {
	var all []T
	for line := range bytes.Lines(text) {
		var item T
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		err := d.Decode(&item)
		if err == nil {
			err = check(item)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(all)+1, err)
		}
		all = append(all, item)
	}
	return all, nil
}

// Add adds a line; it is on the disk when Add returns.
func (j *Journal[T]) Add(item T) error {
	line, err := json.Marshal(item)
	if err != nil {
		return err
	}
	if _, err := j.f.Write(append(line, '\n')); err != nil {
		return err
	}
	return j.sync()
}

// Close closes the file.
func (j *Journal[T]) Close() error { return j.f.Close() }
