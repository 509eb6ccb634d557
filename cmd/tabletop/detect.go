package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tabletop/model/variant"
	"tabletop/scenarios"
)

// detectFlags say what to look for, and how long.
type detectFlags struct {
	common
	count    int
	duration time.Duration
	state    string
}

func detectCommand() *cobra.Command {
	var f detectFlags
	cmd := &cobra.Command{
		Use:   "detect",
		Short: "The first seed that shows each defect",
		Long: `Looks for each defect, or for those given, in storms under the profile with that
defect added: the first seed, from 1 on, whose run fails with it and passes with only it
removed. The table at the end is Markdown. The seed does not depend on the number of workers.
Where other defects are on, a failure of theirs may be missing by chance once this one is
removed.

Bounds are for each defect and count what the state file says was done before; a longer one
goes on from there. What another version of the generator did is done again.

Exit status: 0 every defect was found; 2 bad usage or bad input; 3 some defect was not found
within the bounds, which proves nothing about it.`,
		Example: `  tabletop detect
  tabletop detect --defect KUDU-1353 --defect L1 --count 500
  tabletop detect --for 1h --state detect.jsonl
  tabletop detect --profile kudu-1.0 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return detect(cmd, &f) },
	}
	f.addSelection(cmd)
	cmd.Flags().Lookup("defect").Usage = "look for this defect, not for all (repeatable)"
	f.addWorkers(cmd)
	f.addJSON(cmd)
	cmd.Flags().IntVar(&f.count, "count", 2000, "seeds to try at most for each defect; with --for "+
		"and no --count as many as that takes")
	cmd.Flags().DurationVar(&f.duration, "for", 0, "wall clock at most for each defect")
	cmd.Flags().StringVar(&f.state, "state", "", "keep what was found in this file, as JSON "+
		"lines, and go on from it")
	return cmd
}

// plan turns the flags into a search, and what to search for.
func (f *detectFlags) plan(cmd *cobra.Command) (scenarios.Detect, []scenarios.Detection, error) {
	d := scenarios.Detect{Select: f.sel, Count: f.count, For: f.duration, Workers: f.workers}
	if f.duration < 0 || f.duration == 0 && cmd.Flags().Changed("for") {
		return d, nil, fmt.Errorf("--for %v: want a positive duration", f.duration)
	}
	if f.count < 1 {
		return d, nil, fmt.Errorf("--count %d: want at least 1", f.count)
	}
	if f.duration > 0 && !cmd.Flags().Changed("count") {
		d.Count = 0
	}
	ids := f.sel.Defects
	if len(ids) == 0 {
		for _, known := range variant.Defects {
			ids = append(ids, known.ID)
		}
	}
	var begun []scenarios.Detection
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			continue
		}
		at, err := d.Begin(id)
		if err != nil {
			return d, nil, err
		}
		begun = append(begun, at)
	}
	return d, begun, nil
}

func detect(cmd *cobra.Command, f *detectFlags) error {
	d, searches, err := f.plan(cmd)
	if err != nil {
		return err
	}
	state := stateFile{name: f.state}
	if err := state.read(); err != nil {
		return err
	}
	for i, begun := range searches {
		at, err := search(cmd, f, d, state.known.Resume(begun), &state)
		if err != nil {
			return err
		}
		searches[i] = at
		if f.json {
			if err := printJSON(cmd, at); err != nil {
				return err
			}
		}
	}
	printDetections(f.people(cmd), searches)
	if slices.ContainsFunc(searches, func(at scenarios.Detection) bool { return !at.Found() }) {
		return status(exitNoProof)
	}
	return nil
}

// search looks for one defect and keeps the state up to date.
func search(cmd *cobra.Command, f *detectFlags, d scenarios.Detect, at scenarios.Detection,
	state *stateFile) (scenarios.Detection, error) {
	bar := newProgress(cmd, max(0, d.Count-at.Tried), at.Defect)
	var failed error
	d.Step = func(at scenarios.Detection, r *scenarios.Result) bool {
		bar.add()
		if at.Found() {
			bar.clear()
			printVerdict(f.people(cmd), r)
		}
		failed = state.put(at, false)
		return failed == nil
	}
	at, err := d.Run(cmd.Context(), at)
	bar.clear()
	if err = errors.Join(err, failed); err != nil {
		return at, err
	}
	return at, state.put(at, true)
}

// printDetections prints a table in Markdown.
func printDetections(w io.Writer, all []scenarios.Detection) {
	fmt.Fprintln(w, "\n| defect | title | first seed | seeds tried | signature | runs, virtual "+
		"time |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|")
	for _, at := range all {
		seed, signature := "none", ""
		if at.Found() {
			seed, signature = fmt.Sprint(at.Seed), "`"+at.Signature+"`"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %d | %s | %d, %v |\n", at.Defect, at.Title, seed, at.Tried,
			signature, at.Runs, time.Duration(at.VirtualNS).Round(time.Second))
	}
}

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
	text, err := os.ReadFile(s.name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--state: %w", err)
	}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		var at scenarios.Detection
		lines := json.NewDecoder(bytes.NewReader(line))
		lines.DisallowUnknownFields()
		err := lines.Decode(&at)
		if err == nil && (at.Defect == "" || at.Profile == "" || at.Tried < 0) {
			err = errors.New("this is no search for a defect")
		}
		if err != nil {
			return fmt.Errorf("--state %s: line %d: %w", s.name, number, err)
		}
		s.known = append(s.known, at)
	}
	return s.write()
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
	part := filepath.Join(filepath.Dir(s.name), "."+filepath.Base(s.name)+".part")
	if err := os.WriteFile(part, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("--state: %w", err)
	}
	if err := os.Rename(part, s.name); err != nil {
		return fmt.Errorf("--state: %w", err)
	}
	return nil
}
