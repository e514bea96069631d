package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// String is one line about a catch.
func (c *catch) String() string {
	took := c.Took.Round(100 * time.Millisecond)
	switch {
	case c.Err != nil:
		return fmt.Sprintf("%-26s %v", c.Name, c.Err)
	case c.Check == "":
		return fmt.Sprintf("%-26s NOT CAUGHT in %d seeds, %d events, %s", c.Name, c.Seeds, c.Events, took)
	}
	moved := ""
	if c.Was != 0 && c.Was != c.Seed {
		moved = fmt.Sprintf(" (was seed %d: run -record)", c.Was)
	}
	message, _, _ := strings.Cut(c.Message, "\n")
	return fmt.Sprintf("%-26s seed %d, in %s%s, %s: %.160s", c.Name, c.Seed, took, moved, c.Check, message)
}

// printTable prints the table for docs/testing.md. The error says how many bugs
// were not caught.
func printTable(out io.Writer, catches []catch) error {
	fmt.Fprint(out, "| planted bug | rule | in | first seed | seen by |\n| --- | --- | --- | --- | --- |\n")
	missed := 0
	var seeds []uint64
	for _, c := range catches {
		seed, check := "none", "nobody"
		if c.caught() {
			seed, check = fmt.Sprint(c.Seed), c.Check
			seeds = append(seeds, c.Seed)
		} else {
			missed++
		}
		fmt.Fprintf(out, "| %s: %s | %s | `%s` | %s | %s |\n", c.Name, c.What, c.rule(), c.File, seed, check)
	}
	if len(seeds) > 0 {
		fmt.Fprintf(out, "\n%d of %d caught; median %d seeds, most %d\n", len(seeds), len(catches), median(seeds), slices.Max(seeds))
	}
	if missed > 0 {
		return fmt.Errorf("%d of %d planted bugs were not caught", missed, len(catches))
	}
	return nil
}

func (m mutant) rule() string {
	if m.Rule == 0 {
		return ""
	}
	return fmt.Sprint(m.Rule)
}

func median(n []uint64) uint64 {
	sorted := slices.Sorted(slices.Values(n))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
