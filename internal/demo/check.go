package demo

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"

	"paxos/internal/terminal"
)

// Check is one of the three things that must hold.
type Check struct {
	Claim string `json:"claim"`
	OK    bool   `json:"ok"`
	// Detail says what is wrong; empty if nothing is.
	Detail string `json:"detail,omitempty"`
}

func check(claim, wrong string) Check { return Check{Claim: claim, OK: wrong == "", Detail: wrong} }

// checks compares what was sent with what the learners printed.
func checks(sent *[maxNumber + 1]int, outputs []string) ([]Check, error) {
	differ, err := difference(outputs)
	if err != nil {
		return nil, err
	}
	learned, strange, err := tally(outputs[0])
	if err != nil {
		return nil, err
	}
	tooOften, missing := 0, 0
	for n := range sent {
		tooOften += max(learned[n]-sent[n], 0)
		missing += max(sent[n]-learned[n], 0)
	}
	return []Check{
		check("the learners printed the same values in the same order", differ),
		check("nothing was learned that was not sent, or more often", complaint(strange+tooOften, "were not sent, or not so often")),
		check("everything that was sent was learned", complaint(missing, "are missing")),
	}, nil
}

func complaint(n int, what string) string {
	if n == 0 {
		return ""
	}
	return terminal.Number(n) + " values " + what
}

// difference says where the outputs differ from the first one; empty: nowhere.
func difference(paths []string) (string, error) {
	for _, path := range paths[1:] {
		line, err := firstDifference(paths[0], path)
		if err != nil {
			return "", err
		}
		if line > 0 {
			return fmt.Sprintf("%s and %s differ at line %d", paths[0], path, line), nil
		}
	}
	return "", nil
}

// firstDifference is the number of the first line that differs; 0: none.
func firstDifference(a, b string) (int, error) {
	fa, err := os.Open(a)
	if err != nil {
		return 0, err
	}
	defer fa.Close()
	fb, err := os.Open(b)
	if err != nil {
		return 0, err
	}
	defer fb.Close()
	ra, rb := bufio.NewReader(fa), bufio.NewReader(fb)
	for line := 1; ; line++ {
		la, errA := ra.ReadBytes('\n')
		lb, errB := rb.ReadBytes('\n')
		if !bytes.Equal(la, lb) {
			return line, nil
		}
		if errA == io.EOF && errB == io.EOF {
			return 0, nil
		}
		if errA != nil {
			return 0, errA
		}
	}
}

// tally counts how often each value was printed, and the lines that are none.
func tally(path string) (learned *[maxNumber + 1]int, strange int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	learned = new([maxNumber + 1]int)
	scanner := bufio.NewScanner(f)
	for scanner.Scan() {
		n, err := strconv.Atoi(scanner.Text())
		if err != nil || n < 0 || n > maxNumber {
			strange++
			continue
		}
		learned[n]++
	}
	return learned, strange, scanner.Err()
}
