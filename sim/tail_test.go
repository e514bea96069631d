package sim

import (
	"fmt"
	"strings"
	"testing"
)

func TestATailKeepsTheLastLines(t *testing.T) {
	for _, c := range []struct {
		lines, written int
		want           string
	}{
		{3, 0, ""}, {3, 2, "0\n1\n"}, {3, 3, "0\n1\n2\n"}, {3, 5, "2\n3\n4\n"}, {3, 7, "4\n5\n6\n"}, {1, 9, "8\n"}, {0, 2, ""},
	} {
		tail := &Tail{Lines: c.lines}
		for i := range c.written {
			fmt.Fprintf(tail, "%d\n", i)
		}
		var got strings.Builder
		if _, err := tail.WriteTo(&got); err != nil || got.String() != c.want {
			t.Errorf("%d of %d lines: %q, want %q", c.lines, c.written, got.String(), c.want)
		}
	}
}

func TestATailTakesLinesInPieces(t *testing.T) {
	tail := &Tail{Lines: 2}
	for _, piece := range []string{"on", "e\ntw", "o\nthree\nfo", "ur"} {
		fmt.Fprint(tail, piece)
	}
	var got strings.Builder
	if _, err := tail.WriteTo(&got); err != nil || got.String() != "two\nthree\nfour" {
		t.Errorf("%q", got.String())
	}
}
