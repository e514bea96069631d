package main

import (
	"fmt"
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
		return fmt.Sprintf("%-26s NOT CAUGHT in %s", c.Name, took)
	}
	moved := ""
	if c.Was != 0 && c.Was != c.Seed {
		moved = fmt.Sprintf(" (was seed %d: run -record)", c.Was)
	}
	message, _, _ := strings.Cut(c.Message, "\n")
	return fmt.Sprintf("%-26s seed %d, in %s%s, %s: %.160s", c.Name, c.Seed, took, moved, c.Check, message)
}

// missed says how many bugs were not caught, nil if none.
func missed(catches []catch) error {
	n := 0
	for _, c := range catches {
		if !c.caught() {
			n++
		}
	}
	if n > 0 {
		return fmt.Errorf("%d of %d planted bugs were not caught", n, len(catches))
	}
	return nil
}

// table is the record of the given bugs, for docs/testing.md.
func (r record) table(of []mutant) string {
	var t strings.Builder
	fmt.Fprint(&t, "| planted bug | rule | file | shape | seed | seen by |\n| --- | --- | --- | --- | --- | --- |\n")
	var seeds []uint64
	for _, m := range of {
		seed, check := "not caught", ""
		if k, ok := r[m.Name]; ok {
			seed, check = fmt.Sprint(k.Seed), k.Check
			seeds = append(seeds, k.Seed)
		}
		fmt.Fprintf(&t, "| `%s`: %s | %s | `%s` | %s | %s | %s |\n", m.Name, m.What, m.rule(), m.File, m.shape(), seed, check)
	}
	if len(seeds) > 0 {
		fmt.Fprintf(&t, "\n%d of %d caught; seeds needed: median %d, most %d.\n", len(seeds), len(of), median(seeds), slices.Max(seeds))
	}
	return t.String()
}

func (m mutant) rule() string {
	if m.Rule == 0 {
		return ""
	}
	return fmt.Sprint(m.Rule)
}

func (m mutant) shape() string {
	if m.Shape == "" {
		return "any"
	}
	return m.Shape
}

func median(n []uint64) uint64 {
	sorted := slices.Sorted(slices.Values(n))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
