package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeDirEnv names the folder in which the stand-ins for the binary meet. Where it is set, this test binary is one.
const fakeDirEnv = "PAXOS_FAKE_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(fakeDirEnv); dir != "" && len(os.Args) > 1 {
		if err := runFake(dir, os.Args[1], os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(runTests(m))
}

// buildDir is where tests of the real binary build it, once for all of them.
var buildDir string

func runTests(m *testing.M) int {
	var err error
	if buildDir, err = os.MkdirTemp("", "paxos-harness"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(buildDir)
	return m.Run()
}

// start is what one stand-in was started with.
type start struct {
	Role string
	Pid  int
	Args []string
}

// flag returns the value of a flag, or "" where it was not given.
func (s start) flag(name string) string {
	if i := slices.Index(s.Args, name); i >= 0 && i+1 < len(s.Args) {
		return s.Args[i+1]
	}
	return ""
}

func (s start) has(name string) bool { return slices.Contains(s.Args, name) }

// runFake is a cluster that is only as good as the scripts need: one file is the list of a run; clients append to it
// once two acceptors were started, learners print it. It tells of its start once it hears signals and its store is
// there: tests end it as soon as they read that.
func runFake(dir, role string, args []string) error {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	s := start{Role: role, Pid: os.Getpid(), Args: args}
	list := filepath.Join(dir, "list-"+s.flag("--run-key"))
	err := fakeStore(s)
	if err == nil && role == "acceptor" {
		err = appendTo(list+".acceptor"+s.flag("--id"), nil)
	}
	if err := errors.Join(err, s.tell(dir)); err != nil {
		return err
	}
	switch role {
	case "client":
		return fakeClient(list, ended)
	case "learner":
		return fakeLearner(list, ended)
	}
	<-ended
	return nil
}

// tell appends a start to the file that readStarts reads.
func (s start) tell(dir string) error {
	line, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return appendTo(filepath.Join(dir, "starts"), append(line, '\n'))
}

// identityName is the file that makes a folder a store.
const identityName = "identity"

// fakeStore holds the scripts to the rule for --init: until the store is complete, and never again.
func fakeStore(s start) error {
	folder := s.flag("--data-dir")
	if folder == "" {
		return nil
	}
	_, err := os.Stat(filepath.Join(folder, identityName))
	switch {
	case s.has("--init") && err == nil:
		return fmt.Errorf("--init for %s, which is there already", folder)
	case !s.has("--init") && err != nil:
		return fmt.Errorf("no --init for %s, which is not there", folder)
	case s.has("--init"):
		return errors.Join(os.MkdirAll(folder, 0o700), appendTo(filepath.Join(folder, identityName), nil))
	}
	return nil
}

func fakeClient(list string, ended <-chan os.Signal) error {
	for {
		if acceptors, _ := filepath.Glob(list + ".acceptor*"); len(acceptors) >= 2 {
			break
		}
		if waitOr(ended) {
			return errors.New("ended without a majority of acceptors")
		}
	}
	values, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	return appendTo(list, values)
}

func fakeLearner(list string, ended <-chan os.Signal) error {
	printed := 0
	for {
		if all, err := os.ReadFile(list); err == nil && len(all) > printed {
			if _, err := os.Stdout.Write(all[printed:]); err != nil {
				return err
			}
			printed = len(all)
		}
		if waitOr(ended) {
			return nil
		}
	}
}

// waitOr waits a little; it returns true where the process shall end.
func waitOr(ended <-chan os.Signal) bool {
	select {
	case <-ended:
		return true
	case <-time.After(5 * time.Millisecond):
		return false
	}
}

// appendTo appends in one write, so that stand-ins do not mix their lines.
func appendTo(file string, data []byte) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// readStarts returns what stand-ins were started so far, oldest first.
func readStarts(t *testing.T, dir string) []start {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "starts"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var starts []start
	for line := range strings.Lines(string(data)) {
		var s start
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		starts = append(starts, s)
	}
	return starts
}
