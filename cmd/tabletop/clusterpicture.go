package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"tabletop/model/rebalance"
)

// Pictures of larger clusters have one line a location instead of boxes; such of many tablets have
// a line a table in the boxes instead of one a tablet, and of many tables none at all.
const (
	maxBoxes   = 60
	maxTablets = 30
	maxTables  = 20
	maxWidth   = 100
)

// tell prints the plan for people.
func (p *clusterPlan) tell(w io.Writer) {
	fmt.Fprintf(w, "before\n\n")
	p.draw(w, p.before)
	fmt.Fprintf(w, "\nviolations of the placement policy: %d\n", len(p.violations))
	for _, v := range p.violations {
		cannot := ""
		if !v.Fixable {
			cannot = ", which no move can mend"
		}
		fmt.Fprintf(w, "  %s: %d of %d replicas in %s%s\n", p.tablets[v.Tablet], v.Replicas,
			len(p.before.Tablets[v.Tablet].Replicas), v.Location, cannot)
	}
	fmt.Fprintf(w, "moves: %d\n", len(p.moves))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, m := range p.moves {
		why := ""
		if m.Rule != "" {
			why = fmt.Sprintf("\t%s has %s", p.server(m.To), m.Rule)
			if m.Rule == rebalance.OnlyChoice || m.Rule == rebalance.FirstOfEqual ||
				m.Rule == rebalance.LastOfEqual {
				why = fmt.Sprintf("\t%s is %s", p.server(m.To), m.Rule)
			}
		}
		fmt.Fprintf(t, "  %d\t%s\t%s\t%s\t%s -> %s%s\n", i+1, m.Phase, p.table(m.Tablet).Name,
			p.tablets[m.Tablet], p.server(m.From), p.server(m.To), why)
	}
	_ = t.Flush()
	if len(p.moves) > 0 {
		fmt.Fprintf(w, "\nafter\n\n")
		p.draw(w, p.after)
	}
	b := p.after.Balance()
	fmt.Fprintf(w, "\nskew of all replicas: %d", b.ClusterSkew)
	if len(p.file.Tables) > maxTables {
		fmt.Fprintf(w, "; of a table: at most %d\n", slices.Max(b.TableSkew))
		return
	}
	for t, table := range p.file.Tables {
		fmt.Fprintf(w, "; of %s: %d", table.Name, b.TableSkew[t])
	}
	fmt.Fprintln(w)
}

// draw prints the cluster as boxes of locations, with boxes of servers in them.
func (p *clusterPlan) draw(w io.Writer, c *rebalance.Cluster) {
	b := c.Balance()
	if len(c.Servers) > maxBoxes {
		listLocations(w, c, b)
		return
	}
	var rows [][]string // by row, by server
	if len(c.Tablets) <= maxTablets {
		rows = p.tabletRows(c)
	} else if len(c.Tables) <= maxTables {
		rows = p.tableRows(c)
	} else {
		rows = totalRow(c)
	}
	width := 4
	for s, entry := range p.file.Tservers {
		width = max(width, utf8.RuneCountInString(entry.UUID))
		for _, row := range rows {
			width = max(width, utf8.RuneCountInString(row[s]))
		}
	}
	var blocks [][]string
	for _, l := range b.Locations {
		var boxes [][]string
		for s, server := range c.Servers {
			if server.Location == l.Location {
				box := []string{p.server(s)}
				for _, row := range rows {
					box = append(box, row[s])
				}
				boxes = append(boxes, framed(box[:1], box[1:], width))
			}
		}
		title := fmt.Sprintf("%s  %d/%d", named(l.Location), l.Replicas, l.Servers)
		inside := wrapped(boxes, maxWidth-4)
		blocks = append(blocks, framed([]string{title}, inside, widest(inside)))
	}
	for _, line := range wrapped(blocks, maxWidth) {
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

// tabletRows has a row for each tablet: its id at each server that has a replica, with a star at
// the leader and a plus where there was none before.
func (p *clusterPlan) tabletRows(c *rebalance.Cluster) (rows [][]string) {
	for i, t := range c.Tablets {
		row := make([]string, len(c.Servers))
		for _, s := range t.Replicas {
			row[s] = p.tablets[i]
			if s == t.Leader {
				row[s] += "*"
			}
			if !slices.Contains(p.before.Tablets[i].Replicas, s) {
				row[s] += "+"
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// tableRows has a row for each table: how many replicas of it each server has.
func (p *clusterPlan) tableRows(c *rebalance.Cluster) (rows [][]string) {
	counts := make([][]int, len(c.Tables))
	for t := range counts {
		counts[t] = make([]int, len(c.Servers))
	}
	for _, t := range c.Tablets {
		for _, s := range t.Replicas {
			counts[t.Table][s]++
		}
	}
	for t, table := range p.file.Tables {
		var row []string
		for _, n := range counts[t] {
			row = append(row, fmt.Sprintf("%s %d", table.Name, n))
		}
		rows = append(rows, row)
	}
	return rows
}

// totalRow has how many replicas each server has.
func totalRow(c *rebalance.Cluster) [][]string {
	var row []string
	for _, n := range totals(c) {
		row = append(row, strconv.Itoa(n))
	}
	return [][]string{row}
}

func totals(c *rebalance.Cluster) []int {
	total := make([]int, len(c.Servers))
	for _, t := range c.Tablets {
		for _, s := range t.Replicas {
			total[s]++
		}
	}
	return total
}

// listLocations prints a line a location.
func listLocations(w io.Writer, c *rebalance.Cluster, b rebalance.Balance) {
	total := totals(c)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "location\tservers\treplicas\tload\tfewest\tmost")
	for _, l := range b.Locations {
		var here []int
		for s, server := range c.Servers {
			if server.Location == l.Location {
				here = append(here, total[s])
			}
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%.2f\t%d\t%d\n", named(l.Location), l.Servers, l.Replicas,
			float64(l.Replicas)/float64(l.Servers), slices.Min(here), slices.Max(here))
	}
	_ = t.Flush()
}

func named(location string) string {
	if location == "" {
		return "(no location)"
	}
	return location
}

// framed returns a box with a title above it, as lines of equal length.
func framed(title, lines []string, width int) []string {
	width = max(width, widest(title)-4)
	edge := "+" + strings.Repeat("-", width+2) + "+"
	box := []string{padded(title[0], width+4), edge}
	for _, line := range lines {
		box = append(box, "| "+padded(line, width)+" |")
	}
	return append(box, edge)
}

// wrapped puts boxes side by side, in as many rows as the width asks for.
func wrapped(boxes [][]string, width int) (lines []string) {
	for len(boxes) > 0 {
		n, used := 1, widest(boxes[0])
		for n < len(boxes) && used+1+widest(boxes[n]) <= width {
			used += 1 + widest(boxes[n])
			n++
		}
		lines = append(lines, beside(boxes[:n])...)
		boxes = boxes[n:]
	}
	return lines
}

// beside puts boxes side by side.
func beside(boxes [][]string) (lines []string) {
	for i, box := range boxes {
		for len(lines) < len(box) {
			before := 0
			if i > 0 {
				before = widest(lines)
			}
			lines = append(lines, strings.Repeat(" ", before))
		}
		for j := range lines {
			if i > 0 {
				lines[j] += " "
			}
			line := ""
			if j < len(box) {
				line = box[j]
			}
			lines[j] += padded(line, widest(box))
		}
	}
	return lines
}

func widest(lines []string) (width int) {
	for _, line := range lines {
		width = max(width, utf8.RuneCountInString(line))
	}
	return width
}

func padded(line string, width int) string {
	return line + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(line)))
}
