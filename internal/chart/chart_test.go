package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestAChartIsXMLWithItsLinesAndWhatTheyMean(t *testing.T) {
	c := New("A & B", "bytes", "commands", 10)
	c.High = 4
	c.AddGrid(Ticks(0, c.High))
	c.AddLine([]Point{{0, 0}, {10, 4}, {20, 9}}, "a < b", "#123456", "none")
	var text bytes.Buffer
	if err := c.WriteSVG(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"A &amp; B", "a &lt; b", ">commands<", ">bytes<", "M84.0 408.0L950.0 44.0L950.0 44.0"} { // what is beyond the axes is at their ends
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
	for d := xml.NewDecoder(&text); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestTicksAreRoundNumbers(t *testing.T) {
	for high, want := range map[float64]string{1: "0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1", 60: "0 10 20 30 40 50 60", 2500: "0 500 1000 1500 2000 2500"} {
		var labels []string
		for _, tick := range Ticks(0, high) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != want {
			t.Errorf("to %v: %s, want %s", high, got, want)
		}
	}
}
