package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"paxos/protocol"
	"paxos/storage"
)

// interruptAt is a stderr that ends a context when something was written.
type interruptAt struct {
	bytes.Buffer
	word      string
	interrupt func()
}

func (w *interruptAt) Write(b []byte) (int, error) {
	n, err := w.Buffer.Write(b)
	if strings.Contains(w.String(), w.word) {
		w.interrupt()
	}
	return n, err
}

// Who is asked and ends the command has not said yes, and does not have to say it twice.
func TestASignalAtTheQuestionEndsTheCommand(t *testing.T) {
	was := interactive
	interactive = func(io.Reader) bool { return true }
	defer func() { interactive = was }()
	from, dir := filepath.Join(t.TempDir(), "server-2"), t.TempDir()
	roleStore(t, from, protocol.RoleServer, 2)
	file := filepath.Join(t.TempDir(), "list.backup")
	if code, _, stderr := call(t, "", "backup", from, file); code != exitOK {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	keyboard, hand := io.Pipe() // nobody types
	defer hand.Close()
	ctx, cancel := context.WithCancel(t.Context())
	stderr := &interruptAt{word: `Type "yes"`, interrupt: cancel}
	code := run(ctx, []string{"restore", file, dir, "--node", "127.0.0.1:1", "--new-cluster"}, keyboard, io.Discard, stderr)
	if code != exitFailed || !strings.Contains(stderr.String(), "nothing was done") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if _, err := storage.ReadIdentity(dir); !errors.Is(err, storage.ErrNotFormatted) {
		t.Errorf("a store was made: %v", err)
	}
}
