package terminal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestNumbersAreGroupedInThrees(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 20_000: "20,000", 1_234_567: "1,234,567", -1000: "-1,000"} {
		if got := Number(n); got != want {
			t.Errorf("%d is written %q, want %q", n, got, want)
		}
	}
}

func TestOneThingIsNotCalledMany(t *testing.T) {
	for n, want := range map[int]string{0: "0 entries", 1: "1 entry", 2000: "2,000 entries"} {
		if got := Count(n, "entry", "entries"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestAFileOrABufferIsNoTerminal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if Is(f) || Is(&bytes.Buffer{}) {
		t.Error("taken for a terminal")
	}
	s := NewStatus(f)
	s.Show("%d", 7)
	s.Clear()
	if info, _ := f.Stat(); info.Size() != 0 {
		t.Error("a status line was written to a file")
	}
}

func TestAStatusLineIsOverwrittenAndRemoved(t *testing.T) {
	var b bytes.Buffer
	s := &Status{out: &b}
	s.Clear()
	s.Show("%d", 7)
	s.Show("%d", 8)
	s.Clear()
	s.Clear()
	if got, want := b.String(), "\r\x1b[K7\r\x1b[K8\r\x1b[K"; got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
}
