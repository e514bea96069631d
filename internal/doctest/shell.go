package doctest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Shell is a bash in which the blocks of a page run one after the other. It stands in
// a copy of the source, which it sees in the place of the source itself, so that a
// build finds what was built before. Its network is a loopback interface and nothing
// else, with multicast on it; it sees no processes but its own, and all of
// them end with it. It needs root, and the programs bash, ip and mount.
type Shell struct {
	cmd     *exec.Cmd
	dir     string         // scripts and outputs of the blocks
	blocks  io.WriteCloser // paths of scripts to run, a line each
	done    chan string    // a line for each script that has ended well; closed when the shell ends
	scripts int
}

// driver is the shell's own script. A command that fails ends it (set -e), and it ends
// everything that was started in it: it is the first process of its namespace. It runs as
// root already, so sudo does nothing.
const driver = `set -e
mount --make-rprivate /
mount -t proc proc /proc
mount --bind "$DOCTEST_COPY" "$DOCTEST_ROOT"
ip link set lo up
ip route add 224.0.0.0/4 dev lo
cd "$DOCTEST_ROOT"
sudo() { "$@"; }
unset DOCTEST_COPY DOCTEST_ROOT
while IFS= read -r -u 4 doctest_script; do
	. "$doctest_script" >"$doctest_script.out" 2>"$doctest_script.err" </dev/null
	echo done >&3
done
`

// NewShell starts a shell. root is the folder of the source, binary the program
// paxos, which the shell finds as bin/paxos and by its PATH; dir is an empty folder for
// everything that the shell leaves. The calling goroutine's thread must live as long as
// the shell: call runtime.LockOSThread before.
func NewShell(root, binary, dir string) (*Shell, error) {
	s := &Shell{dir: dir, done: make(chan string)}
	if err := s.furnish(root, binary); err != nil {
		return nil, fmt.Errorf("make a copy of the source: %w", err)
	}
	answers, answer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	scripts, blocks, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, answers.Close())
	}
	defer scripts.Close()
	s.blocks = blocks
	s.cmd = exec.Command("bash", "--norc", "-c", driver)
	s.cmd.Dir = dir
	s.cmd.Env = environment(root, dir)
	s.cmd.ExtraFiles = []*os.File{answer, scripts} // 3 and 4
	s.cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS,
		Pdeathsig:  syscall.SIGKILL,
	}
	log, err := os.Create(filepath.Join(dir, "driver.err"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd.Stderr = log
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a shell in namespaces of its own: %w", err)
	}
	go s.hear(answers)
	return s, nil
}

func (s *Shell) hear(answers *os.File) {
	defer answers.Close()
	lines := bufio.NewScanner(answers)
	for lines.Scan() {
		s.done <- lines.Text()
	}
	close(s.done)
}

// furnish copies the source, puts the program into it, and makes the folders that
// the environment names.
func (s *Shell) furnish(root, binary string) error {
	copied := filepath.Join(s.dir, "copy")
	if err := copySource(root, copied); err != nil {
		return err
	}
	for _, name := range []string{"copy/bin", "home", "tmp", "scripts"} {
		if err := os.MkdirAll(filepath.Join(s.dir, name), 0o755); err != nil {
			return err
		}
	}
	return copyFile(binary, filepath.Join(copied, "bin", "paxos"))
}

// leftOut are what a fresh clone would not have, and the history, by their paths.
var leftOut = map[string]bool{".git": true, "bin": true, "paxos-torture": true, "harness/out": true}

func copySource(root, to string) error {
	return filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch {
		case leftOut[filepath.ToSlash(name)] && e.IsDir():
			return filepath.SkipDir
		case e.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case e.Type().IsRegular() && !leftOut[name]: // .git is a file in a worktree
			return copyFile(path, filepath.Join(to, name))
		}
		return nil
	})
}

func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}

// environment is what a person has who has just installed Go, with the tests' caches.
func environment(root, dir string) []string {
	env := []string{
		"DOCTEST_ROOT=" + root, "DOCTEST_COPY=" + filepath.Join(dir, "copy"),
		"PATH=" + filepath.Join(root, "bin") + ":" + os.Getenv("PATH"),
		"HOME=" + filepath.Join(dir, "home"), "TMPDIR=" + filepath.Join(dir, "tmp"),
		"LC_ALL=C", "TZ=UTC", "TERM=dumb", "USER=root", "no_proxy=*", "GOTOOLCHAIN=local", "GOPROXY=off",
	}
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPATH").Output()
	if values := strings.Split(string(out), "\n"); err == nil && len(values) >= 3 {
		env = append(env, "GOCACHE="+values[0], "GOMODCACHE="+values[1], "GOPATH="+values[2])
	}
	return env
}

// Run runs a script, which sees what the ones before have left: files, variables, the
// folder that it stands in, and processes in the background. It returns what the script
// wrote; out has both streams if together is set. The error says that a command failed
// (the shell has ended then), or did not end before ctx.
func (s *Shell) Run(ctx context.Context, script string, together bool) (out, errOut string, err error) {
	s.scripts++
	path := filepath.Join(s.dir, "scripts", fmt.Sprintf("%03d", s.scripts))
	if together {
		script = "exec 2>&1\n" + script
	}
	if err := os.WriteFile(path, []byte(script+"\n"), 0o644); err != nil {
		return "", "", err
	}
	if _, err := io.WriteString(s.blocks, path+"\n"); err != nil {
		return "", "", fmt.Errorf("the shell has ended: %w%s", err, s.lastWords())
	}
	select {
	case _, ok := <-s.done:
		if !ok {
			err = errors.New("a command failed" + s.lastWords())
		}
	case <-ctx.Done():
		err = fmt.Errorf("it does not end: %w", ctx.Err())
	}
	stdout, outErr := os.ReadFile(path + ".out")
	stderr, errErr := os.ReadFile(path + ".err")
	return string(stdout), string(stderr), errors.Join(err, outErr, errErr)
}

// lastWords is what the shell said outside of the scripts.
func (s *Shell) lastWords() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "driver.err"))
	if err != nil || len(text) == 0 {
		return ""
	}
	return "; the shell said: " + strings.TrimSpace(string(text))
}

// Close ends the shell and everything that was started in it.
func (s *Shell) Close() {
	_ = s.cmd.Process.Kill() // it fails only if the shell has ended
	_ = s.cmd.Wait()         // "killed" is what we want
	_ = s.blocks.Close()
	for range s.done {
	}
}

// Patience is how long one block may take: much longer than any does, for a machine
// that has much else to do.
const Patience = 4 * time.Minute
