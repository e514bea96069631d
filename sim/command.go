package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Args are the arguments of `paxos sim` that stand for o.
func (o Options) Args() []string {
	args := []string{"--seed", fmt.Sprint(o.Seed)}
	if o.Steps != 0 {
		args = append(args, "--steps", fmt.Sprint(o.Steps))
	}
	if o.Shape != "" {
		args = append(args, "--shape", o.Shape)
	}
	if o.Faults != nil {
		args = append(args, "--faults", orNone(strings.Join(o.Faults, ",")))
	}
	if len(o.Without) > 0 {
		args = append(args, "--without", FormatRanges(o.Without))
	}
	return args
}

// NoFaults is what stands for an empty list of faults on the command line.
const NoFaults = "none"

func orNone(list string) string {
	if list == "" {
		return NoFaults
	}
	return list
}

// Command is the command that repeats the run of o.
func (o Options) Command() string {
	return "go run ./cmd/paxos sim " + strings.Join(o.Args(), " ")
}

// FormatRanges writes numbers in ascending order, those in a row as FIRST-LAST.
func FormatRanges(numbers []int) string {
	sorted := slices.Compact(slices.Sorted(slices.Values(numbers)))
	var parts []string
	for len(sorted) > 0 {
		n := 1
		for n < len(sorted) && sorted[n] == sorted[0]+n {
			n++
		}
		part := strconv.Itoa(sorted[0])
		if n > 1 {
			part += "-" + strconv.Itoa(sorted[n-1])
		}
		parts, sorted = append(parts, part), sorted[n:]
	}
	return strings.Join(parts, ",")
}

// maxRange bounds the numbers that ParseRanges gives.
const maxRange = 1 << 20

// ParseRanges reads what FormatRanges writes.
func ParseRanges(text string) (numbers []int, err error) {
	for part := range strings.SplitSeq(text, ",") {
		a, b, isRange := strings.Cut(part, "-")
		first, err := strconv.Atoi(a)
		last := first
		if err == nil && isRange {
			last, err = strconv.Atoi(b)
		}
		if err != nil || first < 0 || last < first || last >= maxRange {
			return nil, fmt.Errorf("%q: want numbers and ranges, like 1,4-7", part)
		}
		for n := first; n <= last; n++ {
			numbers = append(numbers, n)
		}
	}
	return numbers, nil
}
