package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"tabletop/checker"
	"tabletop/model/variant"
	"tabletop/scenarios"
	"tabletop/sim"
)

// common are the flags that several commands share.
type common struct {
	seed    string
	sel     variant.Selection
	skip    []string
	until   time.Duration
	trace   string
	workers int
	json    bool
	check   bool
	picture string
}

func (c *common) addSeed(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.seed, "seed", "0", "seed, decimal or 0x hex")
}

func (c *common) addSelection(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.sel.Profile, "profile", "ideal", "version of the system; see list profiles")
	f.StringArrayVar(&c.sel.Defects, "defect", nil, "add a defect, with what it needs (repeatable)")
	f.StringArrayVar(&c.sel.Without, "without", nil, "remove a defect or a defence (repeatable)")
	f.StringArrayVar(&c.sel.Options, "option", nil, "NAME=VALUE; see list options (repeatable)")
}

func (c *common) addRun(cmd *cobra.Command) {
	f := cmd.Flags()
	f.DurationVar(&c.until, "until", 0, "stop at this virtual time")
	f.StringVar(&c.trace, "trace", "", "write every event to this file, as JSON lines")
	f.StringVar(&c.picture, "visualise", "", "if the history is not linearizable, write "+
		"Porcupine's picture of the shortest part that is not to this file, as HTML")
	c.addSelfCheck(cmd)
}

func (c *common) addSelfCheck(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.check, "self-check", false, "make every run twice and name the first "+
		"event that differs")
}

func (c *common) addSkip(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&c.skip, "skip", nil, "switch a judge off; see list oracles "+
		"(repeatable)")
}

func (c *common) addWorkers(cmd *cobra.Command) {
	cmd.Flags().IntVar(&c.workers, "workers", 0, "runs at a time; 0: one per processor")
}

func (c *common) addJSON(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.json, "json", false, "print JSON on standard output, all else on "+
		"standard error")
}

// people returns where text for people goes.
func (c *common) people(cmd *cobra.Command) io.Writer {
	if c.json {
		return cmd.ErrOrStderr()
	}
	return cmd.OutOrStdout()
}

// options returns the options of a run, and a function to be called when it is over.
func (c *common) options() (scenarios.Options, func() error, error) {
	opts := scenarios.Options{Until: c.until, SelfCheck: c.check}
	if c.until < 0 {
		return opts, nil, fmt.Errorf("--until %v: want a time that is not negative", c.until)
	}
	draw := func() error { return nil }
	if c.picture != "" {
		draw = c.drawing(&opts)
	}
	if c.trace == "" {
		return opts, draw, nil
	}
	end, err := tracing(&opts, c.trace)
	return opts, func() error { return errors.Join(end(), draw()) }, err
}

// drawing keeps the first part of the history that is not linearizable, and returns what draws it.
func (c *common) drawing(opts *scenarios.Options) (draw func() error) {
	var first *checker.Part
	opts.Illegal = func(p checker.Part) {
		if first == nil {
			first = &p
		}
	}
	return func() error {
		if first == nil {
			return nil
		}
		f, err := os.Create(c.picture)
		if err == nil {
			err = errors.Join(first.Draw(f), f.Close())
		}
		if err != nil {
			return fmt.Errorf("--visualise: %w", err)
		}
		return nil
	}
}

// tracing writes every event to a file, and returns what is to be called at the end.
func tracing(opts *scenarios.Options, name string) (end func() error, err error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("--trace: %w", err)
	}
	w := bufio.NewWriter(f)
	lines := json.NewEncoder(w)
	var failed error
	opts.Trace = func(r sim.Record) {
		if r.Topic == sim.Step {
			return
		}
		if err := lines.Encode(r); err != nil && failed == nil {
			failed = err
		}
	}
	return func() error {
		for _, err := range []error{failed, w.Flush(), f.Close()} {
			if err != nil {
				return fmt.Errorf("--trace: %w", err)
			}
		}
		return nil
	}, nil
}

// openDocument opens the document that --markdown names; empty: none.
func openDocument(file, name string) (scenarios.Document, error) {
	doc, err := scenarios.OpenDocument(file, name)
	if err != nil {
		err = fmt.Errorf("--markdown: %w", err)
	}
	return doc, err
}

func printJSON(cmd *cobra.Command, v any) error {
	e := json.NewEncoder(cmd.OutOrStdout())
	return e.Encode(v)
}
