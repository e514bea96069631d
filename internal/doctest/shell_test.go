package doctest

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// newShell starts a shell in a tree of one file.
func newShell(t *testing.T) *Shell {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make namespaces")
	}
	runtime.LockOSThread()
	source := t.TempDir()
	binary := filepath.Join(source, "file")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\necho paxos\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := NewShell(source, binary, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestBlocksShareOneShell(t *testing.T) {
	s := newShell(t)
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	for _, c := range []struct{ script, out, errOut string }{
		{"x=7; mkdir a; cd a; sleep 1000 & pid=$!", "", ""},
		{"echo $x; basename $PWD; kill -0 $pid; echo no >&2", "7\na\n", "no\n"},
		{"paxos; sudo echo root; ls ..", "paxos\nroot\na\nbin\nfile\n", ""},
		{"cat", "", ""}, // stdin is empty
		{"ip -o link | wc -l; pgrep -c sleep", "1\n1\n", ""},
	} {
		out, errOut, err := s.Run(ctx, c.script, false)
		if err != nil || out != c.out || errOut != c.errOut {
			t.Fatalf("%s: %v, %q, %q; want %q, %q", c.script, err, out, errOut, c.out, c.errOut)
		}
	}
	if out, _, err := s.Run(ctx, "echo a >&2; echo b", true); err != nil || out != "a\nb\n" {
		t.Errorf("both streams together: %q, %v", out, err)
	}
}

func TestACommandThatFailsEndsTheShell(t *testing.T) {
	s := newShell(t)
	out, _, err := s.Run(t.Context(), "echo a\nfalse\necho b", false)
	if err == nil || out != "a\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, _, err := s.Run(t.Context(), "echo c", false); err == nil {
		t.Error("another block runs")
	}
}

func TestABlockThatDoesNotEndIsGivenUp(t *testing.T) {
	s := newShell(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Run(ctx, "sleep 1000", false); err == nil || !strings.Contains(err.Error(), "does not end") {
		t.Error(err)
	}
}
